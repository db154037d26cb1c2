function problems = prototype_problems(prototype, table)
% PROTOTYPE_PROBLEMS  Where a prototype function differs from the header: prototype_problems(@prototype,
% parfocal_h_table).
%   A cell of sentences, empty if every function of the header is there once and agrees in its return and in every
%   argument, and if every thunk's name is that of its signature: MATLAB calls a thunk by name, and one of another
%   signature reads other arguments.
  [fcns, structs, enuminfo, thunks] = prototype();
  functions = prototype_functions(fcns);
  problems = {};
  calls = {functions.call};
  for k = 1:numel(functions)
    f = functions(k);
    at = find(strcmp({table.functions.name}, f.name));
    if isempty(at)
      problems{end + 1} = sprintf('%s: not in %s', f.name, table.header);
    else
      problems = [problems compared(f, table.functions(at))];
    end
    if sum(strcmp(calls, f.call)) > 1
      problems{end + 1} = sprintf('%s: called ''%s'' as another function is', f.name, f.call);
    end
    problems = [problems thunk_problems(f, thunks)];
  end
  for k = 1:numel(table.functions)
    times = sum(strcmp({functions.name}, table.functions(k).name));
    if times ~= 1
      problems{end + 1} = sprintf('%s: %d times in the prototype, expected once', table.functions(k).name, times);
    end
  end
  if isstruct(structs) && ~isempty(fieldnames(structs))
    problems{end + 1} = 'structures are declared; the header has none';
  end
  problems = [problems enum_problems(enuminfo, table.enums)];
end

function problems = compared(f, wanted)
  problems = {};
  if isempty(wanted.lhs) && ~isempty(f.lhs) || ~isempty(wanted.lhs) && ~any(strcmp(wanted.lhs, f.lhs))
    problems{end + 1} = sprintf('%s: returns ''%s'', expected %s (%s)', f.name, f.lhs, one_of(wanted.lhs), ...
        wanted.declaration);
  end
  if numel(f.rhs) ~= numel(wanted.rhs)
    problems{end + 1} = sprintf('%s: %d arguments, expected %d (%s)', f.name, numel(f.rhs), numel(wanted.rhs), ...
        wanted.declaration);
    return
  end
  for a = 1:numel(f.rhs)
    if ~any(strcmp(wanted.rhs{a}, f.rhs{a}))
      problems{end + 1} = sprintf('%s: argument %d is ''%s'', expected %s (%s)', f.name, a, f.rhs{a}, ...
          one_of(wanted.rhs{a}), ...
                                  wanted.declaration);
    end
  end
end

function problems = thunk_problems(f, thunks)
  problems = {};
  if strcmp(f.calltype, 'cdecl')
    if ~isempty(f.thunk)
      problems{end + 1} = sprintf('%s: a thunk ''%s'' with calltype cdecl', f.name, f.thunk);
    end
    return
  elseif ~strcmp(f.calltype, 'Thunk')
    problems{end + 1} = sprintf('%s: calltype ''%s'', expected Thunk or cdecl', f.name, f.calltype);
    return
  end
  if isempty(f.rhs)
    wanted = [thunk_type(f.lhs) 'voidThunk'];
  else
    parts = cellfun(@thunk_type, f.rhs, 'UniformOutput', false);
    wanted = [thunk_type(f.lhs) parts{:} 'Thunk'];
  end
  if ~strcmp(f.thunk, wanted)
    problems{end + 1} = sprintf('%s: thunk ''%s'', expected ''%s''', f.name, f.thunk, wanted);
  end
  if isempty(thunks)
    problems{end + 1} = sprintf('%s: calltype Thunk, but the prototype names no thunk library', f.name);
  end
end

function name = thunk_type(type)
  % All pointers are voidPtr there, but cstring keeps its name.
  name = type;
  if isempty(type)
    name = 'void';
  elseif ~isempty(regexp(type, 'Ptr$', 'once'))
    name = 'voidPtr';
  end
end

function problems = enum_problems(enuminfo, enums)
  % Enumerations may be left out; one that is there must be the header's.
  problems = {};
  if ~isstruct(enuminfo)
    return
  end
  names = fieldnames(enuminfo);
  for k = 1:numel(names)
    if ~isfield(enums, names{k})
      problems{end + 1} = sprintf('enum %s: not in the header', names{k});
    elseif ~isequal(orderfields(enuminfo.(names{k})), orderfields(enums.(names{k})))
      problems{end + 1} = sprintf('enum %s: not the members and values of the header', names{k});
    end
  end
end

function text = one_of(types)
  text = strjoin(types, ' or ');
  if isempty(types)
    text = 'nothing';
  end
end
