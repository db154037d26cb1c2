function m = opened(options)
%OPENED  The small network on one thread of the CPU: what the command of the tests uses, too.

    if nargin < 1
        options = 'device=cpu threads=1';
    end
    m = parfocal.Model(options, tiny());
end
