function shutdown(timeout_s)
%PARFOCAL.SHUTDOWN  Ends Parfocal in this session, so that its library may be unloaded.
%   parfocal.shutdown() closes all models and streams, and waits up to 10 seconds for calls that still run.
%   parfocal.shutdown(SECONDS) waits that long; Inf without end. It is an error (parfocal:TIMEOUT) if a call still runs.
%   Afterwards every other function of this package is an error (parfocal:CLOSED) until MATLAB is started again. At the
%   end of MATLAB the same happens by itself.
%
%   See also parfocal.Model, parfocal.doctor

    if nargin < 1
        timeout_s = 10;
    end
    if ~isnumeric(timeout_s) || ~isscalar(timeout_s) || ~(timeout_s >= 0)
        error('parfocal:INVALID_ARGUMENT', 'SECONDS must be a number of at least 0; Inf waits without end');
    end
    milliseconds = -1;
    if timeout_s < 2e6
        milliseconds = round(timeout_s * 1000);
    end
    parfocal.internal.native('shutdown', milliseconds);
end
