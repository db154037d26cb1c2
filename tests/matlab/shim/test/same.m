function same(name, got, wanted)
% SAME  Checks that two values have the same class, size and content.
  good = strcmp(class(got), class(wanted)) && isequal(size(got), size(wanted)) && isequaln_(got, wanted);
  check(name, good, sprintf('got %s, wanted %s', shown(got), shown(wanted)));
end

function yes = isequaln_(a, b)
  yes = isequal(a, b) || (isfloat(a) && isfloat(b) && all(isnan(a(:)) == isnan(b(:))) && isequal(a(~isnan(a)), ...
      b(~isnan(b))));
end

function text = shown(value)
  if isnumeric(value) || islogical(value) || ischar(value)
    text = [class(value) ' ' mat2str(size(value)) ' ' disp(value)];
  else
    text = [class(value) ' ' mat2str(size(value))];
  end
end
