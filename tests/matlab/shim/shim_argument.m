function [value, kind] = shim_argument(value)
% How a value goes to the MEX function: 0 as it is, 1 as the id of a lib.pointer, 2 as the class of any other object.
  plain = {'double', 'single', 'int8', 'uint8', 'int16', 'uint16', 'int32', 'uint32', 'int64', 'uint64', 'logical', ...
      'char', ...
           'cell', 'struct'};
  kind = uint8(0);
  if isa(value, 'lib.pointer')
    value = value.id;
    kind = uint8(1);
  elseif ~any(strcmp(class(value), plain))
    value = class(value);
    kind = uint8(2);
  end
end
