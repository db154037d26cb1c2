function unloadlibrary(varargin)
% UNLOADLIBRARY  Unloads a library by its name or alias; refused while a lib.pointer is there.
  good = false;
  if nargin == 1
    [name, good] = shim_text(varargin{1});
  end
  if ~good
    error('MATLAB:unloadlibrary:NameMustBeSpecified', '%s', 'Library name must be specified.');
  end
  shim_do('library.close', name);
end
