function write_tiff(path, image)
%WRITE_TIFF  Writes an uncompressed little-endian TIFF file for the command: uint8, uint16 or single, in the sizes of
%   parfocal.Model/restore.

    [height, width, third, fourth] = size(image);
    channels = 1;
    planes = third;
    if third == 3 || ndims(image) == 4
        channels = third;
        planes = fourth;
    end
    image = reshape(image, height, width, channels, planes);
    bits = 8 * numel(typecast(image(1), 'uint8'));
    bytes = height * width * channels * bits / 8;
    file = fopen(path, 'w', 'ieee-le');
    closing = onCleanup(@() fclose(file));
    fwrite(file, 'II', 'uint8');
    fwrite(file, 42, 'uint16');
    place = 8;
    fwrite(file, place + bytes + 8, 'uint32');
    for plane = 1:planes
        % TIFF stores rows, with the channels of a pixel together.
        fwrite(file, permute(image(:, :, :, plane), [3 2 1]), class(image));
        % The bits of up to four channels, in 8 bytes; then the directory.
        fwrite(file, bits * ones(1, 4), 'uint16');
        entries = [256 3 1 width; 257 3 1 height; 258 3 channels bits; 259 3 1 1; 262 3 1 1 + (channels == 3); ...
            273 4 1 place; 277 3 1 channels; 278 3 1 height; 279 4 1 bytes; 339 3 1 1 + 2 * isfloat(image)];
        if channels > 2
            entries(3, 4) = place + bytes;
        end
        fwrite(file, size(entries, 1), 'uint16');
        for k = 1:size(entries, 1)
            fwrite(file, entries(k, 1:2), 'uint16');
            fwrite(file, entries(k, 3:4), 'uint32');
        end
        place = place + bytes + 8 + 2 + 12 * size(entries, 1) + 4;
        more = plane < planes;
        fwrite(file, more * (place + bytes + 8), 'uint32');
    end
end
