function test_libpointer(place)
% lib.pointer: made, read, written, moved, handed to a function, and what it refuses.
  quietly(@() loadlibrary(place.probe, place.header));
  call = @(varargin) calllib('libprobe', varargin{:});

  p = libpointer('uint16Ptr', uint16([1 2; 3 4]));
  same('its class', class(p), 'lib.pointer');
  same('its type', p.DataType, 'uint16Ptr');
  same('its value', p.Value, uint16([1 2; 3 4]));
  same('not null', p.isNull(), false);
  back = call('probe_scale', p, 4, 10);
  same('a call changes its value', p.Value, uint16([10 20; 30 40]));
  same('and gives it back as an array', back, uint16([10 20; 30 40]));
  same('its size', call_size(p), [2 2]);
  alias = p;
  alias.Value = uint16([7 8 9]);
  same('a handle', p.Value, uint16([7 8 9]));
  same('equal to its alias', p == alias, true);
  other = libpointer('uint16Ptr', uint16(1));
  same('not to another', p == other, false);
  same('get', get(p), struct('Value', uint16([7 8 9]), 'DataType', 'uint16Ptr'));
  set(p, 'Value', uint16(5));
  same('set', get(p, 'Value'), uint16(5));
  stack = reshape(single(1:24), 2, 3, 4);
  q = libpointer('singlePtr', stack);
  same('a stack', q.Value, stack);
  copied = uint8([1 2 3]);
  r = libpointer('uint8Ptr', copied);
  r.Value = uint8([4 5 6]);
  same('a copy', copied, uint8([1 2 3]));

  % NULL.
  n = libpointer;
  same('NULL', isNull(n), true);
  same('a NULL argument', call('probe_is_null', n), 1);
  n = libpointer('doublePtr');
  same('a typed NULL', isNull(n), true);
  refused('the value of NULL', @() n.Value, 'MATLAB:libpointer:ValueNotDefined', ...
      'datatype and size of the value must be defined');
  n.Value = [5 6];
  same('filled', {n.Value, isNull(n)}, {[5 6], false});
  n.Value = [];
  same('emptied', isNull(n), true);

  % Text and void.
  t = libpointer('cstring', 'abc');
  same('a text', t.Value, 'abc');
  [length_, text] = call('probe_length', t);
  same('its length', length_, 3);
  same('a text comes back', text, 'abc');
  v = libpointer('voidPtr', int16([1 2]));
  same('void keeps the class', v.Value, int16([1 2]));
  [null, back] = call('probe_is_null', v);
  same('void comes back as a new pointer', {class(back), back == v, back.Value}, {'lib.pointer', false, int16([1 2])});
  same('void for a typed one', call('probe_sum', libpointer('voidPtr', [1 2]), 2), 3);
  refused('bytes for a text', @() call('probe_length', r), 'MATLAB:libpointer:PointerTypeMustMatch', ...
          'Pointer type must match data type', 'uint8Ptr');

  % Arithmetic, size, type.
  m = libpointer('doublePtr', [10 20 30]) + 1;
  same('one further', {m.Value, m.DataType}, {[20 30], 'doublePtr'});
  refused('beyond its end', @() m + 3, 'strict:PastEnd', '2 elements + 3');
  refused('before its start', @() m + -1, 'strict:PastEnd');
  refused('a fraction further', @() m + 0.5, 'strict:PastEnd');
  refused('plus two numbers', @() m + [1 2], 'MATLAB:class:RequireScalar', 'Invalid input for argument 2', 'scalar');
  refused('plus a pointer', @() m + m, 'MATLAB:class:RequireNumeric', 'Invalid input for argument 2', ...
      'numeric or logical');
  refused('on its left', @() 1 + m, 'MATLAB:m_missing_variable_or_function', 'Invalid use of operator');
  w = libpointer('doublePtr', 1:6);
  reshape(w, 3, 2);
  same('reshape', w.Value, [1 4; 2 5; 3 6]);
  refused('more than it holds', @() reshape(w, 4, 4), 'strict:PastEnd', '4 x 4', '48 bytes');
  refused('another type of its own memory', @() setdatatype(w, 'int32Ptr', 1, 4), ...
      'MATLAB:libpointer:IllegalConversion', 'int32Ptr');
  refused('an unknown type', @() setdatatype(w, 'nosuchPtr', 1, 1), 'MATLAB:libpointer:InvalidType', ...
      'Type was not found.');

  % Memory of the library.
  l = call('probe_memory');
  same('returned', {class(l), l.DataType}, {'lib.pointer', 'uint8Ptr'});
  refused('of unknown size', @() l.Value, 'MATLAB:libpointer:ValueNotDefined');
  setdatatype(l, 'uint8Ptr', 2, 3);
  same('of known size', l.Value, uint8([1 3 5; 2 4 6]));
  l.Value = uint8([9 8]);
  same('written in place', l.Value, uint8([9 3 5; 8 4 6]));
  refused('more than its size', @() put(l, uint8(1:7)), 'strict:PastEnd', '7 bytes');
  h = call('probe_handle');
  same('a handle', {h.DataType, isNull(h)}, {'voidPtr', false});
  refused('a size without a type', @() reshape(h, 1, 6), 'MATLAB:libpointer:reshape:InvalidType', ...
      'Only numericPtr data types');
  refused('a size below 0', @() setdatatype(h, 'uint8Ptr', -1, 6), 'strict:Size', 'at least 0');
  refused('a size that is text', @() setdatatype(h, 'uint8Ptr', 'a', 6), 'strict:Size', 'whole number');
  setdatatype(h, 'uint8Ptr', 1, 6);
  same('given a type', numel(h.Value), 6);

  % What cannot be held.
  refused('an unknown type', @() libpointer('nosuchPtr', 1), 'MATLAB:libpointer:InvalidType', 'Type was not found.');
  refused('a number as the type', @() libpointer(5), 'MATLAB:libpointer:InvalidType');
  refused('three arguments', @() libpointer('doublePtr', 1, 2), 'MATLAB:dispatcher:noMatchingConstructor', ...
      'No constructor');
  refused('no pointer type', @() libpointer('double', 5), 'strict:PointerType', 'add Ptr');
  refused('two levels', @() libpointer('doublePtrPtr'), 'strict:Multilevel');
  refused('a char', @() libpointer('int32Ptr', 'abc'), 'MATLAB:libpointer:IllegalConversion', 'char given');
  refused('a cell', @() libpointer('doublePtr', {1}), 'MATLAB:libpointer:IllegalConversion', 'cell given');
  refused('a structure', @() libpointer('doublePtr', struct('x', 1)), 'MATLAB:libpointer:IllegalConversion', ...
      'struct given');
  refused('a string', @() libpointer('uint8Ptr', string('x')), 'MATLAB:libpointer:IllegalConversion', 'string given');
  refused('a pointer', @() libpointer('doublePtr', w), 'MATLAB:libpointer:IllegalConversion', 'lib.pointer given');
  refused('another class', @() libpointer('int32Ptr', 1e10), 'strict:ArrayClass', 'double', 'cut and wrap');
  refused('a logical', @() libpointer('uint8Ptr', true), 'strict:ArrayClass', 'logical');
  refused('a complex', @() libpointer('doublePtr', 1i), 'strict:Complex');
  refused('a sparse', @() libpointer('doublePtr', sparse(1)), 'strict:Sparse');
  refused('a number for a cstring', @() libpointer('cstring', 5), 'MATLAB:libpointer:MustBeString');
  refused('a string for a cstring', @() libpointer('cstring', string('x')), 'MATLAB:libpointer:MustBeString', ...
      'string given');
  refused('a value of another class', @() put(w, int8(1)), 'strict:ArrayClass', 'int8');
  d = libpointer('doublePtr', 1);
  delete(d);
  refused('a deleted one', @() d.Value, 'MATLAB:class:InvalidHandle', 'Invalid or deleted object.');
  clear p q r n t v back m w l h d alias other
  unloadlibrary('libprobe');
end

function n = call_size(p)
  n = size(p.Value);
end

function put(p, value)
  p.Value = value;
end
