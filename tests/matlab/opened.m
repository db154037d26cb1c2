function m = opened(options)
%OPENED  Opens the small network on one CPU thread, as the tests' command does.

    if nargin < 1
        options = 'device=cpu threads=1';
    end
    m = parfocal.Model(options, tiny());
end
