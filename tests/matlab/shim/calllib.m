function varargout = calllib(varargin)
% CALLLIB  Calls a function of a library that loadlibrary loaded: [x1, ..., xN] = calllib(libname, funcname, arg1, ...,
% argN).
%   Outputs: the returned value, then one for each pointer argument. mex/call.c and mex/arguments.c have the rules.
  if nargin < 2
    names_needed();
  end
  [library, good] = shim_text(varargin{1});
  [name, good_too] = shim_text(varargin{2});
  if ~good || ~good_too
    names_needed();
  end
  given = varargin(3:end);
  kinds = zeros(1, numel(given), 'uint8');
  for k = 1:numel(given)
    [given{k}, kinds(k)] = shim_argument(given{k});
  end
  outputs = shim_do('call', library, name, nargout, kinds, given);
  for k = 1:numel(outputs)
    if isstruct(outputs{k}) && isfield(outputs{k}, 'shim_pointer')
      outputs{k} = lib.pointer(outputs{k}.shim_pointer);
    end
  end
  varargout = outputs;
end

function names_needed()
  error('MATLAB:calllib:NameAndFunctionNeeded', '%s', ...
      'To call a function both the library name and function name are needed.');
end
