function varargout = native(verb, varargin)
%NATIVE  Calls the C library, by MATLAB's calllib or Octave's gateway. All calls go through here.
%   [...] = native(verb, ...) loads the library if necessary, and raises a failure as parfocal:<STATUS> with the
%   library's message. throughCalllib.m and parfocal_gateway.c have the verbs, with inputs and outputs.
%   streamReceive returns [] instead of a frame when it runs out of time.

    call = parfocal.internal.backend();
    parfocal.internal.ensureLoaded(call);
    outputs = cell(1, max(nargout, 0));
    [status, outputs{:}] = call(verb, varargin{:});
    if status ~= 0
        TIMEOUT = 14;
        if status == TIMEOUT && strcmp(verb, 'streamReceive')
            outputs{1} = [];
        else
            % At once: the next failure on this thread replaces the message.
            [~, name, message] = call('failure', status);
            error(['parfocal:' name], '%s', message);
        end
    end
    varargout = outputs;
end
