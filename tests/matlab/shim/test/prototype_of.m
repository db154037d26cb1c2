function prototype = prototype_of(varargin)
% PROTOTYPE_OF  A prototype function from rows {name, calltype, LHS, RHS, alias, thunkname}; a text among them is the
% thunk library.
  fields = {'name', 'calltype', 'LHS', 'RHS', 'alias', 'thunkname'};
  fcns = struct();
  for k = 1:numel(fields)
    fcns.(fields{k}) = {};
  end
  thunks = '';
  for row = varargin
    if ischar(row{1})
      thunks = row{1};
      continue
    end
    for k = 1:numel(fields)
      fcns.(fields{k}){end + 1} = row{1}{k};
    end
  end
  prototype = @() deal(fcns, [], [], thunks);
end
