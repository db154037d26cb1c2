function file = build_octave(include)
%BUILD_OCTAVE  Builds Parfocal's gateway for GNU Octave: once, on the machine that uses it.
%   BUILD_OCTAVE needs mkoctfile and a C compiler (Debian: apt-get install octave-dev). It writes the gateway,
%   parfocal_gateway.mex, beside this file. The gateway finds the library at run time; see PARFOCAL.VERSION.
%
%   BUILD_OCTAVE(INCLUDE) takes parfocal.h from the folder INCLUDE, not from the archive or the source tree.
%
%   FILE = BUILD_OCTAVE(...) returns the built file. MATLAB does not need it.

    here = fileparts(mfilename('fullpath'));
    if nargin < 1
        % In the archive this folder is share/parfocal/matlab, in the source tree bindings/matlab.
        candidates = {fullfile(here, '..', '..', '..', 'include'), fullfile(here, '..', '..', 'include')};
        found = cellfun(@(folder) exist(fullfile(folder, 'parfocal.h'), 'file') == 2, candidates);
        if ~any(found)
            error('parfocal:NOT_FOUND', 'parfocal.h: not in %s; give its folder: build_octave(FOLDER)', ...
                strjoin(candidates, ' nor in '));
        end
        include = candidates{find(found, 1)};
    elseif exist(fullfile(include, 'parfocal.h'), 'file') ~= 2
        error('parfocal:NOT_FOUND', '%s: is not there; give the folder of parfocal.h: build_octave(FOLDER)', ...
            fullfile(include, 'parfocal.h'));
    end
    file = fullfile(here, ['parfocal_gateway.' mexext()]);
    % Built in a temporary folder by plain names, because mkoctfile breaks paths at spaces.
    work = tempname();
    mkdir(work);
    back = cd(work);
    cleaning = onCleanup(@() leave(back, work));
    copyfile(fullfile(here, 'parfocal_gateway.c'), work);
    copyfile(fullfile(include, 'parfocal.h'), work);
    libraries = {'-ldl'};
    if ispc()
        libraries = {};
    end
    [~, built] = fileparts(file);
    built = [built '.' mexext()];
    [output, status] = mkoctfile('--mex', '-O2', '-o', built, 'parfocal_gateway.c', libraries{:});
    if status ~= 0
        error('parfocal:IO', 'parfocal_gateway.c: mkoctfile could not build it: %s', output);
    end
    [moved, message] = movefile(built, file, 'f');
    if ~moved
        error('parfocal:IO', '%s: cannot be written: %s', file, message);
    end
end

function leave(back, work)
    cd(back);
    delete(fullfile(work, '*'));
    rmdir(work);
end
