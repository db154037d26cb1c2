function ensureLoaded(call)
%ENSURELOADED  Loads the library once for a session.

    ABI = 1;  % of include/parfocal.h that +parfocal is written for
    persistent loaded
    if ~isempty(loaded) && (~isequal(call, @parfocal.internal.throughCalllib) || libisloaded('parfocal'))
        return
    end
    [path, looked] = parfocal.internal.findLibrary();
    if isempty(path)
        error('parfocal:NOT_FOUND', ['Parfocal''s library was not found. Looked for:%s\n' ...
            'Unpack the archive and use its share/parfocal/matlab, or set the environment variable ' ...
            'PARFOCAL_LIBRARY to the absolute path of the library''s file, and try again.'], ...
            sprintf('\n  %s', looked{:}));
    end
    [status, reason] = call('load', path);
    if status ~= 0
        error('parfocal:RUNTIME', '%s: cannot be loaded: %s; expected Parfocal''s library for this system', path, ...
            reason);
    end
    [~, version, abi] = call('version');
    if abi ~= ABI
        call('forget');
        error('parfocal:UNSUPPORTED', ...
            ['%s: is Parfocal %s with binary interface %d; these files expect %d: take both from one archive, and ' ...
            'set PARFOCAL_LIBRARY to that file if it is set'], ...
            path, version, abi, ABI);
    end
    loaded = path;
end
