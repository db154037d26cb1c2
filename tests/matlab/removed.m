function removed(folder)
%REMOVED  A folder of a test and all in it, without Octave's question.

    files = dir(folder);
    for k = 1:numel(files)
        if ~files(k).isdir
            delete(fullfile(folder, files(k).name));
        elseif ~any(strcmp(files(k).name, {'.', '..'}))
            removed(fullfile(folder, files(k).name));
        end
    end
    rmdir(folder);
end
