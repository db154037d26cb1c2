function message = refused(action, status, varargin)
%REFUSED  Checks that ACTION fails as parfocal:STATUS with a message that contains all given words. Returns the message.

    failure = [];
    try
        action();
    catch failure
    end
    assert(~isempty(failure), '%s was expected to be refused', func2str(action));
    % Octave has no class MException, but its errors have the same fields.
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
