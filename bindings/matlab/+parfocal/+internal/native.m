function varargout = native(verb, varargin)
%NATIVE  One call into the C library, by MATLAB's calllib or Octave's gateway; the only way there.
%   [...] = native(verb, ...) loads the library where it is not loaded yet, calls, and raises the library's failure as
%   parfocal:<STATUS> with its message. The verbs, with inputs and outputs, are those of throughCalllib.m and parfocal_gateway.c.
%   streamReceive that only ran out of time is no failure: it gives [] instead of a frame.

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
