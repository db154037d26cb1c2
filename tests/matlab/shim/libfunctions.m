function names = libfunctions(varargin)
% LIBFUNCTIONS  The functions of a loaded library: libfunctions(name) lists names, libfunctions(name, '-full')
% signatures.
  if nargin < 1
    error('MATLAB:narginchk:notEnoughInputs', 'Not enough input arguments.');
  elseif nargin > 2
    error('MATLAB:narginchk:tooManyInputs', 'Too many input arguments.');
  end
  name = shim_text(varargin{1});
  full = nargin == 2;
  if full && ~strcmp(shim_text(varargin{2}), '-full')
    error('MATLAB:badopt', 'Unknown command option.');
  end
  if ~shim_do('library.loaded', name)
    if nargout > 0
      names = [];
    else
      printf('\nNo class ''lib.%s''.\n\n', name);
    end
    return
  end
  functions = shim_do('library.functions', name);
  found = cell(numel(functions), 1);
  [~, order] = sort({functions.call});
  for k = 1:numel(functions)
    f = functions(order(k));
    found{k} = f.call;
    if full
      found{k} = signature(f);
    end
  end
  if nargout > 0
    names = found;
  else
    printf('\nFunctions in library %s:\n\n', name);
    printf('%s\n', found{:});
    printf('\n');
  end
end

function text = signature(f)
  % [int32 lhs1, uint64Ptr lhs2] name(uint64Ptr rhs1): pointers are outputs, too.
  lhs = {};
  if ~isempty(f.lhs)
    lhs{end + 1} = f.lhs;
    if ~isempty(regexp(f.lhs, 'Ptr$', 'once'))
      lhs{end} = 'lib.pointer';
    end
  end
  rhs = cell(1, numel(f.rhs));
  for k = 1:numel(f.rhs)
    rhs{k} = sprintf('%s rhs%d', f.rhs{k}, k);
    if strcmp(f.rhs{k}, 'cstring') || (~isempty(regexp(f.rhs{k}, 'Ptr$', 'once')) && ~strcmp(f.rhs{k}, 'FcnPtr'))
      lhs{end + 1} = f.rhs{k};
    end
  end
  for k = 1:numel(lhs)
    lhs{k} = sprintf('%s lhs%d', lhs{k}, k);
  end
  text = f.call;
  if numel(lhs) == 1
    text = [lhs{1} ' ' text];
  elseif numel(lhs) > 1
    text = ['[' strjoin(lhs, ', ') '] ' text];
  end
  if ~isempty(rhs)
    text = [text '(' strjoin(rhs, ', ') ')'];
  end
end
