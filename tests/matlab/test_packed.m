function tests = test_packed()
%TEST_PACKED  Packed pixels of cameras: every layout, rows with gaps, and bad input with its message.
    tests = {
        'the layouts are not each other', @layouts
        'rows with gaps', @gaps
        'the result can be restored', @restored
        'bad input', @bad
    };
end

% Two pixels, 0xABC and 0x123, in both layouts of 12 bits; 0x2AF and 0x155 in both of 10.
function layouts()
    [twelve, ten] = deal(uint16([2748 291]), uint16([687 341]));
    [p, packed] = deal(uint8([188 58 18]), uint8([171 60 18]));
    assert(isequal(parfocal.unpack('Mono12p', p, 2, 1), twelve));
    assert(isequal(parfocal.unpack('Mono12Packed', packed, 2, 1), twelve));
    assert(~isequal(parfocal.unpack('Mono12p', packed, 2, 1), twelve));
    assert(isequal(parfocal.unpack('Mono10p', uint8([175 86 5]), 2, 1), ten));
    assert(isequal(parfocal.unpack('Mono10Packed', uint8([171 19 85]), 2, 1), ten));
end

function gaps()
    rows = uint8([188 58 18 99 171 60 18]);
    image = parfocal.unpack('Mono12p', rows, 2, 2, 4);
    assert(isequal(image, uint16([2748 291; 3243 291])), '%s', mat2str(image));
end

function restored()
    m = opened();
    bytes = uint8(mod(0:64 * 48 * 3 / 2 - 1, 251));
    image = parfocal.unpack('Mono12p', bytes, 64, 48);
    assert(isequal(size(image), [48 64]) && isa(image, 'uint16') && max(image(:)) < 4096);
    assert(isequal(size(m.restore(image)), [48 64]));
    m.close();
end

function bad()
    refused(@() parfocal.unpack('Mono11p', uint8(1:9), 2, 2), 'INVALID_ARGUMENT', ...
        'packing ''Mono11p''; expected one of Mono10p, Mono12p, Mono10Packed, Mono12Packed');
    refused(@() parfocal.unpack('Mono12p', 1:9, 2, 2), 'INVALID_ARGUMENT', 'bytes are double; expected uint8');
    refused(@() parfocal.unpack('Mono12p', uint8(1:5), 2, 2), 'INVALID_ARGUMENT', ...
        '5 bytes of packed pixels; expected 6 for 2x2 pixels as Mono12p');
    refused(@() parfocal.unpack('Mono12p', uint8(1:9), 2, 2, 2), 'INVALID_ARGUMENT', ...
        'row_bytes = 2; expected at least 3');
    refused(@() parfocal.unpack('Mono12p', uint8(1:9), 1.5, 2), 'INVALID_ARGUMENT', 'width is');
    refused(@() parfocal.unpack('Mono12p', uint8(1:9), 2, 0), 'INVALID_ARGUMENT', 'height is');
    refused(@() parfocal.unpack('Mono12p', uint8(1:9), 2, 2, -1), 'INVALID_ARGUMENT', 'rowBytes is');
    refused(@() parfocal.unpack('Mono12p', uint8(1:9), 1e6, 1e6), 'INVALID_ARGUMENT', 'expected more for');
end
