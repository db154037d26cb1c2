function run_examples(results)
%RUN_EXAMPLES  Runs every example as a user would, with pictures in the folder RESULTS, and checks its results.

    examples = fullfile(fileparts(which('parfocal_prototype')), 'examples');
    addpath(examples);
    warning('off', 'all');  % Octave's about gnuplot
    options = 'device=cpu threads=2';
    through_stack(examples, results, options);
    comparison(examples, results, options);
    batch(results);
    fprintf('examples: pictures in %s\n', results);
end

function through_stack(examples, results, options)
    printed = evalc('run(fullfile(examples, ''focus_through_stack.m''))');
    assert(~isempty(regexp(printed, 'plane 11 of 11', 'once')), '%s', printed);
    assert(sharpest == focus, 'the sharpest plane is %d, expected %d', sharpest, focus); %#ok<NODEF>
    drawn(fullfile(results, 'focus_through_stack.png'));
    assert(all(size(restored) == size(stack)) && mean(after) > mean(before), 'restoring did not sharpen'); %#ok<NODEF>
end

function comparison(examples, results, options)
    evalc('run(fullfile(examples, ''comparison_figure.m''))');
    drawn(fullfile(results, 'comparison.png'));
end

% Checks only that the picture has some size and more than one colour.
function drawn(file)
    assert(exist(file, 'file') == 2, '%s: was not made', file);
    pixels = imread(file);
    assert(size(pixels, 1) > 300 && size(pixels, 2) > 400 && numel(unique(pixels)) > 8, '%s: is empty', file);
end

function batch(results)
    [input, output] = deal(fullfile(results, 'plate'), fullfile(results, 'plate restored'));
    for folder = {input, output}
        if exist(folder{1}, 'dir')
            removed(folder{1});
        end
    end
    mkdir(input);
    write_tiff(fullfile(input, 'a.tif'), specimen([60 70], 'uint16'));
    write_tiff(fullfile(input, 'b.tif'), specimen([40 50 4], 'uint8'));
    file = fopen(fullfile(input, 'broken.tif'), 'w');
    fprintf(file, 'no image');
    fclose(file);
    evalc('report = batch_folder(input, output);');
    assert(isequal({report.input}, {'a.tif', 'b.tif', 'broken.tif'}) && isequal({report(1:2).outcome}, {'restored', ...
        'restored'})); %#ok<NODEF>
    assert(~isempty(strfind(report(3).outcome, 'broken.tif')) && exist(report(3).output, 'file') == 0, '%s', ...
        report(3).outcome); %#ok<STREMP>
    assert(isequal(size(read_tiff(report(2).output)), [40 50 4]));
    evalc('report = batch_folder(input, output);');
    assert(isequal({report(1:2).outcome}, {'was there', 'was there'}));
    % Other file endings, and results in the same folder.
    write_tiff(fullfile(input, 'a.TIFF'), specimen([30 20], 'uint8'));
    evalc('report = batch_folder(input, input);');
    evalc('report = batch_folder(input, input);');
    assert(isequal(sort({report.input}), {'a.TIFF', 'a.tif', 'b.tif', 'broken.tif'}), '%s ', report.input);
    assert(isequal(size(read_tiff(fullfile(input, 'a-restored.TIFF'))), [30 20]));
    assert(isequal(size(read_tiff(fullfile(input, 'a-restored.tif'))), [60 70]));
    empty = fullfile(results, 'nothing');
    refused(@() batch_folder(empty, output), 'NOT_FOUND', empty, 'has no TIFF files');
end
