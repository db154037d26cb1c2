function test_text(place)
% cstring: texts in and out, NULL, buffers, strings, and characters beyond ASCII.
  quietly(@() loadlibrary(place.probe, place.header));
  call = @(varargin) calllib('libprobe', varargin{:});
  same('a text of the library', call('probe_text'), 'text of the library');
  same('NULL comes back as an empty char', call('probe_no_text'), '');
  same('a text in', call('probe_length', 'hello'), 5);
  same('an empty text', call('probe_length', ''), 0);
  same('[] is NULL', call('probe_length', []), -1);
  [length_, back] = call('probe_length', 'abc');
  same('it comes back', back, 'abc');
  [length_, back] = call('probe_length', []);
  same('NULL comes back empty', back, '');
  same('a buffer up to its NUL', call('probe_fill', blanks(20), 20), 'restored');
  same('a buffer that is short', call('probe_fill', blanks(4), 4), 'res');
  refused('a buffer too short for its capacity', @() call('probe_fill', blanks(4), 6), 'strict:Overrun', ...
      'probe_fill, argument 1, cstring');
  refused('a string', @() call('probe_length', string('hello')), 'MATLAB:libpointer:MustBeString', ...
          'Parameter can not be converted to a character vector', 'string given');
  refused('a number', @() call('probe_length', 65), 'MATLAB:libpointer:MustBeString', 'double given');
  refused('bytes', @() call('probe_length', int8([65 0])), 'MATLAB:libpointer:MustBeString', 'int8 given');
  refused('a cell', @() call('probe_length', {'a'}), 'MATLAB:libpointer:MustBeString', 'cell given');
  refused('a logical', @() call('probe_length', true), 'MATLAB:libpointer:MustBeString', 'logical given');
  refused('a function handle', @() call('probe_length', @sin), 'MATLAB:libpointer:MustBeString', ...
      'function_handle given');
  refused('a structure', @() call('probe_length', struct()), 'MATLAB:libpointer:MustBeString', 'struct given');
  refused('a column', @() call('probe_length', ['a'; 'b']), 'strict:TextShape', '1 x n', '2 x 1');
  refused('a matrix of char', @() call('probe_length', ['ab'; 'cd']), 'strict:TextShape', '2 x 2');
  refused('a NUL inside', @() call('probe_length', ['a' char(0) 'b']), 'strict:TextNul', 'char(0) at 2');
  refused('beyond ASCII', @() call('probe_length', [char([194 181]) 'm']), 'strict:TextEncoding', 'not documented', ...
      'int8Ptr or uint8Ptr');
  refused('beyond ASCII coming back', @() call('probe_micrometre'), 'strict:TextEncoding', 'goes out');
  unloadlibrary('libprobe');

  % As bytes, which a prototype may declare: UTF-8 goes through unharmed.
  loadlibrary(place.probe, prototype_of({'probe_length', 'cdecl', 'int32', {'uint8Ptr'}, '', ''}, ...
                                        {'probe_fill', 'cdecl', '', {'uint8Ptr', 'int32'}, '', ''}));
  same('bytes', call('probe_length', uint8([194 181 109 0])), 3);
  bytes = call('probe_fill', zeros(1, 12, 'uint8'), 12);
  same('a buffer of bytes', char(bytes(1:find(bytes == 0, 1) - 1)), 'restored');
  refused('text for bytes', @() call('probe_length', 'abc'), 'MATLAB:libpointer:IllegalConversion', 'char given');
  unloadlibrary('libprobe');
end
