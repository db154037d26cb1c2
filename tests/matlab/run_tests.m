function run_tests(varargin)
%RUN_TESTS  Runs all tests of +parfocal, or those of the named files: run_tests('test_pixels'). Fails at the end if a
%   test failed. The path must have the folders of +parfocal and of this file, and the shim's if it stands in for
%   MATLAB's calllib. The environment variable PARFOCAL_COMMAND names the command to compare with.

    here = fileparts(mfilename('fullpath'));
    names = varargin;
    if isempty(names)
        found = dir(fullfile(here, 'test_*.m'));
        names = sort(cellfun(@(file) file(1:end - 2), {found.name}, 'UniformOutput', false));
    end
    way = func2str(parfocal.internal.backend());
    [passed, failed] = deal(0);
    for name = names
        tests = feval(name{1});
        for k = 1:size(tests, 1)
            started = tic();
            try
                tests{k, 2}();
                passed = passed + 1;
                if toc(started) > 5
                    fprintf('%s: %s took %.0f s\n', name{1}, tests{k, 1}, toc(started));
                end
            catch failure
                failed = failed + 1;
                fprintf('FAILED %s: %s: %s\n', name{1}, tests{k, 1}, failure.message);
                for level = 1:min(numel(failure.stack), 6)
                    fprintf('    %s:%d\n', failure.stack(level).name, failure.stack(level).line);
                end
            end
        end
    end
    fprintf('through %s: %d passed, %d failed\n', way, passed, failed);
    assert(failed == 0, '%d tests failed', failed);
end
