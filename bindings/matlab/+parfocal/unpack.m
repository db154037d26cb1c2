function image = unpack(packing, bytes, width, height, rowBytes)
%PARFOCAL.UNPACK  Unpacks a camera's frame of 10 or 12 bits without gaps to uint16 pixels.
%   I = parfocal.unpack(PACKING, BYTES, WIDTH, HEIGHT) returns HEIGHT x WIDTH pixels, from 0 to 1023 or 4095, for
%   parfocal.Model/restore and submit. PACKING is what the camera's PixelFormat says: 'Mono10p', 'Mono12p',
%   'Mono10Packed' or 'Mono12Packed'; Mono12p and Mono12Packed are not the same. BYTES are uint8.
%   parfocal.unpack(..., ROWBYTES) is for rows that begin so many bytes apart; 0, the default, for rows without gaps.
%
%       I = parfocal.unpack('Mono12p', bytes, 2048, 1536);
%
%   See also parfocal.Model/restore

    names = {'Mono10p', 'Mono12p', 'Mono10Packed', 'Mono12Packed'};
    if nargin < 5
        rowBytes = 0;
    end
    given = parfocal.internal.text(packing, 'packing');
    number = find(strcmp(given, names));
    if isempty(number)
        error('parfocal:INVALID_ARGUMENT', 'packing ''%s''; expected one of %s', given, strjoin(names, ', '));
    end
    if ~isa(bytes, 'uint8') || ~isreal(bytes)
        error('parfocal:INVALID_ARGUMENT', 'bytes are %s; expected uint8, as the camera gives them', class(bytes));
    end
    width = whole(width, 'width', 1);
    height = whole(height, 'height', 1);
    rowBytes = whole(rowBytes, 'rowBytes', 0);
    if width * height > numel(bytes)
        error('parfocal:INVALID_ARGUMENT', ...
            '%d bytes of packed pixels; expected more for %dx%d pixels, each of 10 or 12 bits', numel(bytes), width, ...
            height);
    end
    image = parfocal.internal.native('unpack', int32(number), bytes, uint64(rowBytes), ...
        int64([width, height, 1, 1]));
end

% A number as double.
function number = whole(value, name, least)
    if ~isnumeric(value) || ~isscalar(value) || ~isreal(value)
        error('parfocal:INVALID_ARGUMENT', '%s: %s; expected a whole number', name, parfocal.internal.shown(value));
    end
    number = double(value);
    if ~(number == fix(number) && number >= least && number <= 2 ^ 31)
        error('parfocal:INVALID_ARGUMENT', '%s is %g; expected a whole number from %d to 2^31', name, number, least);
    end
end
