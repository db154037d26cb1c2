function message = refused(action, status, varargin)
%REFUSED  The message with which ACTION fails; an error unless it fails as parfocal:STATUS and the message has all the
%   words given.

    failure = [];
    try
        action();
    catch failure
    end
    assert(~isempty(failure), '%s was expected to be refused', func2str(action));
    % Octave has no class MException, but what it catches has the same fields.
    assert(isa(failure, 'MException') || exist('OCTAVE_VERSION', 'builtin') ~= 0, 'failed with a %s', class(failure));
    assert(strcmp(failure.identifier, ['parfocal:' status]), 'failed as ''%s'', not parfocal:%s: %s', ...
        failure.identifier, status, ...
        failure.message);
    message = failure.message;
    for k = 1:numel(varargin)
        assert(~isempty(strfind(message, varargin{k})), 'the message lacks ''%s'': %s', varargin{k}, ...
            message); %#ok<STREMP>
    end
end
