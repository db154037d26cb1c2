function options = runOptions(model, text, pixels, layout)
%RUNOPTIONS  Translates options of a run into those of the stream that does the work.
%   First the library checks TEXT, by restoring one black pixel, which needs no network run. Then options that a stream
%   does not take are replaced: normalize=stack by the range of this stack, and pixel_size_um is dropped, because it
%   only makes the model warn, which it has done.

    if ~isempty(regexp(text, '(^|\s)error_map=', 'once'))
        error('parfocal:BAD_OPTION', ...
            'error_map: it is no option here; expected two outputs, [J, E] = m.restore(I), of which E is the map');
    end
    parfocal.internal.native('restore', model, zeros(1, 1, 'uint8'), int64([1 1 1 1]), int64([1 1 1 1]), text);
    % The text is valid now: each word is a key, '=' and a value, in quotes or not.
    words = regexp(text, '\w+=(''([^''\\]|\\.)*''|\S*)', 'match');
    kept = {};
    for k = 1:numel(words)
        parts = strsplit(words{k}, '=');
        if strcmp(parts{1}, 'pixel_size_um')
            continue
        elseif any(strcmp(words{k}, {'normalize=stack', 'normalize=''stack'''}))
            range = parfocal.internal.native('stackRange', model, layout.pixelType, pixels, layout.strides, ...
                layout.shape);
            if ~(range(1) < range(2))
                continue  % all finite values are the same: planes come back as they are
            end
            kept{end + 1} = sprintf('normalize=%.17g:%.17g', range); %#ok<AGROW>
        else
            kept{end + 1} = words{k}; %#ok<AGROW>
        end
    end
    planes = double(layout.shape(4));
    options = strjoin([kept, {sprintf('depth=%d', min(planes, 2))}], ' ');
end
