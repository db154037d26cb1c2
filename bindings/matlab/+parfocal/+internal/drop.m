function drop()
%DROP  Closes a model or stream that was opened and not taken, because Ctrl-C came before its number was anywhere.

    try
        call = parfocal.internal.backend();
        call('drop');
    catch  % nothing could be opened, and the caller says why
    end
end
