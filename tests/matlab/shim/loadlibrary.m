function [notfound, warnings] = loadlibrary(varargin)
% LOADLIBRARY  Loads a C library: loadlibrary(libname, header), loadlibrary(libname, @prototype), and Name, Value after
% them.
%   A header is read from the table that build.sh made of it. Options: 'alias' only.
  notfound = [];
  warnings = '';
  if nargin == 0
    error('MATLAB:loadlibrary:NotEnoughInputs', 'The library name must be specified.');
  end
  file = text_or_refuse(varargin{1});
  alias = alias_in(varargin(3:end));
  [~, stem] = fileparts(file);
  name = stem;
  if ~isempty(alias)
    name = alias;
  end
  if shim_do('library.loaded', name)
    warning('MATLAB:loadlibrary:ClassIsLoaded', 'The library class ''%s'' already exists.  Use a classname alias.', ...
        name);
    return
  end
  if ~isvarname(name)
    error('strict:LibraryName', 'loadlibrary: ''%s'' makes lib.%s, which is no name in MATLAB: give an ''alias''', ...
        file, name);
  end
  source = [stem '.h'];
  if nargin > 1
    source = varargin{2};
  end
  path = library_file(file);
  [functions, structures, thunks] = declarations(source, path);
  shim_do('library.open', name, path, thunk_file(thunks));
  try
    [notfound, told] = declare(name, functions, structures);
  catch failure
    shim_do('library.close', name);
    rethrow(failure);
  end
  for k = 1:numel(told)
    warning(told(k).identifier, '%s', told(k).message);
  end
  if nargout == 0
    clear notfound
  end
end

function text = text_or_refuse(value)
  [text, good] = shim_text(value);
  if ~good
    error('MATLAB:string:MustBeStringScalarOrCharacterVector', 'Argument must be a text scalar.');
  end
end

function alias = alias_in(options)
  known = {'addheader', 'includepath', 'alias', 'mfilename', 'thunkfilename'};
  alias = '';
  for k = 1:2:numel(options)
    option = shim_text(options{k});
    if ~any(strcmp(option, known))
      error('MATLAB:loadlibrary:InvalidOption', 'Option %s is not a valid loadlibrary option.', option);
    elseif ~strcmp(option, 'alias')
      error('strict:Option', ...
          'loadlibrary: the shim has no ''%s'': one header without others, and no files are written', option);
    elseif k == numel(options)
      error('MATLAB:badsubscript', 'Index exceeds the number of array elements. Index must not exceed %d.', ...
          numel(options));
    end
    [alias, good] = shim_text(options{k + 1});
    if ~good
      error('MATLAB:libisloaded:LibraryNameRequired', '%s', 'Library name must be a string or a character vector.');
    end
  end
end

function path = library_file(file)
  % As given, then in the current folder, then on the path; .so may be left off. What is not found is left to the
  % loader.
  [~, ~, extension] = fileparts(file);
  if isempty(extension)
    file = [file '.so'];
  end
  path = file;
  if exist(file, 'file') == 2
    path = make_absolute_filename(file);
  else
    found = file_in_loadpath(file);
    if ~isempty(found)
      path = found;
    end
  end
end

function path = thunk_file(thunks)
  path = thunks;
  [~, ~, extension] = fileparts(thunks);
  if ~isempty(thunks) && isempty(extension)
    path = [thunks '.so'];
  end
end
