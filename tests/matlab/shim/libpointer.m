function pointer = libpointer(varargin)
% LIBPOINTER  A lib.pointer: libpointer (NULL), libpointer(DataType) (NULL of a type), libpointer(DataType, Value) (a
% copy of Value).
  if nargin > 2
    error('MATLAB:dispatcher:noMatchingConstructor', '%s', ...
        'No constructor ''lib.pointer'' with matching signature found.');
  end
  type = '';
  if nargin > 0
    [type, good] = shim_text(varargin{1});
    if ~good
      error('MATLAB:libpointer:InvalidType', '%s', 'Type was not found. (libpointer: the type must be text)');
    end
  end
  if nargin < 2
    pointer = lib.pointer(shim_do('pointer.null', type));
  else
    [value, kind] = shim_argument(varargin{2});
    pointer = lib.pointer(shim_do('pointer.make', type, kind, value));
  end
end
