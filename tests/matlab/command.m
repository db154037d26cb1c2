function output = command(varargin)
%COMMAND  Runs the command `parfocal`, which PARFOCAL_COMMAND names, and returns what it prints.

    words = cellfun(@(word) ['''' word ''''], varargin, 'UniformOutput', false);
    [status, output] = system(strjoin([{['''' getenv('PARFOCAL_COMMAND') '''']}, words, {'2>&1'}], ' '));
    assert(status == 0, '%s: %s', strjoin(words, ' '), output);
end
