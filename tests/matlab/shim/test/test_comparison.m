function test_comparison(place)
% prototype_problems finds every mistake in a prototype of parfocal.h: each function, each argument, one at a time.
  table = parfocal_h_table();
  good = sound(table);
  same('a sound prototype', prototype_problems(as_prototype(good), table), {});
  direct = good;
  for k = 1:numel(direct)
    direct(k).calltype = 'cdecl';
    direct(k).thunk = '';
  end
  same('a sound one without thunks', prototype_problems(as_prototype(direct), table), {});
  bytes = direct;
  for k = 1:numel(bytes)
    bytes(k).rhs = strrep(bytes(k).rhs, 'cstring', 'uint8Ptr');
  end
  same('texts as bytes', prototype_problems(as_prototype(bytes), table), {});

  % Every type of every place made each of the others.
  types = {'int32', 'uint32', 'int64', 'uint64', 'double', 'int32Ptr', 'int64Ptr', 'uint64Ptr', 'uint8Ptr', ...
      'uint16Ptr', 'singlePtr', ...
           'doublePtr', 'voidPtr', 'cstring', 'ulong', 'uint64PtrPtr', 'error', 'nosuch'};
  tried = 0;
  for k = 1:numel(good)
    for a = 0:numel(good(k).rhs)
      for type = types
        allowed = table.functions(k).lhs;
        if a > 0
          allowed = table.functions(k).rhs{a};
        end
        if any(strcmp(allowed, type{1}))
          continue
        end
        wrong = direct;
        if a == 0
          wrong(k).lhs = type{1};
          piece = sprintf('%s: returns ''%s''', good(k).name, type{1});
        else
          wrong(k).rhs{a} = type{1};
          piece = sprintf('%s: argument %d is ''%s''', good(k).name, a, type{1});
        end
        tried = tried + 1;
        found = prototype_problems(as_prototype(wrong), table);
        if numel(found) ~= 1 || isempty(strfind(found{1}, piece))
          check('a wrong type', false, [piece ': ' strjoin(found, '; ')]);
        end
      end
    end
    expect([good(k).name ' without its last argument'], shorter(direct, k), table, good(k).name, ...
           sprintf('expected %d', numel(good(k).rhs)));
    longer = direct;
    longer(k).rhs{end + 1} = 'uint64';
    expect([good(k).name ' with one argument more'], longer, table, good(k).name, sprintf('%d arguments', ...
        numel(longer(k).rhs)));
    expect([good(k).name ' left out'], direct([1:k-1, k+1:end]), table, good(k).name, '0 times');
    expect([good(k).name ' twice'], direct([1:end, k]), table, good(k).name, '2 times');
    wrong = good;
    wrong(k).thunk = 'int32doubleThunk';
    expect([good(k).name ' with another thunk'], wrong, table, good(k).name, '''int32doubleThunk''');
    wrong = direct;
    wrong(k).thunk = good(k).thunk;
    expect([good(k).name ' with a thunk and cdecl'], wrong, table, good(k).name, 'with calltype cdecl');
    wrong = direct;
    wrong(k).calltype = 'stdcall';
    expect([good(k).name ' with another calltype'], wrong, table, good(k).name, '''stdcall''');
  end
  % Seventeen or so wrong types for each place: a loop that tries nothing must not pass.
  places = numel(good) + sum(cellfun(@numel, {good.rhs}));
  check('every place was tried', tried > 14 * places && places > 80, sprintf('%d types in %d places', tried, places));

  wrong = direct;
  wrong(2).name = 'parfocal_versoin';
  wrong(2).call = 'parfocal_versoin';
  expect('a misspelt name', wrong, table, 'parfocal_versoin: not in parfocal.h');
  wrong = direct;
  wrong(2).call = wrong(1).call;
  expect('an alias that is taken', wrong, table, wrong(2).name, ['called ''' wrong(1).call '''']);
  prototype = as_prototype(good);
  [fcns, ~, ~, ~] = prototype();
  found = prototype_problems(@() deal(fcns, [], [], ''), table);
  check('thunks without a library', numel(found) == numel(good) && ~isempty(strfind(found{1}, 'no thunk library')), ...
      strjoin(found, '; '));
  found = prototype_problems(@() deal(fcns, struct('box', struct('members', struct('a', 'int32'))), [], 'thunks'), ...
      table);
  same('a structure', found, {'structures are declared; the header has none'});
  same('its enumerations', prototype_problems(@() deal(fcns, [], table.enums, 'thunks'), table), {});
  enums = table.enums;
  enums.PARFOCAL_STATUS.PARFOCAL_STATUS_IO = 7;
  same('a wrong number', prototype_problems(@() deal(fcns, [], enums, 'thunks'), table), ...
       {'enum PARFOCAL_STATUS: not the members and values of the header'});
  same('an unknown enumeration', prototype_problems(@() deal(fcns, [], struct('BOX', struct('A', 1)), 'thunks'), ...
      table), ...
       {'enum BOX: not in the header'});
end

function expect(name, functions, table, varargin)
  found = prototype_problems(as_prototype(functions), table);
  text = strjoin(found, '; ');
  good = ~isempty(found);
  for k = 1:numel(varargin)
    good = good && ~isempty(strfind(text, varargin{k}));
  end
  check(name, good, ['found: ' text]);
end

function functions = shorter(functions, k)
  if isempty(functions(k).rhs)
    functions(k).rhs = {'int32', 'int32'};  % none to take away: two too many
  else
    functions(k).rhs = functions(k).rhs(1:end - 1);
  end
end

function functions = sound(table)
  functions = struct('name', {}, 'call', {}, 'calltype', {}, 'lhs', {}, 'rhs', {}, 'thunk', {});
  for k = 1:numel(table.functions)
    f = table.functions(k);
    rhs = cellfun(@(types) types{1}, f.rhs, 'UniformOutput', false);
    thunk = strjoin([f.lhs(1), regexprep(rhs, '.*Ptr$', 'voidPtr'), {'Thunk'}], '');
    if isempty(rhs)
      thunk = [f.lhs{1} 'voidThunk'];
    end
    functions(k) = struct('name', f.name, 'call', f.name, 'calltype', 'Thunk', 'lhs', f.lhs{1}, 'rhs', {rhs}, ...
        'thunk', thunk);
  end
end

function prototype = as_prototype(functions)
  fcns = struct('name', {{functions.name}}, 'calltype', {{functions.calltype}}, 'LHS', {{functions.lhs}}, 'RHS', ...
      {{functions.rhs}}, ...
                'alias', {{functions.call}}, 'thunkname', {{functions.thunk}});
  prototype = @() deal(fcns, [], [], 'thunks');
end
