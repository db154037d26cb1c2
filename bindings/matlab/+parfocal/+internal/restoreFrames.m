function [restored, errors] = restoreFrames(model, image, options, progress)
%RESTOREFRAMES  Restores an image or a stack, frame by frame through a stream, so that Ctrl-C ends it.
%   MATLAB cannot interrupt a call into the library, so no call waits long: frames are submitted, and results are
%   polled. ERRORS is the error map, if the caller takes it. Ctrl-C, or an error in PROGRESS, closes the stream, which
%   stops the network within one of its nodes.

    [pixels, layout] = parfocal.internal.frames(image);
    options = parfocal.internal.runOptions(model, options, pixels, layout);
    mapped = nargout > 1;
    if mapped
        options = [options ' error_map=on'];
    end
    planes = double(layout.shape(4));
    shape = layout.shape;
    shape(4) = 1;
    % Ctrl-C may come after streamOpen and before the next line.
    dropping = onCleanup(@() parfocal.internal.drop());
    stream = parfocal.internal.native('streamOpen', model, layout.pixelType, shape, options);
    closing = onCleanup(@() parfocal.internal.native('streamClose', stream));
    parfocal.internal.native('take');
    if planes == 1
        submit(stream, pixels, layout, 1);
        restored = reshape(receive(stream, layout, 1, 1), layout.size);
        if mapped
            errors = reshape(errorMap(stream, layout), layout.size);
        end
        report(progress, 1, 1);
    else
        restored = zeros(layout.size, layout.class);
        if mapped
            errors = zeros(layout.size, 'single');
        end
        across = repmat({':'}, 1, numel(layout.size) - 1);
        submit(stream, pixels(across{:}, 1), layout, 1);
        for plane = 1:planes
            % Submitted ahead, so that the network never waits.
            if plane < planes
                submit(stream, pixels(across{:}, plane + 1), layout, plane + 1);
            end
            restored(across{:}, plane) = receive(stream, layout, plane, planes);
            if mapped
                errors(across{:}, plane) = errorMap(stream, layout);
            end
            report(progress, plane, planes);
        end
    end
    if layout.isDouble
        restored = double(restored);
    end
end

function submit(stream, frame, layout, plane)
    parfocal.internal.native('streamSubmit', stream, frame, layout.strides, uint64(plane));
end

% The next result, in the order of the planes. Ctrl-C takes effect between two polls.
function frame = receive(stream, layout, plane, planes)
    POLL_MS = int32(50);
    frame = [];
    try
        while isempty(frame)
            frame = parfocal.internal.native('streamReceive', stream, layout.class, int64(layout.frame), ...
                layout.strides, POLL_MS);
        end
    catch failure
        % The stream's message begins with the number of the frame.
        message = regexprep(failure.message, '^frame \d+: ', '');
        if planes > 1
            message = sprintf('plane %d of %d: %s', plane, planes, message);
        end
        error(failure.identifier, '%s', message);
    end
end

function errors = errorMap(stream, layout)
    errors = parfocal.internal.native('streamErrorMap', stream, int64(layout.frame), layout.strides);
end

function report(progress, done, total)
    if ~isempty(progress)
        progress(done, total);
    end
end
