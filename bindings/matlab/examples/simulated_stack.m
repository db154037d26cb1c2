function [stack, focus] = simulated_stack(extent, planes)
%SIMULATED_STACK  A focal stack for the examples: [STACK, FOCUS] = simulated_stack([HEIGHT WIDTH], PLANES).
%   Beads and threads at PLANES distances from the focus. Each plane is blurred by a disc that grows with the distance,
%   and has camera noise. STACK is uint16; FOCUS is the plane in focus. The images are drawn, not measured: use your
%   own.

    focus = ceil(planes / 2);
    [x, y] = meshgrid(1:extent(2), 1:extent(1));
    light = zeros(extent);
    for k = 1:90  % the same places every time, without random numbers
        bead = [mod(k * 0.7548776662, 1) * extent(2), mod(k * 0.5698402910, 1) * extent(1)];
        light = light + (0.4 + 0.6 * mod(k * 0.61, 1)) * exp(-((x - bead(1)).^2 + (y - bead(2)).^2) / 2.5);
    end
    for k = 1:9
        course = extent(1) * (k / 10 + 0.06 * sin(x(1, :) * 0.012 * k + k));
        light = light + 0.5 * exp(-(y - course).^2 / 1.6);
    end
    stack = zeros([extent planes], 'uint16');
    for plane = 1:planes
        radius = 1.4 * abs(plane - focus);
        reach = ceil(radius) + 1;
        [u, v] = meshgrid(-reach:reach);
        disc = min(max(radius + 0.5 - sqrt(u.^2 + v.^2), 0), 1);
        disc(reach + 1, reach + 1) = max(disc(reach + 1, reach + 1), 0.5);
        photons = 200 + 1500 * conv2(light, disc / sum(disc(:)), 'same');
        noise = sin(x * 12.9898 + y * 78.233 + plane) * 43758.5453;
        noise = (noise - floor(noise) - 0.5) * sqrt(12);
        stack(:, :, plane) = uint16(photons + 0.6 * sqrt(photons) .* noise);
    end
end
