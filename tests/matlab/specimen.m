function image = specimen(extent, kind)
%SPECIMEN  An image of size EXTENT and class KIND: out-of-focus beads on an uneven field, different in every plane and
%   channel.

    image = zeros(extent);
    [x, y] = meshgrid(1:extent(2), 1:extent(1));
    for k = 1:prod(extent(3:end))
        light = 20 + 0.1 * x + 0.05 * y + 3 * sin(0.9 * x + k) .* cos(0.7 * y);
        for bead = 1:6
            light = light + 90 * exp(-((x - mod(37 * bead + 11 * k, extent(2))).^2 + (y - mod(23 * bead, ...
                extent(1))).^2) / (6 + k));
        end
        image(:, :, k) = light;
    end
    scales = struct('uint8', 1, 'uint16', 200, 'single', 0.01, 'double', 0.01);
    image = cast(image * scales.(kind), kind);
end
