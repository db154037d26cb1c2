function [status, varargout] = throughCalllib(verb, varargin)
%THROUGHCALLLIB  Calls the C library through MATLAB's loadlibrary: [status, ...] = throughCalllib(verb, ...). It has the
%   same verbs as parfocal_gateway.c, which Octave uses. The library writes into libpointers, whose Value is read
%   afterwards, because MATLAB would convert returned 64-bit numbers to double. Pixels are passed as columns: the same
%   numbers in the same order as in the matrix. No pointer is NULL.

    persistent received
    persistent untaken  % handles opened last, until 'take'
    if isempty(untaken)
        untaken = {[], []};
    end
    varargout = cell(1, max(nargout - 1, 0));
    switch verb
        case 'load'  % [status, reason] = load(path)
            [status, varargout{1}] = load(varargin{1});

        case 'forget'  % status = forget(): unloads a library that is not the wanted one
            status = 0;
            unloadlibrary('parfocal');

        case 'take'  % status = take(): the caller has stored the handle that was opened last
            status = 0;
            untaken = {[], []};

        case 'drop'  % status = drop(): closes handles that were opened and not taken
            status = 0;
            closing = {'parfocal_model_close', 'parfocal_stream_close'};
            for k = 1:2
                if ~isempty(untaken{k}) && untaken{k}.Value ~= 0
                    calllib('parfocal', closing{k}, untaken{k}.Value);
                end
            end
            untaken = {[], []};

        case 'version'  % [status, version, abi] = version()
            status = 0;
            varargout = {calllib('parfocal', 'parfocal_version'), calllib('parfocal', 'parfocal_abi_version')};

        case 'failure'  % [status, name, message] = failure(status)
            name = calllib('parfocal', 'parfocal_status_name', int32(varargin{1}));
            [status, message] = told('parfocal_last_error');
            varargout = {name, message};

        case 'doctor'  % [status, json] = doctor()
            [status, varargout{1}] = told('parfocal_doctor');

        case 'shutdown'  % status = shutdown(timeout_ms)
            status = calllib('parfocal', 'parfocal_shutdown', int32(varargin{1}));

        case 'open'  % [status, model] = open(path, options)
            untaken{1} = libpointer('uint64Ptr', uint64(0));
            status = calllib('parfocal', 'parfocal_model_open', utf8(varargin{1}), utf8(varargin{2}), untaken{1});
            varargout{1} = untaken{1}.Value;

        case 'describe'  % [status, json] = describe(model)
            [status, varargout{1}] = told('parfocal_model_describe', varargin{1});

        case 'close'  % status = close(model)
            status = calllib('parfocal', 'parfocal_model_close', varargin{1});

        case 'restore'  % [status, restored] = restore(model, pixels, strides, shape, options)
            [model, pixels, strides, shape, options] = varargin{:};
            buffer = column(pixels);
            count = uint64(numel(pixels));
            status = calllib('parfocal', ['parfocal_restore_' suffix(pixels)], model, uint64(0), buffer, count, ...
                strides, ...
                buffer, count, strides, shape, utf8(options));
            varargout{1} = reshape(buffer.Value, size(pixels));

        case 'restoreFile'  % status = restoreFile(model, input, output, options)
            [model, input, output, options] = varargin{:};
            status = calllib('parfocal', 'parfocal_restore_file', model, uint64(0), utf8(input), utf8(output), ...
                utf8(options));

        case 'focusScore'  % [status, scores] = focusScore(pixels, strides, shape)
            [pixels, strides, shape] = varargin{:};
            scores = libpointer('doublePtr', zeros(double(shape(4)), 1));
            status = calllib('parfocal', ['parfocal_focus_score_' suffix(pixels)], column(pixels), ...
                uint64(numel(pixels)), ...
                strides, shape, scores);
            varargout{1} = reshape(scores.Value, [], 1);

        case 'unpack'  % [status, pixels] = unpack(packing, bytes, rowBytes, shape)
            [packing, bytes, rowBytes, shape] = varargin{:};
            extent = double([shape(2), shape(1)]);
            pixels = libpointer('uint16Ptr', zeros(prod(extent), 1, 'uint16'));
            status = calllib('parfocal', 'parfocal_unpack', packing, column(bytes), uint64(numel(bytes)), rowBytes, ...
                pixels, uint64(prod(extent)), int64([shape(2), 1, 0, 0]), shape);
            varargout{1} = reshape(pixels.Value, extent);

        case 'stackRange'  % [status, range] = stackRange(model, pixelType, pixels, strides, shape)
            [model, pixelType, pixels, strides, shape] = varargin{:};
            [lo, hi] = deal(libpointer('doublePtr', 0), libpointer('doublePtr', 0));
            status = calllib('parfocal', 'parfocal_stack_range', model, pixelType, column(pixels), ...
                uint64(numel(pixels)), strides, shape, lo, hi);
            varargout{1} = [lo.Value, hi.Value];

        case 'streamOpen'  % [status, stream] = streamOpen(model, pixelType, shape, options)
            [model, pixelType, shape, options] = varargin{:};
            untaken{2} = libpointer('uint64Ptr', uint64(0));
            status = calllib('parfocal', 'parfocal_stream_open', model, pixelType, shape, utf8(options), untaken{2});
            varargout{1} = untaken{2}.Value;

        case 'streamSubmit'  % status = streamSubmit(stream, frame, strides, tag)
            [stream, frame, strides, tag] = varargin{:};
            status = calllib('parfocal', 'parfocal_stream_submit', stream, column(frame), uint64(numel(frame)), ...
                strides, tag);

        case 'streamReceive'  % [status, frame] = streamReceive(stream, class, size, strides, timeout_ms)
            [stream, kind, extent, strides, timeout] = varargin{:};
            count = prod(double(extent));
            % The buffer is kept while a result is polled, which may take many calls.
            if isempty(received) || ~strcmp(received.kind, kind) || received.count ~= count
                received = struct('kind', kind, 'count', count, 'buffer', libpointer([kind 'Ptr'], zeros(count, 1, ...
                    kind)));
            end
            tag = libpointer('uint64Ptr', uint64(0));
            status = calllib('parfocal', 'parfocal_stream_receive', stream, received.buffer, uint64(count), strides, ...
                tag, timeout);
            if status == 0
                varargout{1} = reshape(received.buffer.Value, double(extent));
            end

        case 'streamErrorMap'  % [status, errors] = streamErrorMap(stream, size, strides)
            [stream, extent, strides] = varargin{:};
            count = prod(double(extent));
            errors = libpointer('singlePtr', zeros(count, 1, 'single'));
            status = calllib('parfocal', 'parfocal_stream_error_map', stream, errors, uint64(count), strides);
            varargout{1} = reshape(errors.Value, double(extent));

        case 'streamClose'  % status = streamClose(stream)
            received = [];
            status = calllib('parfocal', 'parfocal_stream_close', varargin{1});

        otherwise
            error('parfocal:INTERNAL', 'throughCalllib: no verb ''%s''', verb);
    end
end

function [status, reason] = load(path)
    status = 0;
    reason = '';
    if libisloaded('parfocal')
        return
    end
    [~, ~, ~, thunk] = parfocal_prototype();
    if isempty(dir([thunk '.*']))
        status = 5;
        reason = sprintf(['its thunk file %s is not there, which MATLAB calls it through; build it with the line ' ...
            'that parfocal_thunk.c begins with'], thunk);
        return
    end
    % An error below says it.
    warned = warning('off', 'MATLAB:loadlibrary:FunctionNotFound');
    restoring = onCleanup(@() warning(warned));
    try
        [missing, ~] = loadlibrary(path, @parfocal_prototype, 'alias', 'parfocal');
    catch failure
        status = 9;
        reason = failure.message;
        return
    end
    if ~isempty(missing)
        unloadlibrary('parfocal');
        status = 9;
        reason = sprintf('it has no function %s', missing{1});
    end
end

% The text of a function; asked for again if it has grown meanwhile.
function [status, text] = told(name, varargin)
    INVALID_ARGUMENT = 1;
    capacity = 65536;
    while true
        buffer = libpointer('uint8Ptr', zeros(1, capacity, 'uint8'));
        needed = libpointer('uint64Ptr', uint64(0));
        status = calllib('parfocal', name, varargin{:}, buffer, uint64(capacity), needed);
        length = double(needed.Value);
        if status ~= INVALID_ARGUMENT || length <= capacity
            break
        end
        capacity = length + 64;
    end
    text = '';
    if status == 0
        bytes = buffer.Value;
        text = native2unicode(reshape(bytes(1:length - 1), 1, []), 'UTF-8');
    end
end

function bytes = utf8(text)
    bytes = [reshape(unicode2native(text, 'UTF-8'), 1, []), uint8(0)];
end

function pointer = column(pixels)
    pointer = libpointer([class(pixels) 'Ptr'], pixels(:));
end

function name = suffix(pixels)
    names = struct('uint8', 'u8', 'uint16', 'u16', 'single', 'f32');
    name = names.(class(pixels));
end
