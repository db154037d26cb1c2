function test_prototype(place)
% Prototype files: aliases, thunks, calltypes, what is malformed; and their comparison with the header, with every kind of mistake.
  call = @(varargin) calllib('libprobe', varargin{:});
  thunks = fullfile(place.folder, 'probe_thunks');
  rows = {{'probe_int32', 'Thunk', 'int32', {'int32'}, '', 'int32int32Thunk'}, ...
          {'probe_double', 'Thunk', 'double', {'double'}, 'one_more', 'doubledoubleThunk'}, ...
          {'probe_scale', 'Thunk', '', {'uint16Ptr', 'uint64', 'uint16'}, '', 'voidvoidPtruint64uint16Thunk'}, ...
          {'probe_text', 'Thunk', 'cstring', {}, '', 'cstringvoidThunk'}};
  loadlibrary(place.probe, prototype_of(thunks, rows{:}));
  same('through a thunk', call('probe_int32', -7), -7);
  same('a double through a thunk, by its alias', call('one_more', 2.5), 3.5);
  same('an array through a thunk', call('probe_scale', uint16([1 2 3]), 3, 5), uint16([5 10 15]));
  same('a text through a thunk', call('probe_text'), 'text of the library');
  refused('its name when there is an alias', @() call('probe_double', 2.5), 'MATLAB:calllib:MethodNotFound');
  same('the list', libfunctions('libprobe'), {'one_more'; 'probe_int32'; 'probe_scale'; 'probe_text'});
  same('the signatures', libfunctions('libprobe', '-full'), {'double lhs1 one_more(double rhs1)'; 'int32 lhs1 probe_int32(int32 rhs1)'; ...
       'uint16Ptr lhs1 probe_scale(uint16Ptr rhs1, uint64 rhs2, uint16 rhs3)'; 'cstring lhs1 probe_text'});
  refused('a bad flag', @() libfunctions('libprobe', '-bogus'), 'MATLAB:badopt', 'Unknown command option.');
  refused('three arguments', @() libfunctions('libprobe', '-full', 1), 'MATLAB:narginchk:tooManyInputs');
  refused('functions of nothing', @() libfunctions(), 'MATLAB:narginchk:notEnoughInputs');
  same('functions of what is not loaded', libfunctions('nosuch'), []);
  unloadlibrary('libprobe');

  % Without a thunk library nothing that needs one is found; one that is not there is an error.
  warned('no thunk library', @() loadlibrary(place.probe, prototype_of(rows{1})), 'MATLAB:loadlibrary:FunctionNotFound', 'probe_int32');
  unloadlibrary('libprobe');
  warned('a thunk that is not there', @() loadlibrary(place.probe, prototype_of(thunks, {'probe_int32', 'Thunk', 'int32', {'int32'}, ...
         '', 'int32int16Thunk'})), 'MATLAB:loadlibrary:FunctionNotFound', 'probe_int32');
  unloadlibrary('libprobe');
  refused('a thunk library that is not there', @() loadlibrary(place.probe, prototype_of('/no/such/thunks', rows{1})), ...
          'MATLAB:loadlibrary:ThunkLoadFailed', '/no/such/thunks.so');

  % Malformed ones.
  load_one = @(varargin) loadlibrary(place.probe, prototype_of(varargin));
  refused('calltype Thunk without a thunk', @() load_one('probe_int32', 'Thunk', 'int32', {'int32'}, '', ''), 'strict:Prototype', ...
          'probe_int32', 'thunkname');
  refused('another calltype', @() load_one('probe_int32', 'stdcall', 'int32', {'int32'}, '', ''), 'strict:CallType', '''stdcall''');
  refused('floating point without a thunk', @() load_one('probe_double', 'cdecl', 'double', {'double'}, '', ''), 'strict:CallType', ...
          'floating point by value');
  refused('long', @() load_one('probe_int32', 'cdecl', 'int32', {'long'}, '', ''), 'strict:Long', 'probe_int32', '''long''');
  refused('ulongPtr', @() load_one('probe_int32', 'cdecl', 'int32', {'ulongPtr'}, '', ''), 'strict:Long', '''ulongPtr''');
  refused('bool', @() load_one('probe_int32', 'cdecl', 'bool', {'int32'}, '', ''), 'strict:Bool', '''bool''');
  refused('an argument list that is text', @() load_one('probe_int32', 'cdecl', 'int32', 'int32', '', ''), 'strict:Prototype', ...
          'RHS a cell');
  short = struct('name', {{'probe_int32'}}, 'calltype', {{'cdecl'}}, 'LHS', {{}}, 'RHS', {{{'int32'}}}, 'alias', {{}}, 'thunkname', {{}});
  refused('a list that is too short', @() loadlibrary(place.probe, @() deal(short, [], [], '')), 'strict:Prototype', 'probe_int32', ...
          'no calltype, LHS or RHS');
  refused('a return that is a number', @() load_one('probe_int32', 'cdecl', 5, {'int32'}, '', ''), 'strict:Prototype', 'LHS');
  refused('no name', @() load_one('', 'cdecl', 'int32', {'int32'}, '', ''), 'strict:Prototype', 'entry 1 has no name');
  refused('no structure', @() loadlibrary(place.probe, @() deal(5, [], [], '')), 'strict:Prototype', 'first output', 'double');
  refused('a field missing', @() loadlibrary(place.probe, @() deal(struct('name', {{'probe_int32'}}), [], [], '')), 'strict:Prototype', ...
          'a cell ''calltype''');
  refused('a prototype that fails', @() loadlibrary(place.probe, @() error('some:thing', 'what it said')), 'some:thing', ...
          'There was an error loading the library', 'what it said');
  same('none of them is loaded', libisloaded('libprobe'), false);
  % A type that is nothing loads without a word and refuses every value.
  quietly(@() load_one('probe_int32', 'cdecl', 'int32', {'nosuchPtr'}, '', ''));
  refused('an unknown type', @() call('probe_int32', 1), 'MATLAB:invalidConversion', 'Conversion to unknown from double is not possible.');
  unloadlibrary('libprobe');
end
