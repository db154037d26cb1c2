function options = runOptions(model, text, pixels, layout)
%RUNOPTIONS  Options of a run as those of a stream of single frames, which does the work.
%   The library judges the text itself: one black pixel, which it gives back without the network, takes any options of a run. Then what
%   a stream does not take is put in other words: normalize=stack becomes the range of this stack, as the library would find it; the pixel
%   size has done what it does, to make the model warn.

    parfocal.internal.native('restore', model, zeros(1, 1, 'uint8'), int64([1 1 1 1]), int64([1 1 1 1]), text);
    % As it is sound, a word is a key, '=' and a value, in quotes or not.
    words = regexp(text, '\w+=(''([^''\\]|\\.)*''|\S*)', 'match');
    kept = {};
    for k = 1:numel(words)
        parts = strsplit(words{k}, '=');
        if strcmp(parts{1}, 'pixel_size_um')
            continue
        elseif any(strcmp(words{k}, {'normalize=stack', 'normalize=''stack'''}))
            about = jsondecode(parfocal.internal.native('describe', model));
            range = parfocal.internal.stackRange(pixels, about.percentiles);
            if isempty(range)
                continue
            end
            kept{end + 1} = sprintf('normalize=%.17g:%.17g', range); %#ok<AGROW>
        else
            kept{end + 1} = words{k}; %#ok<AGROW>
        end
    end
    planes = double(layout.shape(4));
    options = strjoin([kept, {sprintf('depth=%d', min(planes, 2))}], ' ');
end
