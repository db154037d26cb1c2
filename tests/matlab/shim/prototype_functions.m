function functions = prototype_functions(fcns)
% The functions of a prototype's first output as a structure array: name, call, calltype, lhs ('' for none), rhs, thunk.
%   fcns is one structure of cells, name, calltype, LHS, RHS, alias, thunkname, as MATLAB's own prototype files have it;
%   alias and thunkname may be shorter than name.
  fields = {'name', 'calltype', 'LHS', 'RHS', 'alias', 'thunkname'};
  if ~isstruct(fcns) || numel(fcns) ~= 1
    error('strict:Prototype', 'prototype: the first output must be one structure; %s of %d given', class(fcns), ...
        numel(fcns));
  end
  for k = 1:numel(fields)
    if ~isfield(fcns, fields{k}) || ~iscell(fcns.(fields{k}))
      error('strict:Prototype', 'prototype: the structure needs a cell ''%s''', fields{k});
    end
  end
  count = numel(fcns.name);
  functions = struct('name', {}, 'call', {}, 'calltype', {}, 'lhs', {}, 'rhs', {}, 'thunk', {});
  for k = 1:count
    name = fcns.name{k};
    if ~ischar(name) || isempty(name)
      error('strict:Prototype', 'prototype: entry %d has no name', k);
    end
    if numel(fcns.calltype) < k || numel(fcns.LHS) < k || numel(fcns.RHS) < k
      error('strict:Prototype', 'prototype: %s has no calltype, LHS or RHS', name);
    end
    lhs = fcns.LHS{k};
    if isempty(lhs)
      lhs = '';
    end
    rhs = fcns.RHS{k};
    if isempty(rhs)
      rhs = {};
    end
    if ~ischar(lhs) || ~iscellstr(rhs)
      error('strict:Prototype', 'prototype: %s: LHS must be text or [], RHS a cell of texts or []', name);
    end
    call = name;
    if numel(fcns.alias) >= k && ~isempty(fcns.alias{k})
      call = fcns.alias{k};
    end
    thunk = '';
    if numel(fcns.thunkname) >= k && ~isempty(fcns.thunkname{k})
      thunk = fcns.thunkname{k};
    end
    functions(k) = struct('name', name, 'call', call, 'calltype', fcns.calltype{k}, 'lhs', lhs, 'rhs', {rhs}, ...
        'thunk', thunk);
  end
end
