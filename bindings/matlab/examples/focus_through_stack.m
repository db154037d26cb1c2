%% Restore a stack, and plot how sharp each plane is, before and after
% Runs as it is on a drawn stack; put your own into |stack|, H x W x N. The folder |results| gets the picture.

if ~exist('stack', 'var')
    [stack, focus] = simulated_stack([256 320], 11);
end
if ~exist('results', 'var')
    results = tempdir();
end

%% Open the model once
if ~exist('options', 'var')
    options = 'device=auto';
end
m = parfocal.Model(options);
disp(m)

%% Restore, with progress
% Ctrl-C ends it at once. All planes are normalised to one range, so that they stay comparable.
restored = m.restore(stack, 'normalize=stack', @(done, total) fprintf('plane %d of %d\n', done, total));
m.close();

%% Focus scores
% A score compares planes of one field with each other; it has no unit. A larger score after restoring means more fine
% detail than before, not that the detail is true.
before = parfocal.focusScore(stack);
after = parfocal.focusScore(restored);
[~, sharpest] = max(before);
fprintf('sharpest plane as taken: %d\n', sharpest);

%% Plot
picture = figure('visible', 'off');
plot(1:numel(before), before, 'o-', 1:numel(after), after, 's-', 'LineWidth', 1.5);
grid on
xlabel('plane');
ylabel('focus score');
legend({'as taken', 'restored'}, 'Location', 'southeast');
title('Focus score through the stack');
axis([1 numel(before) 0 1.1 * max([before; after])]);
file = fullfile(results, 'focus_through_stack.png');
print(picture, file, '-dpng', '-r120');
close(picture);
fprintf('%s\n', file);
