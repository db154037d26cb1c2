function [pixels, layout] = frames(image)
%FRAMES  Checks an image or stack, and describes its memory layout to the library.
%   image: uint8, uint16, single or double; H x W, H x W x 3 (colour), H x W x N (stack), H x W x 3 x N or H x W x 1 x
%   N.
%   pixels: the same; single where it was double.
%   layout: a struct with
%     class, pixelType   the class of pixels, and the library's number for it
%     isDouble           the result must be double again
%     size               of the image; frame: of one plane
%     shape              {width, height, channels, planes}, int64
%     strides            {x, y, channel, plane} in elements, int64: MATLAB's columns are never turned

    refuse = @(status, reason) error(['parfocal:' status], 'image: %s; %s', parfocal.internal.shown(image), reason);
    kinds = 'expected uint8, uint16, single or double';
    if isa(image, 'gpuArray')
        refuse('UNSUPPORTED', ...
            ['expected it in the computer''s memory: use gather(image); ' ...
            'device=cuda in the options runs the network on a GPU']);
    elseif issparse(image)
        refuse('UNSUPPORTED', 'it is sparse; expected a full matrix: use full(image)');
    elseif islogical(image)
        refuse('UNSUPPORTED', [kinds ': a mask is no image that could be out of focus']);
    elseif ~any(strcmp(class(image), {'uint8', 'uint16', 'single', 'double'}))
        refuse('UNSUPPORTED', [kinds ': convert it, for example with single(image)']);
    elseif ~isreal(image)
        refuse('UNSUPPORTED', 'it is complex; expected real values: use abs(image) or real(image)');
    elseif isempty(image)
        refuse('INVALID_ARGUMENT', 'it is empty; expected at least one pixel');
    elseif ndims(image) > 4
        refuse('UNSUPPORTED', 'expected at most 4 dimensions, H x W x 3 x N: restore one stack after the other');
    elseif ndims(image) == 4 && ~any(size(image, 3) == [1 3])
        refuse('UNSUPPORTED', 'expected a third dimension of 1 (grey) or 3 (colour) before the planes');
    end
    pixels = image;
    if isa(image, 'double')
        pixels = single(image);
        lost = isinf(pixels) & ~isinf(image);
        if any(lost(:))
            values = image(lost);
            refuse('UNSUPPORTED', ...
                sprintf('the value %g is beyond 32-bit floats, which go up to %g; scale the image', ...
                values(1), realmax('single')));
        end
    end
    [height, width, third, fourth] = size(image);
    colour = third == 3 || ndims(image) == 4;
    channels = 1;
    planes = third;
    if colour
        channels = third;
        planes = fourth;
    end
    layout.class = class(pixels);
    layout.pixelType = int32(find(strcmp(layout.class, {'uint8', 'uint16', 'single'})));
    layout.isDouble = isa(image, 'double');
    layout.size = size(image);
    layout.frame = [height, width, channels];
    layout.shape = int64([width, height, channels, planes]);
    layout.strides = int64([height, 1, height * width, height * width * channels]);
end
