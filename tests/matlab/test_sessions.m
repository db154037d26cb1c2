function tests = test_sessions()
%TEST_SESSIONS  Fresh sessions: where the library is looked for, two at once, and that nothing is left at the end.
    tests = {
        'library named but not there', @named_missing
        'library named but a folder', @named_folder
        'library nowhere: every place is told', @nowhere
        'a file that is no library', @no_library
        'another library', @other_library
        'a library of another interface, and then the right one', @other_interface
        'found beside the package', @beside
        'gateway or thunks not built', @not_built
        'building without the header', @no_header
        'two sessions at once', @two
        'leaving with a model open', @leaving
        'shutdown', @shut_down
        'models of another process', @other_process
    };
end

% The error that a session prints when parfocal.version() fails there.
function output = version_fails(code, varargin)
    code = [code 'try, parfocal.version(); catch failure, printf(''%s|%s'', failure.identifier, failure.message); end'];
    [status, output] = session(code, varargin{:});
    assert(status == 0, '%s', output);
end

function told(output, identifier, varargin)
    assert(~isempty(strfind(output, ['parfocal:' identifier '|'])), '%s', output); %#ok<STREMP>
    for k = 1:numel(varargin)
        assert(~isempty(strfind(output, varargin{k})), 'lacks ''%s'': %s', varargin{k}, output); %#ok<STREMP>
    end
end

function named_missing()
    output = version_fails('', 'PARFOCAL_LIBRARY=/nowhere/libparfocal.so');
    told(output, 'NOT_FOUND', '/nowhere/libparfocal.so (PARFOCAL_LIBRARY): is not there', 'PARFOCAL_LIBRARY', ...
        'absolute path');
end

function named_folder()
    told(version_fails('', ['PARFOCAL_LIBRARY=' tempdir()]), 'NOT_FOUND', '(PARFOCAL_LIBRARY): is a folder');
end

function shut_down()
    asked = 'try, parfocal.shutdown(-1); catch failure, printf(''%s|%s;'', failure.identifier, failure.message); end;';
    [status, output] = session([asked 'm = parfocal.Model(''device=cpu threads=2'', ''' tiny() ''');' ...
        'm.restore(ones(16)); parfocal.shutdown(5);' ...
        'try, parfocal.doctor(); catch failure, printf(''%s|%s'', failure.identifier, failure.message); end']);
    assert(status == 0, '%s', output);
    told(output, 'INVALID_ARGUMENT', 'SECONDS must be a number of at least 0');
    told(output, 'CLOSED', 'parfocal_shutdown has ended Parfocal in this process');
end

function package = package_folder()
    package = fileparts(which('parfocal_prototype'));
end

% Copies the package into a prefix of its own, which is first on the path.
function [code, folder, cleaning] = copied()
    folder = tempname();
    mkdir(fullfile(folder, 'share', 'parfocal'));
    cleaning = onCleanup(@() removed(folder));
    copyfile(package_folder(), fullfile(folder, 'share', 'parfocal', 'matlab'));
    code = sprintf('rmpath(''%s''); addpath(''%s'');', package_folder(), fullfile(folder, 'share', 'parfocal', ...
        'matlab'));
end

function nowhere()
    [code, folder, cleaning] = copied(); %#ok<ASGLU>
    output = version_fails(code, 'PARFOCAL_LIBRARY=');
    matlab = fullfile(folder, 'share', 'parfocal', 'matlab');
    told(output, 'NOT_FOUND', [fullfile(folder, 'lib', 'libparfocal.so') ': is not there'], ...
        [fullfile(folder, 'lib', 'libparfocal.so.1') ': is not there'], [fullfile(matlab, 'lib', ...
        'libparfocal.so') ': is not there']);
end

function no_library()
    told(version_fails('', ['PARFOCAL_LIBRARY=' tiny()]), 'RUNTIME', tiny(), 'cannot be loaded', ...
        'expected Parfocal''s library');
end

function other_library()
    [~, list] = system('ls /lib/*/libm.so.6');
    library = strtok(list, char(10));
    told(version_fails('', ['PARFOCAL_LIBRARY=' library]), 'RUNTIME', library, 'parfocal_');
end

function other_interface()
    folder = tempname();
    mkdir(folder);
    cleaning = onCleanup(@() removed(folder));
    source = fullfile(folder, 'other.c');
    library = fullfile(folder, 'libother.so');
    names = parfocal_prototype();
    names = setdiff(names.name, {'parfocal_abi_version', 'parfocal_version'});
    file = fopen(source, 'w');
    fprintf(file, ...
        'int parfocal_abi_version(void) { return 2; }\nconst char *parfocal_version(void) { return "9.9"; }\n');
    fprintf(file, 'int %s(void) { return 0; }\n', names{:});
    fclose(file);
    [status, output] = system(sprintf('cc -shared -fPIC -o ''%s'' ''%s'' 2>&1', library, source));
    assert(status == 0, '%s', output);
    right = parfocal.internal.findLibrary();
    code = sprintf(['try, parfocal.version(); ' ...
        'catch failure, printf(''%%s|%%s '', failure.identifier, failure.message); end; ' ...
        'setenv(''PARFOCAL_LIBRARY'', ''%s''); printf(''then %%s'', parfocal.version())'], right);
    [status, output] = session(code, ['PARFOCAL_LIBRARY=' library]);
    assert(status == 0, '%s', output);
    told(output, 'UNSUPPORTED', library, 'is Parfocal 9.9 with binary interface 2', 'take both from one archive', ...
        ['then ' parfocal.version()]);
end

function beside()
    [code, folder, cleaning] = copied(); %#ok<ASGLU>
    mkdir(fullfile(folder, 'lib'));
    library = parfocal.internal.findLibrary();
    [status, message] = unix(sprintf('ln -s ''%s''/libparfocal* ''%s''', fileparts(library), fullfile(folder, 'lib')));
    assert(status == 0, '%s', message);
    [status, output] = session([code 'printf(''%s'', parfocal.version())'], 'PARFOCAL_LIBRARY=');
    assert(status == 0 && strcmp(output, parfocal.version()), '%s', output);
end

function not_built()
    [code, folder, cleaning] = copied(); %#ok<ASGLU>
    matlab = fullfile(folder, 'share', 'parfocal', 'matlab');
    delete(fullfile(matlab, ['parfocal_gateway.' mexext()]));
    delete(fullfile(matlab, 'parfocal_thunk_*.so'));
    output = version_fails(code, ['PARFOCAL_LIBRARY=' parfocal.internal.findLibrary()]);
    if isequal(parfocal.internal.backend(), @parfocal.internal.throughCalllib)
        told(output, 'RUNTIME', ['thunk file ' fullfile(matlab, 'parfocal_thunk_')], 'parfocal_thunk.c begins with');
    else
        told(output, 'NOT_FOUND', 'parfocal_gateway', ['run build_octave once in ' matlab]);
    end
end

function no_header()
    refused(@() build_octave('/nowhere'), 'NOT_FOUND', fullfile('/nowhere', 'parfocal.h'), 'build_octave(FOLDER)');
end

function two()
    image = specimen([40 50 3 6], 'uint16');
    m = opened();
    expected = m.restore(image);
    folder = tempname();
    mkdir(folder);
    cleaning = onCleanup(@() removed(folder));
    result = fullfile(folder, 'result.mat');
    % The other session waits for this one to start, and this one works until the other is done.
    code = sprintf(['m = opened(); image = specimen([40 50 3 6], ''uint16''); fclose(fopen(''%s'', ''w'')); ' ...
        'while exist(''%s'', ''file'') == 0, pause(0.01); end; restored = m.restore(image); ' ...
        'save(''-v7'', ''%s'', ''restored''); rename(''%s'', ''%s'');'], ...
        fullfile(folder, 'ready'), fullfile(folder, 'go'), [result '.part'], [result '.part'], result);
    file = fullfile(folder, 'other.m');
    out = fopen(file, 'w');
    fprintf(out, 'path(''%s'');\n%s\n', strrep(path(), '''', ''''''), code);
    fclose(out);
    log = fullfile(folder, 'log');
    system(sprintf('''%s'' -qf --no-history ''%s'' >''%s'' 2>&1 &', fullfile(OCTAVE_HOME(), 'bin', 'octave-cli'), ...
        file, log));
    wait_for(fullfile(folder, 'ready'), log);
    fclose(fopen(fullfile(folder, 'go'), 'w'));
    rounds = 0;
    started = tic();
    while exist(result, 'file') == 0 || rounds < 2
        assert(isequal(m.restore(image), expected));
        rounds = rounds + 1;
        assert(toc(started) < 60, 'the other session did not end: %s', fileread(log));
    end
    other = load(result);
    assert(isequal(other.restored, expected));
end

function wait_for(file, log)
    started = tic();
    while exist(file, 'file') == 0
        pause(0.02);
        assert(toc(started) < 60, 'the other session did not start: %s', fileread(log));
    end
end

function leaving()
    code = 'm = opened(); x = m.restore(specimen([20 20], ''uint8'')); global kept; kept = m; printf(''done'')';
    [status, output] = session(code);
    assert(status == 0 && strcmp(output, 'done'), '%d: %s', status, output);
end

function other_process()
    m = opened();
    fields = struct_of(m);
    code = sprintf(['try, parfocal.internal.native(''describe'', uint64(%d)); ' ...
        'catch failure, printf(''%%s|%%s'', failure.identifier, failure.message); end'], fields.Handle);
    [status, output] = session(code);
    assert(status == 0, '%s', output);
    told(output, 'INVALID_HANDLE');
end

function fields = struct_of(m)
    warned = warning('off', 'all');
    restoring = onCleanup(@() warning(warned));
    fields = struct(m);
end
