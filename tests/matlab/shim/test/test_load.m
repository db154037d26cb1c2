function test_load(place)
% Loading and unloading: names, options, files, prototypes, what is missing, twice, and with pointers alive.
  name = 'libprobe';
  same('not loaded', libisloaded(name), false);
  refused('no library name', @() loadlibrary(), 'MATLAB:loadlibrary:NotEnoughInputs', 'library name must be specified');
  refused('a number as the library', @() loadlibrary(5, place.header), ...
      'MATLAB:string:MustBeStringScalarOrCharacterVector');
  refused('a number as the header', @() loadlibrary(place.probe, 5), ...
      'MATLAB:string:MustBeStringScalarOrCharacterVector');
  refused('a missing library', @() loadlibrary('/no/such/libx.so', place.header), 'MATLAB:loadlibrary:LoadFailed', ...
          'There was an error loading the library "/no/such/libx.so"', 'cannot open');
  refused('a missing header', @() loadlibrary(place.probe, 'no_such.h'), 'MATLAB:loadlibrary:FileNotFound', ...
      'no_such.h');
  refused('no header beside the library', @() loadlibrary(place.probe), 'MATLAB:loadlibrary:FileNotFound', ...
      'libprobe.h');
  refused('an unknown option', @() loadlibrary(place.probe, place.header, 'nosuch', 1), ...
      'MATLAB:loadlibrary:InvalidOption', 'nosuch');
  refused('an option in capitals', @() loadlibrary(place.probe, place.header, 'ALIAS', 'p'), ...
      'MATLAB:loadlibrary:InvalidOption', 'ALIAS');
  refused('an option without its value', @() loadlibrary(place.probe, place.header, 'alias'), 'MATLAB:badsubscript', ...
      'must not exceed 1');
  refused('a number as the alias', @() loadlibrary(place.probe, place.header, 'alias', 5), ...
      'MATLAB:libisloaded:LibraryNameRequired');
  refused('a second header', @() loadlibrary(place.probe, place.header, 'addheader', 'x.h'), 'strict:Option', ...
      'addheader');
  refused('a library whose name MATLAB cannot use', @() loadlibrary(place.probe, place.header, 'alias', 'a-b'), ...
          'strict:LibraryName', 'a-b');
  same('nothing was loaded', libisloaded(name), false);

  % What a header brings that MATLAB cannot use is a warning, and what the library lacks is told.
  state = warning('off', 'all');
  [notfound, told] = loadlibrary(place.probe, place.header);
  warning(state);
  same('loaded', libisloaded(name), true);
  same('not found', sort(notfound), {'probe_missing', 'probe_point_make'});
  same('no warnings of a parser', told, '');
  unloadlibrary(name);
  same('unloaded', libisloaded(name), false);
  one = @(type, thunk) prototype_of({'probe_int32', 'cdecl', 'int32', {type}, '', thunk});
  warned('a type that MATLAB could not read', @() loadlibrary(place.probe, one('error', '')), ...
      'MATLAB:loadlibrary:TypeNotFound', ...
         'data type ''error'' used by function probe_int32');
  unloadlibrary(name);
  absent = prototype_of({'probe_absent', 'cdecl', 'int32', {'int32'}, '', ''});
  warned('a function that is not there', @() loadlibrary(place.probe, absent), ...
      'MATLAB:loadlibrary:FunctionNotFound', '''probe_absent''');
  refused('calling it', @() calllib(name, 'probe_absent', 1), 'MATLAB:calllib:MethodNotFound', 'Method was not found.');

  % Twice is a warning, and the first stays.
  warned('twice', @() loadlibrary(place.probe, place.header), 'MATLAB:loadlibrary:ClassIsLoaded', ...
      'class ''libprobe'' already exists');
  same('the first stays', libfunctions(name), cell(0, 1));
  unloadlibrary(name);

  % Under another name; names may be strings.
  quietly(@() loadlibrary(place.probe, place.header, 'alias', 'other'));
  same('by its alias', [libisloaded('other') libisloaded(name)], [true false]);
  same('called by its alias', calllib('other', 'probe_int32', 3), 3);
  same('names as strings', calllib(string('other'), string('probe_int32'), 3), 3);
  unloadlibrary('other');

  refused('unloading what never was', @() unloadlibrary('never'), 'MATLAB:unloadlibrary:ClassNotFound', ...
      'Could not find library class');
  refused('unloading nothing', @() unloadlibrary(), 'MATLAB:unloadlibrary:NameMustBeSpecified');
  refused('unloading a number', @() unloadlibrary(5), 'MATLAB:unloadlibrary:NameMustBeSpecified');
  refused('a freed library', @() calllib(name, 'probe_int32', 3), 'MATLAB:calllib:NotFound', 'Library was not found');
  refused('libisloaded of a number', @() libisloaded(5), 'MATLAB:libisloaded:LibraryNameRequired');
  refused('libisloaded of nothing', @() libisloaded(), 'MATLAB:libisloaded:LibraryNameRequired');
  refused('libisloaded of two', @() libisloaded('a', 'b'), 'MATLAB:libisloaded:LibraryNameRequired');

  % Unloading while a pointer is there.
  quietly(@() loadlibrary(place.probe, place.header));
  pointer = libpointer('uint8Ptr', uint8(1:3));
  refused('unloading with a pointer', @() unloadlibrary(name), 'MATLAB:unloadlibrary:IsInUse', 'outstanding objects');
  same('it is still loaded', libisloaded(name), true);
  clear pointer
  unloadlibrary(name);
  same('and now it is not', libisloaded(name), false);

  % A header that is not the one that the table was made of.
  changed = fullfile(place.folder, 'changed');
  [~, ~] = mkdir(changed);
  copyfile(place.header, changed);
  file = fopen(fullfile(changed, 'probe.h'), 'a');
  fprintf(file, 'int32_t probe_new(void);\n');
  fclose(file);
  copyfile(place.header, fullfile(changed, 'tableless.h'));
  refused('a header without a table', @() loadlibrary(place.probe, fullfile(changed, 'tableless.h')), ...
      'strict:NoTable', 'build.sh');
  refused('a header of another day', @() loadlibrary(place.probe, fullfile(changed, 'probe.h')), ...
      'strict:StaleTable', 'run build.sh again');
end
