function [path, looked] = findLibrary()
%FINDLIBRARY  The file of Parfocal's C library, '' if none is found. LOOKED lists the places before it and why each was
%   no match.
%   1. The environment variable PARFOCAL_LIBRARY, if it is set: then nowhere else.
%   2. The folder lib (on Windows also bin) of the archive that this folder lies in as share/parfocal/matlab.
%   3. The folder lib beside +parfocal.

    named = parfocal.internal.filePath(getenv('PARFOCAL_LIBRARY'), 'PARFOCAL_LIBRARY');
    if ~isempty(named)
        places = {named};
        origin = ' (PARFOCAL_LIBRARY)';
    else
        here = fileparts(fileparts(fileparts(mfilename('fullpath'))));
        prefix = fileparts(fileparts(fileparts(here)));
        if ispc()
            names = {fullfile('bin', 'parfocal.dll'), fullfile('lib', 'parfocal.dll')};
        elseif ismac()
            names = {fullfile('lib', 'libparfocal.dylib')};
        else
            % The archive's link, because loadlibrary goes by the ending; and the file, where links were lost on the
            % way.
            names = {fullfile('lib', 'libparfocal.so'), fullfile('lib', 'libparfocal.so.1')};
        end
        places = [fullfile(prefix, names), fullfile(here, names)];
        origin = '';
    end
    path = '';
    looked = cell(1, numel(places));
    for k = 1:numel(places)
        place = places{k};
        if exist(place, 'file') == 2
            path = place;
            return
        elseif exist(place, 'dir') == 7
            looked{k} = [place origin ': is a folder'];
        else
            looked{k} = [place origin ': is not there'];
        end
    end
end
