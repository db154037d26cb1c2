function test_parfocal(place)
% The built library through the shim, by header and by prototype: the same results, the library's own refusals, in
% place, as a stream.
  table = parfocal_h_table();
  rows = cell(1, numel(table.functions));
  for k = 1:numel(rows)
    f = table.functions(k);
    rows{k} = {f.name, 'cdecl', f.lhs{1}, cellfun(@(t) t{1}, f.rhs, 'UniformOutput', false), '', ''};
  end
  image = uint16(mod((0:47)' * 31 + (0:63) * 17, 997) + 100);
  results = {};
  for source = {place.parfocal_h, prototype_of(rows{:})}
    [notfound, told] = loadlibrary(place.library, source{1}, 'alias', 'parfocal');
    same('everything was found', {notfound, told}, {cell(0, 0), ''});
    results{end + 1} = session(place, image);
    unloadlibrary('parfocal');
  end
  same('by header as by prototype', results{1}, results{2});
end

function result = session(place, image)
  call = @(varargin) calllib('parfocal', varargin{:});
  same('its interface', call('parfocal_abi_version'), 1);
  version = call('parfocal_version');
  check('its version', ~isempty(regexp(version, '^\d+\.\d+\.\d+', 'once')), version);
  same('a status', call('parfocal_status_name', 3), 'BAD_OPTION');
  [status, path, options, model] = call('parfocal_model_open', place.model, 'device=cpu threads=1', uint64(0));
  same('a model opens', status, 0);
  check('its handle', isa(model, 'uint64') && model > 0, class(model));

  count = numel(image);
  strides = int64([size(image, 1) 1 1 1]);
  shape = int64([size(image, 2) size(image, 1) 1 1]);
  [status, src, ~, dst] = call('parfocal_restore_u16', model, uint64(0), image, count, strides, zeros(size(image), ...
      'uint16'), count, ...
                               strides, shape, '');
  same('restored', {status, src, size(dst), class(dst)}, {0, image, size(image), 'uint16'});
  check('it did something', ~isequal(dst, image) && any(dst(:)), 'the result is the input, or empty');
  pixels = libpointer('uint16Ptr', image);
  status = call('parfocal_restore_u16', model, uint64(0), pixels, count, strides, pixels, count, strides, shape, []);
  same('in place', {status, pixels.Value}, {0, dst});
  [status, ~, ~, ~, score] = call('parfocal_focus_score_u16', image, count, strides, shape, 0);
  check('a focus score', status == 0 && score > 0, num2str(score));

  [status, ~, ~, stream] = stream_open(call, model, shape);
  same('a stream opens', status, 0);
  same('a frame goes in', call('parfocal_stream_submit', stream, image, count, strides, uint64(7)), 0);
  [status, frame, ~, tag] = call('parfocal_stream_receive', stream, zeros(size(image), 'uint16'), count, strides, ...
      uint64(0), 20000);
  same('and comes out', {status, frame, tag}, {0, dst, uint64(7)});
  status = call('parfocal_stream_receive', stream, zeros(size(image), 'uint16'), count, strides, uint64(0), 1);
  same('a timeout', call('parfocal_status_name', status), 'TIMEOUT');
  same('the stream closes', call('parfocal_stream_close', stream), 0);

  same('the model closes', call('parfocal_model_close', model), 0);
  same('only once', call('parfocal_status_name', call('parfocal_model_close', model)), 'INVALID_HANDLE');
  [~, text, needed] = call('parfocal_last_error', blanks(1000), 1001, uint64(0));
  check('its message', ~isempty(strfind(text, 'model')) && needed == numel(text) + 1, text);
  % Handles never come again, so the message differs in the number.
  result = {version, dst, score, regexprep(text, '\d+', '#')};
end

function [status, a, b, stream] = stream_open(call, model, shape)
  [status, a, b, stream] = call('parfocal_stream_open', model, 2, shape, 'mode=every depth=2', uint64(0));
end
