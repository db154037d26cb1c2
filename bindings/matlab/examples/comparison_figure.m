%% A picture of an image, its restored version, and the difference
% Runs as it is on a drawn image; put your own into |image|, H x W. The folder |results| gets the picture.

if ~exist('image', 'var')
    stack = simulated_stack([256 256], 9);
    image = stack(:, :, 2);
end
if ~exist('results', 'var')
    results = tempdir();
end
if ~exist('options', 'var')
    options = 'device=auto';
end

%% Restore
m = parfocal.Model(options);
restored = m.restore(image);
m.close();

%% Draw
% One grey scale for both: two scales would show a difference that is not there.
values = sort(double(image(:)));
range = [values(ceil(0.001 * end)), values(ceil(0.999 * end))];
picture = figure('visible', 'off');
panels = {double(image), double(restored), double(restored) - double(image)};
titles = {'as taken', 'restored', 'difference'};
limits = {range, range, [-1 1] * diff(range) / 2};
for k = 1:3
    axes('Position', [(k - 1) / 3 + 0.01, 0.02, 0.313, 0.88]);
    imagesc(panels{k}, limits{k});
    axis image off
    title(titles{k});
end
colormap(gray(256));
set(picture, 'PaperUnits', 'inches', 'PaperPosition', [0 0 12 4.3]);
file = fullfile(results, 'comparison.png');
print(picture, file, '-dpng', '-r100');
close(picture);
fprintf('%s\n', file);
