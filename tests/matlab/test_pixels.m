function tests = test_pixels()
%TEST_PIXELS  Images of every class and size: the same bytes as from the command.
    kinds = {'uint8', 'uint16', 'single'};
    extents = {[40 57], [1 1], [1 19], [31 1], [33 29 3], [24 35 2], [24 35 4], [30 26 3 2], [30 26 1 3]};
    tests = {};
    for kind = kinds
        for extent = extents
            name = sprintf('%s %s as the command', kind{1}, mat2str(extent{1}));
            tests(end + 1, :) = {name, @() as_command(kind{1}, extent{1})}; %#ok<AGROW>
        end
    end
    tests = [tests; {
        'double is computed in single and comes back double', @doubles
        'tiles as the command', @tiles
        'whole stack normalised as the command', @whole_stack
        'whole stack of few beads, constant planes, one value', @odd_stacks
        'the range of a stack of many pixels', @large_range
        'fixed normalisation as the command', @fixed
        'NaN and infinite pixels come back, the rest as the command', @nonfinite
        'a matrix of NaN comes back', @all_nan
        'a stack is its planes one by one', @planes
        'the image of the caller is not changed', @untouched
        'saturated and constant images', @flat
        'the second output is the error map', @error_map
        'an error map that cannot be had', @no_error_map
    }];
end

function as_command(kind, extent)
    image = specimen(extent, kind);
    m = opened();
    restored = m.restore(image);
    same(restored, by_command(image));
    assert(prod(extent) < 100 || ~isequal(restored, image), 'nothing was done');
end

% Compares class, size and every byte.
function same(found, expected)
    assert(strcmp(class(found), class(expected)), 'class %s, expected %s', class(found), class(expected));
    assert(isequal(size(found), size(expected)), 'size %s, expected %s', mat2str(size(found)), mat2str(size(expected)));
    bits = @(image) typecast(image(:), 'uint8');
    differ = find(bits(found) ~= bits(expected), 1);
    assert(isempty(differ), 'byte %d differs', differ);
end

function doubles()
    image = specimen([25 36 3], 'double');
    m = opened();
    restored = m.restore(image);
    assert(isa(restored, 'double'));
    same(restored, double(m.restore(single(image))));
end

function tiles()
    image = specimen([150 170], 'uint16');
    m = opened();
    restored = m.restore(image, 'tile=32 halo=16');
    same(restored, by_command(image, '--tile', '32', '--halo', '16'));
    assert(~isequal(restored, m.restore(image)), 'tiles made no difference: this test shows nothing');
end

function whole_stack()
    m = opened();
    for kind = {'uint8', 'uint16', 'single'}
        image = specimen([40 57 5], kind{1});
        image(:, :, 2) = image(:, :, 2) / 3;
        restored = m.restore(image, 'normalize=stack');
        same(restored, by_command(image, '--normalize', 'stack'));
        assert(~isequal(restored, m.restore(image)), 'normalize=stack made no difference: this test shows nothing');
        same(restored, m.restore(image, 'normalize=''stack'''));
    end
    colour = specimen([20 30 3 4], 'uint16');
    same(m.restore(colour, ['tile=auto  normalize=stack' char(9) 'halo=auto']), by_command(colour, '--normalize', ...
        'stack'));
end

function odd_stacks()
    m = opened();
    beads = zeros(60, 50, 3, 'uint16') + 10;
    beads(7, 9, 2) = 900;
    constant = specimen([20 30 4], 'single');
    constant(:, :, 2) = 0.25;
    one = zeros(9, 8, 4, 'uint8') + 77;
    holes = specimen([20 30 4], 'single');
    holes([3 77 900]) = [NaN Inf -Inf];
    for image = {beads, constant, one, holes}
        same(m.restore(image{1}, 'normalize=stack'), by_command(image{1}, '--normalize', 'stack'));
    end
    same(m.restore(one, 'normalize=stack'), one);
end

function large_range()
    % Many pixels, against sorting.
    image = repmat(specimen([500 900], 'uint16'), [1 1 10]);
    image(1:3:end) = image(1:3:end) + 77;
    sorted = sort(double(image(:)));
    place = (numel(sorted) - 1) * [0.001 0.999];
    below = sorted(floor(place) + 1)';
    expected = below + (sorted(floor(place) + 2)' - below) .* (place - floor(place));
    model = parfocal.internal.native('open', tiny(), 'device=cpu threads=1');
    closing = onCleanup(@() parfocal.internal.native('close', model));
    about = jsondecode(parfocal.internal.native('describe', model));
    assert(isequal(about.percentiles(:), [0.1; 99.9]), 'percentiles %s', mat2str(about.percentiles));
    [~, layout] = parfocal.internal.frames(image);
    range = @(pixels) parfocal.internal.native('stackRange', model, layout.pixelType, pixels, layout.strides, ...
        layout.shape);
    found = range(image);
    assert(max(abs(found - expected)) < 1e-9 * max(expected), '%s, expected %s', mat2str(found, 17), ...
        mat2str(expected, 17));
    assert(isequal(range(image * 0 + 7), [7 7]));
end

function fixed()
    image = specimen([40 57], 'uint16');
    m = opened();
    restored = m.restore(image, 'normalize=1000:9000.5');
    same(restored, by_command(image, '--normalize', '1000:9000.5'));
    assert(~isequal(restored, m.restore(image)));
end

function nonfinite()
    m = opened();
    image = specimen([40 57], 'single');
    image([5 700 1500]) = [NaN Inf -Inf];
    restored = m.restore(image);
    same(restored, by_command(image));
    assert(isnan(restored(5)) && restored(700) == Inf && restored(1500) == -Inf);
    assert(all(isfinite(restored(isfinite(image)))));
    % The same as double: infinity is not "too large for single".
    assert(isequaln(m.restore(double(image)), double(restored)));
end

function all_nan()
    m = opened();
    restored = m.restore(NaN(6, 7));
    assert(isequal(size(restored), [6 7]) && all(isnan(restored(:))));
end

function planes()
    m = opened();
    image = specimen([30 40 5], 'uint16');
    restored = m.restore(image);
    for k = 1:5
        same(restored(:, :, k), m.restore(image(:, :, k)));
    end
end

function untouched()
    m = opened();
    image = specimen([30 40], 'uint16');
    copy = image + 0;
    m.restore(image);
    same(image, copy);
end

function flat()
    m = opened();
    for value = [0 7 65535]
        image = zeros(20, 30, 'uint16') + value;
        same(m.restore(image), image);
    end
end

% The model's expected error is a quarter of what the network sees; in reflected light that is not changed.
function error_map()
    told = strrep(tiny(), 'tiny.onnx', 'told.onnx');
    for extent = {[40 57], [33 29 3], [24 35 2], [30 26 3 2]}
        image = specimen(extent{1}, 'single');
        m = parfocal.Model('threads=1', told);
        [restored, errors] = m.restore(image, 'light=reflected normalize=-100:300');
        assert(isa(errors, 'single') && isequal(size(errors), size(image)), 'size %s', mat2str(size(errors)));
        expected = 0.25 * abs(image + 100);
        assert(max(abs(errors(:) - expected(:))) < 1e-2 * max(expected(:)), 'wrong errors');
        same(m.restore(image, 'light=reflected normalize=-100:300'), restored);
        m.close();
    end
end

function no_error_map()
    m = opened();
    image = specimen([20 20], 'uint8');
    refused(@() second(m, image, ''), 'BAD_OPTION', 'has no trust map');
    refused(@() m.restore(image, 'error_map=on'), 'BAD_OPTION', 'expected two outputs');
    m.close();
end

function errors = second(m, image, options)
    [~, errors] = m.restore(image, options);
end
