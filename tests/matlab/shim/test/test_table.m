function test_table(place)
% The table of parfocal.h against the header's text, read a second time by simple means: nothing is missing, nothing is
% shifted.
  table = parfocal_h_table();
  text = fileread(place.parfocal_h);
  text = regexprep(text, '/\*.*?\*/', '');
  found = regexp(text, '(\w[\w ]*[ *])(parfocal_\w+)\(([^)]*)\);', 'tokens');
  same('as many functions', numel(table.functions), numel(found));
  spelled = {'int32_t', 'int32'; 'parfocal_status', 'int32'; 'uint64_t', 'uint64'; 'parfocal_model', 'uint64'; ...
             'parfocal_task', 'uint64'; 'parfocal_stream', 'uint64'; 'const char *', 'cstring'; ...
             'char *', 'cstring'; 'const uint8_t *', 'uint8Ptr'; ...
             'uint8_t *', 'uint8Ptr'; 'const uint16_t *', 'uint16Ptr'; 'uint16_t *', 'uint16Ptr'; 'const float *', ...
             'singlePtr'; ...
             'float *', 'singlePtr'; 'double *', 'doublePtr'; 'const int64_t *', 'int64Ptr'; 'uint64_t *', ...
             'uint64Ptr'; ...
             'parfocal_model *', 'uint64Ptr'; 'parfocal_task *', 'uint64Ptr'; 'parfocal_stream *', 'uint64Ptr'; ...
             'const void *', 'voidPtr'; 'void *', 'voidPtr'};
  for k = 1:numel(found)
    f = table.functions(k);
    same('the same function', f.name, found{k}{2});
    same([f.name ' returns'], f.lhs{1}, matlab_type(found{k}{1}, spelled));
    parameters = strtrim(strsplit(found{k}{3}, ','));
    if isequal(parameters, {'void'})
      parameters = {};
    end
    same([f.name ': arguments'], numel(f.rhs), numel(parameters));
    for a = 1:numel(parameters)
      declared = regexprep(parameters{a}, '\w+$', '');
      same(sprintf('%s: argument %d', f.name, a), f.rhs{a}{1}, matlab_type(declared, spelled));
    end
  end
  check('the functions of today', numel(found) >= 27, sprintf('%d found', numel(found)));
end

function type = matlab_type(text, spelled)
  at = find(strcmp(spelled(:, 1), strtrim(text)));
  type = ['? ' text];
  if ~isempty(at)
    type = spelled{at, 2};
  end
end
