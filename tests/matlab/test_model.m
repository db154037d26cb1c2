function tests = test_model()
%TEST_MODEL  Opening, describing, closing, progress, and the state after failures.
    tests = {
        'closed twice', @closed_twice
        'used after closing', @used_after_closing
        'delete closes, and closing before it is no error', @deleting
        'clearing the variable closes', @clearing
        'a failed constructor leaves nothing to close', @failed_constructor
        'two models at once', @two_models
        'describe', @described
        'what it shows', @shows
        'version', @versions
        'doctor', @doctors
        'pixel size outside the model''s warns', @pixel_size
        'progress of a stack', @progress
        'progress of one image', @progress_of_one
        'an error in progress ends the run', @progress_fails
        'help texts', @help_texts
        'text with letters beyond ASCII', @umlauts
        'MATLAB''s strings', @strings
        'loading twice, and after clear all', @loading
        'no image given', @not_given
        'options with a no-break space', @pasted
    };
end

function closed_twice()
    m = opened();
    m.close();
    refused(@() m.close(), 'INVALID_HANDLE', 'this model is closed', 'open it again');
    refused(@() m.close(), 'INVALID_HANDLE', 'this model is closed');
end

function used_after_closing()
    m = opened();
    m.close();
    refused(@() m.restore(ones(3)), 'INVALID_HANDLE', 'this model is closed');
    refused(@() m.describe(), 'INVALID_HANDLE', 'this model is closed');
    refused(@() m.restoreFile('a.tif', 'b.tif'), 'INVALID_HANDLE', 'this model is closed');
end

function deleting()
    m = opened();
    m.close();
    delete(m);
    m = opened();
    handle = number(m);
    delete(m);
    gone(handle);
end

function clearing()
    m = opened();
    handle = number(m);
    same = m;
    clear m
    parfocal.internal.native('describe', handle);
    clear same
    gone(handle);
end

% The library's handle of a model, which the class hides.
function handle = number(m)
    warned = warning('off', 'all');
    restoring = onCleanup(@() warning(warned));
    fields = struct(m);
    handle = fields.Handle;
    assert(isa(handle, 'uint64') && handle > 0);
end

function gone(handle)
    refused(@() parfocal.internal.native('describe', handle), 'INVALID_HANDLE', 'closed');
end

function failed_constructor()
    for k = 1:3
        refused(@() parfocal.Model('device=typewriter'), 'BAD_OPTION', 'typewriter');
    end
end

function two_models()
    a = opened();
    b = opened('device=cpu threads=2');
    image = specimen([30 40], 'uint16');
    expected = b.restore(image);
    a.close();
    assert(isequal(b.restore(image), expected));
end

function described()
    m = opened('device=cpu threads=1 memory=300');
    about = m.describe();
    assert(strcmp(about.name, 'tiny') && strcmp(about.device, 'cpu') && about.threads == 1 && about.memory_mib == 300);
    assert(numel(about.sha256) == 64);
end

function shows()
    m = opened();
    text = evalc('disp(m)');
    assert(~isempty(regexp(text, '^  parfocal.Model tiny 0 on cpu, open\s*$', 'once')), '%s', text);
    m.close();
    assert(~isempty(regexp(evalc('disp(m)'), 'parfocal.Model, closed', 'once')));
end

function versions()
    assert(strcmp(strtrim(command('--version')), ['parfocal ' parfocal.version()]));
end

function doctors()
    report = parfocal.doctor();
    assert(report.ok && strcmp(report.version, parfocal.version()) && isempty(report.problems));
    assert(strcmp(report.model.device, 'cpu') || strcmp(report.model.device, 'cuda:0'));
    printed = evalc('parfocal.doctor');
    assert(~isempty(regexp(printed, 'Parfocal runs here', 'once')), '%s', printed);
end

function pixel_size()
    m = parfocal.Model('device=cpu');
    assert(isempty(m.describe().warnings));
    m.restore(ones(2, 2), 'pixel_size_um=900');
    warnings = cellstr(m.describe().warnings);
    assert(~isempty(regexp(warnings{1}, '900', 'once')), '%s', warnings{1});
end

function progress()
    m = opened();
    seen = recorder();
    m.restore(specimen([20 20 4], 'uint8'), '', @(done, total) seen.add([done total]));
    assert(isequal(seen.Rows, [1 4; 2 4; 3 4; 4 4]), '%s', mat2str(seen.Rows));
end

function progress_of_one()
    m = opened();
    seen = recorder();
    m.restore(specimen([20 20 3], 'uint8'), '', @(done, total) seen.add([done total]));
    assert(isequal(seen.Rows, [1 1]), '%s', mat2str(seen.Rows));
end

function progress_fails()
    m = opened();
    seen = recorder();
    try
        m.restore(specimen([20 20 6], 'uint8'), '', @(done, total) stop(seen, done));
        error('test:none', 'nothing was thrown');
    catch failure
    end
    assert(strcmp(failure.identifier, 'test:stop'), '%s', failure.message);
    assert(isequal(seen.Rows, [1; 2]), '%s', mat2str(seen.Rows));
    image = specimen([20 20], 'uint8');
    other = opened();
    assert(isequal(m.restore(image), other.restore(image)));
end

function stop(seen, done)
    seen.add(done);
    if done == 2
        error('test:stop', 'as asked');
    end
end

function help_texts()
    for name = {'parfocal.Model', 'parfocal.restoreFile', 'parfocal.focusScore', 'parfocal.doctor', 'parfocal.version'}
        file = which_file(name{1});
        text = fileread(file);
        comment = regexp(text, '^(classdef|function)[^\n]*\n((%[^\n]*\n)+)', 'tokens', 'once');
        assert(~isempty(comment), '%s has no help right below its first line', file);
        first = regexp(comment{2}, '^%(\S+)  \S', 'tokens', 'once');
        assert(~isempty(first) && strcmpi(first{1}, name{1}), '%s: help does not begin with %s', file, upper(name{1}));
        assert(max(cellfun(@numel, strsplit(comment{2}, char(10)))) <= 150, '%s: a line of help is too long', file);
    end
end

function file = which_file(name)
    parts = strsplit(name, '.');
    root = fileparts(fileparts(fileparts(which('parfocal_prototype'))));
    folders = strsplit(path(), pathsep());
    found = cellfun(@(folder) exist(fullfile(folder, ['+' parts{1}], [parts{2} '.m']), 'file') == 2, folders);
    assert(any(found), '%s: not on the path (%s)', name, root);
    file = fullfile(folders{find(found, 1)}, ['+' parts{1}], [parts{2} '.m']);
end

function umlauts()
    folder = tempname();
    mkdir(folder);
    cleaning = onCleanup(@() removed(folder));
    file = fullfile(folder, ['Schärfe ', '日本', '.onnx']);
    copyfile(tiny(), file);
    m = parfocal.Model('device=cpu threads=1', file);
    assert(strcmp(m.describe().name, 'tiny'));
    refused(@() parfocal.Model('', [file 'x']), 'NOT_FOUND', [file 'x']);
end

function strings()
    % Octave has no class string; the shim has one.
    if exist('string') == 0 %#ok<EXIST>
        return
    end
    m = parfocal.Model(string('device=cpu threads=1'), string(tiny()));
    image = specimen([20 20], 'uint8');
    assert(isequal(m.restore(image, string('tile=16')), m.restore(image, 'tile=16')));
    message = refused(@() m.restore(image, string('tile=2')), 'BAD_OPTION', 'tile=2');
    assert(ischar(message));
end

function loading()
    m = opened();
    image = specimen([20 20], 'uint8');
    % A model kept in a variable would be lost, too.
    setenv('PARFOCAL_EXPECTED', sprintf('%d ', m.restore(image)));
    lastwarn('', '');
    parfocal.internal.ensureLoaded(parfocal.internal.backend());
    parfocal.internal.ensureLoaded(parfocal.internal.backend());
    clear -all  % of this function; and functions, classes and their persistent variables of the session
    m = opened();
    image = specimen([20 20], 'uint8');
    assert(isequal(sprintf('%d ', m.restore(image)), getenv('PARFOCAL_EXPECTED')));
    [message, identifier] = lastwarn();
    assert(~strcmp(identifier, 'MATLAB:loadlibrary:ClassIsLoaded'), '%s', message);
end

function not_given()
    m = opened();
    refused(@() m.restore(), 'INVALID_ARGUMENT', 'image: not given');
end

function pasted()
    m = opened();
    image = specimen([40 40 2], 'uint8');
    pasted = strrep('tile=32_normalize=stack', '_', native2unicode(uint8([194 160]), 'UTF-8'));
    assert(isequal(m.restore(image, pasted), m.restore(image, 'tile=32 normalize=stack')));
end
