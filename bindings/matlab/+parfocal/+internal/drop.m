function drop()
%DROP  Closes a model or stream that was opened but not taken, because Ctrl-C came before its handle was stored.

    try
        call = parfocal.internal.backend();
        call('drop');
    catch  % nothing could be opened, and the caller says why
    end
end
