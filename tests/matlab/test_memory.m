function tests = test_memory()
%TEST_MEMORY  Resident memory stays flat over 1,000 rounds of open, restore, close; fewer rounds with the slower
%   stand-in for calllib.
    count = 1000;
    if isequal(parfocal.internal.backend(), @parfocal.internal.throughCalllib)
        count = 300;
    end
    tests = {
        'cycles of closing', @() cycles(@(m) m.close(), count)
        'cycles of clearing', @() cycles(@(m) [], 100)
        'what is lost on purpose is seen', @lost
        'failures', @failures
        'calls of Octave''s gateway', @calls
    };
end

function cycles(finish, count)
    LIMIT = 2e6;  % bytes over all of them; 100 models left open are far more, see below
    image = specimen([64 64], 'uint8');
    grown = growth(@() cycle(image, finish), count);
    assert(grown < LIMIT, '%d cycles left %.1f MB', count, grown / 1e6);
    fprintf('%d cycles of open, restore and close: resident memory %+.2f MB\n', count, grown / 1e6);
end

function cycle(image, finish)
    m = opened();
    m.restore(image);
    finish(m);
end

% Bytes of resident memory that COUNT rounds take, after some to warm up: the middle of three looks at each end.
function bytes = growth(action, count)
    for k = 1:max(50, count / 5)
        action();
    end
    before = resident();
    for k = 1:count
        action();
    end
    bytes = resident() - before;
end

function bytes = resident()
    found = zeros(1, 3);
    for k = 1:3
        kib = regexp(fileread('/proc/self/status'), 'VmRSS:\s*(\d+) kB', 'tokens', 'once');
        found(k) = 1024 * str2double(kib{1});
        pause(0.05);
    end
    bytes = median(found);
end

% The measurement must notice 100 models that stay open.
function lost()
    global kept %#ok<GVMIS>
    kept = {};
    grown = growth(@keep, 100);
    kept = {};
    clear -global kept
    assert(grown > 10e6, '100 models left open took only %.1f MB: the measurement sees nothing', grown / 1e6);
end

function keep()
    global kept %#ok<GVMIS>
    kept{end + 1} = opened();
end

function failures()
    m = opened();
    image = specimen([200 200 3], 'uint8');
    action = @() refused(@() m.restore(image, '', @(done, total) error('parfocal:CANCELLED', 'as asked')), ...
        'CANCELLED', 'as asked');
    grown = growth(action, 100);
    % A stream left open needs at least 120 kB.
    assert(grown < 5e6, '100 ended runs left %.1f MB', grown / 1e6);
end

% Octave 7 does not free text arguments of MEX functions: 70 bytes a call, unless the gateway frees them.
function calls()
    call = parfocal.internal.backend();
    if isequal(call, @parfocal.internal.throughCalllib)
        return
    end
    opened();  % loads the library
    COUNT = 20000;
    grown = growth(@() call('version'), COUNT);
    assert(grown < 20 * COUNT, '%d calls left %.2f MB', COUNT, grown / 1e6);
end
