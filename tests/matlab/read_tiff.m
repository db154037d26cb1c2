function image = read_tiff(path)
%READ_TIFF  Reads an uncompressed little-endian TIFF file, as the command writes it for input of WRITE_TIFF.

    file = fopen(path, 'r', 'ieee-le');
    closing = onCleanup(@() fclose(file));
    head = fread(file, 4, 'uint16');
    assert(isequal(char(typecast(uint16(head(1)), 'uint8')), 'II') && head(2) == 42, '%s: no little-endian TIFF', path);
    next = head(3) + 65536 * head(4);
    pages = {};
    while next ~= 0
        fseek(file, next, 'bof');
        tags = struct('t339', 1, 't277', 1);
        for k = 1:fread(file, 1, 'uint16')
            id = fread(file, 2, 'uint16');
            count = fread(file, 1, 'uint32');
            after = ftell(file) + 4;
            if any(id(2) == [3 4])
                widths = {'uint16', 'uint32'};
                if count * (2 * (id(2) - 2)) > 4
                    fseek(file, fread(file, 1, 'uint32'), 'bof');
                end
                tags.(sprintf('t%d', id(1))) = fread(file, count, widths{id(2) - 2});
            end
            fseek(file, after, 'bof');
        end
        next = fread(file, 1, 'uint32');
        assert(tags.t259 == 1, '%s: compressed', path);
        kinds = {'uint8', 'uint16', '', 'single'};
        kind = kinds{tags.t258(1) / 8};
        assert((tags.t339(1) == 3) == strcmp(kind, 'single'), '%s: sample format %d', path, tags.t339(1));
        samples = [];
        for k = 1:numel(tags.t273)
            fseek(file, tags.t273(k), 'bof');
            samples = [samples; fread(file, tags.t279(k) * 8 / tags.t258(1), ['*' kind])]; %#ok<AGROW>
        end
        pages{end + 1} = permute(reshape(samples, tags.t277, tags.t256, tags.t257), [3 2 1]); %#ok<AGROW>
    end
    image = pages{1};
    if numel(pages) > 1
        image = cat(ndims(image) + 1, pages{:});
    end
end
