function test_scalars(place)
% Values by value: which classes are taken, what comes back, and everything that would change a value.
  quietly(@() loadlibrary(place.probe, place.header));
  call = @(varargin) calllib('libprobe', varargin{:});
  bounds = {'int8', -128, 127; 'uint8', 0, 255; 'int16', -32768, 32767; 'uint16', 0, 65535; 'int32', -2^31, ...
      2^31 - 1; ...
            'uint32', 0, 2^32 - 1};
  for k = 1:size(bounds, 1)
    f = ['probe_' bounds{k, 1}];
    for value = [bounds{k, 2:3} 1]
      same([f ' returns double'], call(f, value), value);
      same([f ' of its own class'], call(f, cast(value, bounds{k, 1})), value);
    end
    same([f ' of a logical'], call(f, true), 1);
    same([f ' of a single'], call(f, single(3)), 3);
    refused([f ' too large'], @() call(f, bounds{k, 3} + 1), 'strict:InexactScalar', f, 'argument 1', bounds{k, 1}, ...
        'too large');
    if bounds{k, 2} < 0
      refused([f ' too small'], @() call(f, bounds{k, 2} - 1), 'strict:InexactScalar', 'too small');
    else
      refused([f ' negative'], @() call(f, -1), 'strict:InexactScalar', 'negative');
    end
    refused([f ' of a fraction'], @() call(f, 2.7), 'strict:InexactScalar', 'no whole number');
    refused([f ' of a char'], @() call(f, 'A'), 'MATLAB:class:RequireNumeric', 'Value must be numeric or logical.', ...
        'char given');
    refused([f ' of a cell'], @() call(f, {1}), 'MATLAB:class:RequireNumeric', 'cell given');
    refused([f ' of a structure'], @() call(f, struct('x', 1)), 'MATLAB:class:RequireNumeric', 'struct given');
    refused([f ' of a string'], @() call(f, string('5')), 'MATLAB:class:RequireNumeric', 'string given');
    refused([f ' of a function handle'], @() call(f, @sin), 'MATLAB:class:RequireNumeric', 'function_handle given');
    refused([f ' of a complex'], @() call(f, 1 + 2i), 'MATLAB:class:RequireReal', 'Value must be real.');
    refused([f ' of nothing'], @() call(f, []), 'MATLAB:class:RequireScalar', 'Value must be a scalar.', '0 elements');
    refused([f ' of two'], @() call(f, [1 2]), 'MATLAB:class:RequireScalar', '2 elements');
    refused([f ' of NaN'], @() call(f, NaN), 'MATLAB:class:RequireNumber', 'Value must be a number.');
    refused([f ' of Inf'], @() call(f, Inf), 'strict:InexactScalar', '2^53');
    refused([f ' of a sparse'], @() call(f, sparse(3)), 'strict:Sparse', 'full(x)');
  end
  pointer = libpointer('int32Ptr', int32(1));
  refused('a pointer by value', @() call('probe_int32', pointer), 'MATLAB:class:RequireNumeric', 'lib.pointer given');

  % 64 bits: exact through an out-pointer, refused by return and as a double beyond 2^53.
  for value = {intmax('uint64'), uint64(0), uint64(9007199254740993), 2^53, 7, true}
    [out] = call('probe_uint64', value{1}, uint64(0));
    same('uint64 through a pointer', out, uint64(value{1}));
  end
  for value = {intmax('int64'), intmin('int64'), -2^53, int8(-3)}
    [out] = call('probe_int64', value{1}, int64(0));
    same('int64 through a pointer', out, int64(value{1}));
  end
  refused('a double beyond 2^53', @() call('probe_uint64', 2^53 + 2, uint64(0)), 'strict:InexactScalar', '2^53');
  refused('a negative uint64', @() call('probe_uint64', int64(-1), uint64(0)), 'strict:InexactScalar', 'negative');
  refused('an int64 too large', @() call('probe_int64', intmax('uint64'), int64(0)), 'strict:InexactScalar', ...
      'too large');
  refused('int64 by return', @() call('probe_int64_returned'), 'strict:Return64', 'loses bits', 'out-pointer');
  refused('uint64 by return', @() call('probe_uint64_returned'), 'strict:Return64', 'uint64');

  % Floating point.
  same('double', call('probe_double', 2.5), 3.5);
  same('double of an int8', call('probe_double', int8(2)), 3);
  same('double of NaN', call('probe_double', NaN), NaN);
  same('double of Inf', call('probe_double', -Inf), -Inf);
  same('single', call('probe_single', 2.5), 3.5);
  same('single of NaN', call('probe_single', NaN), NaN);
  refused('a single that is a double', @() call('probe_single', 0.1), 'strict:InexactScalar', 'more digits');
  refused('a double of a large int64', @() call('probe_double', intmax('int64')), 'strict:InexactScalar', '2^53');

  % How many.
  refused('too few arguments', @() call('probe_int32'), 'MATLAB:calllib:NoMatchingSignatureFound', ...
      'No method with matching signature.', ...
          'probe_int32', '0 arguments given, 1 expected');
  refused('too many arguments', @() call('probe_int32', 1, 2), 'MATLAB:calllib:NoMatchingSignatureFound', ...
      '2 arguments given, 1 expected');
  refused('too many outputs', @() two(call, 'probe_int32', 1), 'MATLAB:calllib:NoMatchingSignatureFound', ...
      '2 outputs given, 1 expected');
  refused('an output of nothing', @() one(call, 'probe_nothing'), 'MATLAB:calllib:NoMatchingSignatureFound', ...
      '1 outputs given, 0 expected');
  refused('an unknown function', @() call('probe_nosuch'), 'MATLAB:calllib:MethodNotFound', 'Method was not found.');
  refused('no function', @() calllib('libprobe'), 'MATLAB:calllib:NameAndFunctionNeeded', ...
      'both the library name and function name');
  refused('a number as the function', @() calllib('libprobe', 5), 'MATLAB:calllib:NameAndFunctionNeeded');
  refused('nothing at all', @() calllib(), 'MATLAB:calllib:NameAndFunctionNeeded');
  calllib('libprobe', 'probe_nothing');
  check('a call without outputs', true);
  clear pointer
  unloadlibrary('libprobe');
end

function x = one(call, varargin)
  x = call(varargin{:});
end

function [x, y] = two(call, varargin)
  [x, y] = call(varargin{:});
end
