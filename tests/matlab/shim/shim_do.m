function result = shim_do(varargin)
% One command of the MEX function; its refusals become errors here.
  [result, refusal] = shim_mex(varargin{:});
  if ~isempty(refusal)
    error(refusal.identifier, '%s', refusal.message);
  end
end
