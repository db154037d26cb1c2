classdef pointer < handle
% LIB.POINTER  Typed memory that libpointer or a library made. Its rules are in mex/pointer.c.
  properties (Dependent)
    Value     % a copy of what is pointed to; setting it replaces that
  end
  properties (Dependent, SetAccess = private)
    DataType  % 'uint16Ptr' for example
  end
  properties (Hidden, SetAccess = private)
    id = uint64(0);
  end
  methods
    function p = pointer(id)
      p.id = id;
    end
    function value = get.Value(p)
      value = shim_do('pointer.get', p.id);
    end
    function set.Value(p, value)
      [value, kind] = shim_argument(value);
      shim_do('pointer.set', p.id, kind, value);
    end
    function type = get.DataType(p)
      type = shim_do('pointer.type', p.id);
    end
    function yes = isNull(p)
      yes = shim_do('pointer.is_null', p.id);
    end
    function q = plus(p, n)
      if ~isa(p, 'lib.pointer')
        error('MATLAB:m_missing_variable_or_function', 'Invalid use of operator.');
      end
      [n, kind] = shim_argument(n);
      if kind ~= 0
        n = '';  % refused as no number
      end
      q = lib.pointer(shim_do('pointer.plus', p.id, n));
    end
    function reshape(p, rows, columns)
      shim_do('pointer.reshape', p.id, rows, columns);
    end
    function setdatatype(p, type, rows, columns)
      shim_do('pointer.set_data_type', p.id, shim_text(type), rows, columns);
    end
    function out = get(p, name)
      if nargin < 2
        out = struct('Value', p.Value, 'DataType', p.DataType);
      else
        out = p.(name);
      end
    end
    function set(p, name, value)
      p.(name) = value;
    end
    function yes = eq(p, q)
      yes = isa(p, 'lib.pointer') && isa(q, 'lib.pointer') && p.id == q.id;
    end
    function disp(~)
      disp('libpointer');
    end
    function delete(p)
      shim_do('pointer.free', p.id);
    end
  end
end
