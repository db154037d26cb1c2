function test_pointers(place)
% Pointer arguments as arrays, as lib.pointer and as []: outputs, copies, and every class that is refused.
  quietly(@() loadlibrary(place.probe, place.header));
  call = @(varargin) calllib('libprobe', varargin{:});

  % An array is copied in and comes back as one more output, in its shape.
  values = uint16([1 2; 3 4; 5 6]);
  same('an array comes back', call('probe_scale', values, 6, 2), values * 2);
  same('and stays as it was', values, uint16([1 2; 3 4; 5 6]));
  stack = reshape(uint16(1:24), 2, 3, 4);
  same('a stack', call('probe_scale', stack, 24, 3), stack * 3);
  [sum_, back] = call('probe_sum', [1 2 3], 3);
  same('the return comes first', sum_, 6);
  same('then the const pointer, too', back, [1 2 3]);
  same('[] is NULL', call('probe_is_null', []), 1);
  [null, back] = call('probe_is_null', []);
  same('and comes back as []', back, []);
  same('[] for a typed pointer', call('probe_sum', [], 0), 0);
  same('a void pointer takes an array', call('probe_is_null', 5), 0);
  [null, back] = call('probe_is_null', int8([1 2 3]));
  same('in its own class', back, int8([1 2 3]));
  [sum_, c, e, f, h, i, j] = call('probe_ten', 1, uint64(2), uint16(3), 4, int64(5), uint16(0), 6, int64(7), ...
      int64(8), 'ab');
  same('ten arguments', sum_, 1 + 2 + 3 + 4 + 5 + 6 + 7 + 8 + 2);
  same('and their outputs', {c, e, f, h, i, j}, {uint16(3), int64(5), uint16(4), int64(7), int64(8), 'ab'});

  % Classes.
  for value = {[1 2], single([1 2]), int16([1 2]), uint8([1 2]), [true false], uint32([1 2])}
    refused(['a ' class(value{1}) ' for uint16Ptr'], @() call('probe_scale', value{1}, 2, 1), 'strict:ArrayClass', ...
        'probe_scale', ...
            'argument 1, uint16Ptr', class(value{1}), 'converts without a word');
  end
  refused('a logical for voidPtr', @() call('probe_is_null', true), 'strict:ArrayClass', 'logical');
  for value = {'ab', {1, 2}, struct('x', 1)}
    refused(['a ' class(value{1}) ' for uint16Ptr'], @() call('probe_scale', value{1}, 2, 1), ...
        'MATLAB:libpointer:IllegalConversion', ...
            'Array must be numeric or logical or a pointer to one', [class(value{1}) ' given']);
    refused(['a ' class(value{1}) ' for voidPtr'], @() call('probe_is_null', value{1}), ...
        'MATLAB:libpointer:IllegalConversion');
  end
  refused('a string for uint16Ptr', @() call('probe_scale', string('ab'), 2, 1), ...
      'MATLAB:libpointer:IllegalConversion', 'string given');
  refused('a function handle for voidPtr', @() call('probe_is_null', @sin), 'MATLAB:libpointer:IllegalConversion', ...
      'function_handle given');
  refused('a complex array', @() call('probe_sum', [1 2i], 2), 'strict:Complex', 'real(x)');
  refused('a sparse array', @() call('probe_sum', sparse([1 2]), 2), 'strict:Sparse', 'full(x)');
  refused('an int64Ptr for uint16Ptr', @() with(call, 'int64Ptr', int64([1 2])), ...
      'MATLAB:libpointer:PointerTypesMustMatch', ...
          'Pointer types must match data type.', 'a int64Ptr given');

  % A library that writes past the array: the shim finds it.
  refused('one element past the array', @() call('probe_write_past', uint8(1:5), 5), 'strict:Overrun', ...
      'probe_write_past', 'argument 1');
  refused('one past a lib.pointer', @() past_pointer(call), 'strict:Overrun', 'wrote outside');

  % What C has and MATLAB does not.
  refused('a callback', @() call('probe_callback', @sin, 1), 'MATLAB:invalidConversion', ...
      'Conversion to unknown from function_handle');
  refused('NULL for a callback', @() call('probe_callback', [], 1), 'MATLAB:invalidConversion', 'from double');
  refused('a union', @() call('probe_union_in', 1), 'MATLAB:invalidConversion', ...
      'Conversion to unknown from double is not possible.');
  refused('a long double', @() call('probe_long_double', 1), 'MATLAB:invalidConversion');
  refused('variable arguments', @() call('probe_many', 2, 3, 4), 'MATLAB:calllib:NoMatchingSignatureFound');
  refused('one variable argument', @() call('probe_many', 1, 3), 'MATLAB:invalidConversion');
  refused('a structure with bit fields', @() call('probe_bits_in', struct('low', 1)), ...
      'MATLAB:libpointer:IllegalConversion', ...
          'struct given');
  refused('two levels', @() call('probe_deep', [1 2]), 'strict:Multilevel', 'doublePtrPtr');
  refused('texts', @() call('probe_texts', {'a'}), 'strict:Multilevel', 'stringPtrPtr');
  refused('three levels', @() call('probe_deeper', []), 'MATLAB:invalidConversion', 'Conversion to unknown');
  refused('a number for a structure', @() call('probe_point_scale', 5, 2), 'MATLAB:libstruct:RequireStruct', ...
      'A structure is required.');
  refused('a number for a structure by value', @() call('probe_point_length', 5), 'MATLAB:libstruct:RequireStruct');
  refused('a field too many', @() call('probe_point_scale', struct('x', 1, 'z', 2), 2), ...
      'MATLAB:libstruct:FieldMismatch', ...
          'A field does not match one in the struct.', '''z''');
  refused('a field in capitals', @() call('probe_point_length', struct('X', 1)), 'MATLAB:libstruct:FieldMismatch', ...
      '''X''');
  refused('an array of structures', @() call('probe_point_scale', struct('x', {1, 2}), 2), 'strict:StructArray');
  refused('a structure that fits', @() call('probe_point_scale', struct('x', 1, 'y', 2), 2), 'strict:Struct', ...
      'interface has none');
  refused('a structure by return', @() call('probe_point_make', 1, 2), 'MATLAB:calllib:MethodNotFound');
  refused('libstruct', @() libstruct('probe_point'), 'strict:Struct', 'libstruct');
  unloadlibrary('libprobe');
end

function with(call, type, value)
  pointer = libpointer(type, value);
  call('probe_scale', pointer, 2, 1);
end

function past_pointer(call)
  pointer = libpointer('uint8Ptr', uint8(1:5));
  call('probe_write_past', pointer, 5);
end
