function [status, output] = session(code, varargin)
%SESSION  Runs code in a new session with this session's path, and with environment variables: session(CODE,
%   'NAME=VALUE', ...).

    octave = fullfile(OCTAVE_HOME(), 'bin', 'octave-cli');
    quoted = @(word) ['''' strrep(word, '''', '''\''''') ''''];
    file = [tempname() '.m'];
    cleaning = onCleanup(@() delete(file));
    out = fopen(file, 'w');
    fprintf(out, 'path(''%s'');\n%s\n', strrep(path(), '''', ''''''), code);
    fclose(out);
    words = [{'env'}, cellfun(quoted, varargin, 'UniformOutput', false), {octave, '-qf', '--no-history', ...
        quoted(file), '2>&1'}];
    [status, output] = system(strjoin(words, ' '));
end
