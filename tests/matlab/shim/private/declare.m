function [notfound, told] = declare(library, functions, structures)
% Declares functions to a library that is open. notfound: those that it has not. told: the warnings to give, in MATLAB's
% order.
  names = fieldnames(structures);
  for k = 1:numel(names)
    shim_do('library.structure', library, names{k}, structures.(names{k}));
  end
  notfound = {};
  told = struct('identifier', {}, 'message', {});
  missing = told;
  for k = 1:numel(functions)
    f = functions(k);
    check_types(f);
    check_call_type(f);
    if any(strcmp([{f.lhs} f.rhs], 'error'))
      % What MATLAB's parser writes for a type that it could not read: a union, a long double, "...".
      told(end + 1) = note('TypeNotFound', sprintf('The data type ''error'' used by function %s does not exist.', ...
          f.name));
    end
    if isfield(structures, f.lhs)
      % "MATLAB returns pointers to structures. Return by value is not supported."
      told(end + 1) = note('InvalidFunctionReturnType', ...
        sprintf('The function return type of ''%s'' for function %s is not supported.', f.lhs, f.name));
      notfound{end + 1} = f.name;
      continue
    end
    if ~shim_do('library.declare', library, f.name, f.call, f.lhs, f.rhs, f.thunk)
      missing(end + 1) = note('FunctionNotFound', sprintf('The function ''%s'' was not found in the library', f.name));
      notfound{end + 1} = f.name;
    end
  end
  told = [told missing];
  if isempty(notfound)
    notfound = cell(0, 0);
  end
end

function made = note(name, message)
  made = struct('identifier', ['MATLAB:loadlibrary:' name], 'message', message);
end

function check_types(f)
  for type = [{f.lhs} f.rhs]
    if ~isempty(regexp(type{1}, '^u?long(Ptr)*$', 'once'))
      error('strict:Long', '%s: the type ''%s'' has 32 bits on Windows and 64 elsewhere: use an exact one', f.name, ...
          type{1});
    elseif ~isempty(regexp(type{1}, '^bool(Ptr)*$', 'once'))
      error('strict:Bool', '%s: the type ''%s'' has no place in the interface: use int32', f.name, type{1});
    end
  end
end

function check_call_type(f)
  switch f.calltype
    case 'header'
    case 'Thunk'
      if isempty(f.thunk)
        error('strict:Prototype', 'prototype: %s: calltype Thunk needs a thunkname', f.name);
      end
    case 'cdecl'
      % Without a thunk R2025b passed 1 for a double of 2.5 (recorded); whole numbers and pointers arrived.
      if any(ismember([{f.lhs} f.rhs], {'single', 'double'}))
        error('strict:CallType', 'prototype: %s: floating point by value needs calltype Thunk', f.name);
      end
    otherwise
      error('strict:CallType', 'prototype: %s: calltype ''%s'': the shim has Thunk and cdecl', f.name, f.calltype);
  end
end
