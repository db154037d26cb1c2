function loaded = libisloaded(varargin)
% LIBISLOADED  True if loadlibrary has loaded the library under this name and it was not unloaded since.
  good = false;
  if nargin == 1
    [name, good] = shim_text(varargin{1});
  end
  if ~good
    error('MATLAB:libisloaded:LibraryNameRequired', '%s', 'Library name must be a string or a character vector.');
  end
  loaded = shim_do('library.loaded', name);
end
