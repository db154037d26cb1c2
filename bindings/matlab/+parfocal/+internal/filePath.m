function value = filePath(value, what)
%FILEPATH  A path argument as characters, with ~/ replaced by the home folder, as in dir and exist. WHAT names it in
%   errors.

    value = parfocal.internal.text(value, what);
    if ~ispc() && strncmp(value, '~/', 2) && ~isempty(getenv('HOME'))
        value = [getenv('HOME') value(2:end)];
    end
end
