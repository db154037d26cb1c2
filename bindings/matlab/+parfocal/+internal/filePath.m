function value = filePath(value, what)
%FILEPATH  A path of a caller as characters; ~/ at its begin is the home folder, as dir and exist take it. WHAT names it in the message.

    value = parfocal.internal.text(value, what);
    if ~ispc() && strncmp(value, '~/', 2) && ~isempty(getenv('HOME'))
        value = [getenv('HOME') value(2:end)];
    end
end
