function run_documents(page, readme)
%RUN_DOCUMENTS  Runs the code of a page, block by block, in one workspace: run_documents('docs/matlab.md', 'README.md').
%   README.md must have the code that the page begins with.

    pieces = @(file) regexp(fileread(file), '```matlab\n(.*?)```', 'tokens');
    blocks = pieces(page);
    assert(~isempty(blocks), '%s: no code in it', page);
    assert(isequal(pieces(readme), blocks(1)), '%s: its code is not what %s begins with', readme, page);
    back = cd(tempdir());
    folder = tempname();
    mkdir(folder);
    cd(folder);
    cleaning = onCleanup(@() leave(back, folder));
    I = specimen([60 70], 'uint16');
    stack = specimen([60 70 4], 'uint8');
    write_tiff('drifted.tif', stack);
    printed = '';
    for k = 1:numel(blocks)
        % The first block closes its model; the later ones need an open one.
        if k == 2
            m = parfocal.Model('device=cpu'); %#ok<NASGU>
        end
        printed = [printed evalc(blocks{k}{1})]; %#ok<AGROW>
        if k == 1
            assert(isequal(size(J), size(I)) && isa(J, 'uint16'));
        end
    end
    assert(isequal(size(J), size(stack)) && numel(scores) == 4);
    words = {'4 of 4', 'parfocal:BAD_OPTION', 'tile=2', 'Parfocal runs here', parfocal.version()};
    for word = words
        assert(~isempty(strfind(printed, word{1})), '%s does not print ''%s'': %s', page, word{1}, ...
            printed); %#ok<STREMP>
    end
    assert(isequal(size(read_tiff('restored.tif')), size(stack)));
    fprintf('%s: %d pieces of code run\n', page, numel(blocks));
end

function leave(back, folder)
    cd(back);
    removed(folder);
end
