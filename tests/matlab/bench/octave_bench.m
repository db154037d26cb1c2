function octave_bench()
%OCTAVE_BENCH  Measures what m.restore adds to the C call, in GNU Octave through its gateway: 2048x2048 pixels of 16
%   bits, in nanoseconds a pixel. The network is a single multiplication, so that its own time does not hide the
%   difference. Medians of runs in turns. "C call" is parfocal_restore_u16 on the same matrix with the same strides,
%   "packed" the same on rows, as a camera has them.

    ROUNDS = 15;
    extent = [2048 2048];
    file = fullfile(fileparts(mfilename('fullpath')), '..', '..', 'models', 'foreign.onnx');
    image = specimen(extent, 'uint16');
    pixels = numel(image);
    options = 'device=cpu threads=1 memory=4096';
    m = parfocal.Model(options, file);
    model = parfocal.internal.native('open', file, options);
    library = parfocal.internal.findLibrary();
    [~, layout] = parfocal.internal.frames(image);
    packed = int64([1, extent(2), 1, pixels]);
    times = zeros(ROUNDS + 1, 3);
    for round = 1:ROUNDS + 1
        started = tic();
        restored = m.restore(image);
        times(round, 1) = toc(started) * 1e9;
        times(round, 2) = octave_c_call(library, model, image, layout.strides, layout.shape);
        times(round, 3) = octave_c_call(library, model, image, packed, layout.shape);
    end
    times = times(2:end, :) / pixels;  % the first warms up
    parfocal.internal.native('close', model);
    m.close();
    names = {'m.restore', 'C call, columns', 'C call, packed rows'};
    fprintf(['matlab: GNU Octave %s, gateway; 2048x2048, u16, one thread, a network of one multiplication; ' ...
        'medians of %d in turns\n'], ...
        OCTAVE_VERSION(), ROUNDS);
    for k = 1:3
        fprintf('matlab: %s %.2f ns/pixel (from %.2f to %.2f)\n', names{k}, median(times(:, k)), min(times(:, k)), ...
            max(times(:, k)));
    end
    for k = 2:3
        added = times(:, 1) - times(:, k);
        fprintf('matlab: m.restore adds %.2f ns/pixel to the %s (quartiles %.2f and %.2f)\n', median(added), ...
            names{k}, ...
            quantile(added, 0.25), quantile(added, 0.75));
    end
end
