function failures = run_tests(folder, library, model)
% RUN_TESTS  Every test of this folder: run_tests(FOLDER with what test.sh built, LIBRARY of Parfocal, MODEL file).
  here = fileparts(mfilename('fullpath'));
  place = struct('folder', folder, 'library', library, 'model', model, 'probe', fullfile(folder, 'libprobe.so'), ...
                 'header', fullfile(here, 'probe.h'), 'parfocal_h', fullfile(here, '..', '..', '..', '..', ...
                 'include', 'parfocal.h'));
  files = dir(fullfile(here, 'test_*.m'));
  failures = 0;
  for k = 1:numel(files)
    [~, test] = fileparts(files(k).name);
    printf('%s: ', test);
    try
      feval(test, place);
    catch failure
      check(test, false, sprintf('stopped: %s: %s (%s, line %d)', failure.identifier, failure.message, ...
          failure.stack(1).name, ...
                                 failure.stack(1).line));
    end
    left = shim_do('pointer.alive');
    check([test ' leaves no lib.pointer'], left == 0, sprintf('%d are left', left));
    failures = failures + check();
  end
end
