function tests = test_focus()
%TEST_FOCUS  Focus scores: the same as from the command, one for each plane.
    tests = {
        'as the command', @as_command
        'the sharpest of a stack', @sharpest
        'a constant plane is 0, NaN is left out', @special
        'double as single', @doubles
    };
end

function as_command()
    folder = tempname();
    mkdir(folder);
    cleaning = onCleanup(@() removed(folder));
    file = fullfile(folder, 'stack.tif');
    for kind = {'uint8', 'uint16', 'single'}
        for extent = {[40 57], [40 57 3], [31 22 5], [31 22 3 4]}
            image = specimen(extent{1}, kind{1});
            write_tiff(file, image);
            % Not with jsondecode, which is wrong in the last bit in Octave.
            list = regexp(command('score', '--json', file), '"scores": \[([^\]]*)\]', 'tokens', 'once');
            told = sscanf(list{1}, '%g,');
            scores = parfocal.focusScore(image);
            assert(iscolumn(scores) && isequal(scores, told), '%s %s: %s, expected %s', kind{1}, mat2str(extent{1}), ...
                mat2str(scores, 17), mat2str(told, 17));
        end
    end
end

function sharpest()
    sharp = double(specimen([60 60], 'uint16'));
    blurred = conv2(sharp, ones(5) / 25, 'same');
    [~, best] = max(parfocal.focusScore(cat(3, blurred, conv2(sharp, ones(3) / 9, 'same'), sharp, blurred)));
    assert(best == 3);
end

function special()
    image = specimen([40 40 3], 'single');
    image = cat(3, image, image(:, :, 1) * 0 + 5);
    scores = parfocal.focusScore(image);
    assert(numel(scores) == 4 && scores(4) == 0 && all(scores(1:3) > 0));
    image(9, 9, 1) = NaN;
    assert(isfinite(parfocal.focusScore(image(:, :, 1))));
end

function doubles()
    image = specimen([40 40], 'double');
    assert(isequal(parfocal.focusScore(image), parfocal.focusScore(single(image))));
end
