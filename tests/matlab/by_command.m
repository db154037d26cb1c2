function restored = by_command(image, varargin)
%BY_COMMAND  The command's result for the same pixels, with additional arguments.

    folder = tempname();
    mkdir(folder);
    cleaning = onCleanup(@() removed(folder));
    [from, to] = deal(fullfile(folder, 'from.tif'), fullfile(folder, 'to.tif'));
    write_tiff(from, image);
    command('restore', from, '-o', to, '--model', tiny(), '--device', 'cpu', '--threads', '1', varargin{:});
    restored = read_tiff(to);
    if ndims(image) == 4 && size(image, 3) == 1
        restored = reshape(restored, size(image));
    end
end
