function [functions, structures, thunks] = declarations(source, library)
% What a library has: from a prototype function (a handle or its name), or from the table of a header.
%   functions: a structure array with name, call, calltype, lhs ('' for none), rhs, thunk. structures: fields by name.
  if is_function_handle(source)
    [functions, structures, thunks] = from_prototype(source, library);
    return
  end
  [header, good] = shim_text(source);
  if ~good
    error('MATLAB:string:MustBeStringScalarOrCharacterVector', 'Argument must be a text scalar.');
  end
  [~, stem, extension] = fileparts(header);
  if ~strcmp(extension, '.h') && exist(stem, 'file') == 2 && exist(header, 'file') ~= 2
    [functions, structures, thunks] = from_prototype(str2func(stem), library);
    return
  end
  table = header_table(header, library);
  structures = table.structures;
  thunks = '';
  functions = struct('name', {}, 'call', {}, 'calltype', {}, 'lhs', {}, 'rhs', {}, 'thunk', {});
  for k = 1:numel(table.functions)
    f = table.functions(k);
    lhs = '';
    if ~isempty(f.lhs)
      lhs = f.lhs{1};
    end
    rhs = cell(1, numel(f.rhs));
    for a = 1:numel(f.rhs)
      rhs{a} = f.rhs{a}{1};
    end
    functions(k) = struct('name', f.name, 'call', f.name, 'calltype', 'header', 'lhs', lhs, 'rhs', {rhs}, 'thunk', '');
  end
end

function table = header_table(header, library)
  % The header itself must be there and be the one that the table was made of.
  path = header;
  if exist(path, 'file') ~= 2
    path = fullfile(fileparts(library), header);
  end
  if exist(path, 'file') ~= 2
    path = file_in_loadpath(header);
  end
  if isempty(path) || exist(path, 'file') ~= 2
    error('MATLAB:loadlibrary:FileNotFound', 'Could not find file %s.', header);
  end
  [~, stem] = fileparts(path);
  maker = [stem '_h_table'];
  if exist(maker, 'file') ~= 2
    error('strict:NoTable', ...
        'loadlibrary: no table of %s: make one with build.sh %s FOLDER and put FOLDER on the path', header, header);
  end
  table = feval(maker);
  if ~strcmp(hash('sha256', fileread(path)), table.sha256)
    error('strict:StaleTable', 'loadlibrary: %s is not the header that %s was made of: run build.sh again', path, ...
        maker);
  end
end

function [functions, structures, thunks] = from_prototype(prototype, library)
  try
    [fcns, structs, ~, thunks] = prototype();
  catch failure
    error(failure.identifier, 'There was an error loading the library "%s"\n%s', library, failure.message);
  end
  functions = prototype_functions(fcns);
  structures = struct();
  if isstruct(structs)
    names = fieldnames(structs);
    for k = 1:numel(names)
      structures.(names{k}) = fieldnames(structs.(names{k}).members)';
    end
  end
  if isempty(thunks)
    thunks = '';
  end
end
