function failures = check(name, good, detail)
% CHECK  Counts and reports one check: check(name, good, detail). check() tells how many failed and starts again.
  persistent counted failed
  if isempty(counted)
    counted = 0;
    failed = 0;
  end
  if nargin == 0
    printf('%d checks, %d failed\n', counted, failed);
    failures = failed;
    if counted == 0
      failures = 1;
    end
    counted = 0;
    failed = 0;
    return
  end
  counted = counted + 1;
  if ~isequal(good, true)
    failed = failed + 1;
    if nargin < 3
      detail = '';
    end
    printf('FAILED %s: %s\n', name, detail);
  end
end
