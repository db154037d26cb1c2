function tests = test_files()
%TEST_FILES  TIFF files: the same bytes as from the command, and refusals.
    tests = {
        'the same bytes as the command', @as_command
        'the package function, with the built-in model', @package_function
        'input that is not there', @no_input
        'output that is there', @output_exists
        'output into a folder that is not there', @no_folder
        'input that is no TIFF file', @no_tiff
        'names that are no text', @no_text
        'names with letters beyond ASCII', @umlauts
        'names in the home folder', @home
        'a bad option writes nothing', @bad_option
    };
end

function [folder, cleaning] = place()
    folder = tempname();
    mkdir(folder);
    cleaning = onCleanup(@() removed(folder));
end

function home()
    if ispc()
        return
    end
    [folder, cleaning] = place(); %#ok<ASGLU>
    before = getenv('HOME');
    restoring = onCleanup(@() setenv('HOME', before));
    setenv('HOME', folder);
    write_tiff(fullfile(folder, 'from.tif'), specimen([20 30], 'uint8'));
    copyfile(tiny(), fullfile(folder, 'model.onnx'));
    m = parfocal.Model('device=cpu threads=1', '~/model.onnx');
    m.restoreFile('~/from.tif', '~/to.tif');
    assert(isequal(size(read_tiff(fullfile(folder, 'to.tif'))), [20 30]));
end

function as_command()
    [folder, cleaning] = place(); %#ok<ASGLU>
    [from, ours, theirs] = deal(fullfile(folder, 'from.tif'), fullfile(folder, 'ours.tif'), fullfile(folder, ...
        'theirs.tif'));
    m = opened();
    for image = {specimen([30 40 4], 'uint16'), specimen([30 40 3], 'uint8'), specimen([30 40], 'single')}
        write_tiff(from, image{1});
        m.restoreFile(from, ours, 'normalize=stack tile=32');
        command('restore', from, '-o', theirs, '--model', tiny(), '--device', 'cpu', '--threads', '1', ...
            '--normalize', 'stack', ...
            '--tile', '32');
        assert(isequal(bytes(ours), bytes(theirs)), 'the files differ');
        assert(isequal(read_tiff(ours), m.restore(image{1}, 'normalize=stack tile=32')));
        delete(ours);
        delete(theirs);
    end
end

function found = bytes(path)
    file = fopen(path);
    found = fread(file, Inf, '*uint8');
    fclose(file);
end

function package_function()
    [folder, cleaning] = place(); %#ok<ASGLU>
    [from, ours, theirs] = deal(fullfile(folder, 'from.tif'), fullfile(folder, 'ours.tif'), fullfile(folder, ...
        'theirs.tif'));
    write_tiff(from, specimen([40 50], 'uint16'));
    parfocal.restoreFile(from, ours, 'tile=64', 'device=cpu threads=1');
    command('restore', from, '-o', theirs, '--device', 'cpu', '--threads', '1', '--tile', '64');
    assert(isequal(bytes(ours), bytes(theirs)), 'the files differ');
end

function no_input()
    [folder, cleaning] = place(); %#ok<ASGLU>
    m = opened();
    missing = fullfile(folder, 'missing.tif');
    refused(@() m.restoreFile(missing, fullfile(folder, 'out.tif')), 'NOT_FOUND', missing);
    refused(@() parfocal.restoreFile(missing, fullfile(folder, 'out.tif')), 'NOT_FOUND', missing);
    assert(isempty(dir(fullfile(folder, '*.tif'))));
end

function output_exists()
    [folder, cleaning] = place(); %#ok<ASGLU>
    [from, to] = deal(fullfile(folder, 'from.tif'), fullfile(folder, 'to.tif'));
    write_tiff(from, specimen([20 20], 'uint8'));
    write_tiff(to, zeros(3, 3, 'uint8'));
    m = opened();
    refused(@() m.restoreFile(from, to), 'EXISTS', to);
    assert(isequal(read_tiff(to), zeros(3, 3, 'uint8')));
end

function no_folder()
    [folder, cleaning] = place(); %#ok<ASGLU>
    from = fullfile(folder, 'from.tif');
    write_tiff(from, specimen([20 20], 'uint8'));
    m = opened();
    refused(@() m.restoreFile(from, fullfile(folder, 'none', 'to.tif')), 'NOT_FOUND', 'none');
end

function no_tiff()
    m = opened();
    refused(@() m.restoreFile(tiny(), [tempname() '.tif']), 'FORMAT', 'tiny.onnx');
end

function no_text()
    m = opened();
    refused(@() m.restoreFile(7, 'b.tif'), 'INVALID_ARGUMENT', 'input: 1 x 1 double', 'text in one row');
    refused(@() m.restoreFile('a.tif', {}), 'INVALID_ARGUMENT', 'output: 0 x 0 cell');
    refused(@() m.restoreFile('a.tif', 'b.tif', 5), 'INVALID_ARGUMENT', 'options: 1 x 1 double');
end

function umlauts()
    [folder, cleaning] = place(); %#ok<ASGLU>
    [from, to] = deal(fullfile(folder, 'Schärfe µm.tif'), fullfile(folder, '日本.tif'));
    write_tiff(from, specimen([20 20], 'uint8'));
    m = opened();
    m.restoreFile(from, to);
    assert(isequal(read_tiff(to), m.restore(specimen([20 20], 'uint8'))));
end

function bad_option()
    [folder, cleaning] = place(); %#ok<ASGLU>
    [from, to] = deal(fullfile(folder, 'from.tif'), fullfile(folder, 'to.tif'));
    write_tiff(from, specimen([20 20], 'uint8'));
    m = opened();
    refused(@() m.restoreFile(from, to, 'tile=2'), 'BAD_OPTION', 'tile=2');
    assert(exist(to, 'file') == 0);
end
