function removed(folder)
%REMOVED  Deletes a test's folder and its contents without a question from Octave.

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
