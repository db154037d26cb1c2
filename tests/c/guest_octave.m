function guest_octave(model, what, number)
%GUEST_OCTAVE  An Octave with the library in it: guest_octave(MODEL, 'live', SECONDS) opens, restores and lives on;
%   guest_octave(MODEL, 'leave', MICROSECONDS) ends by status 7 while a thread of the library restores.

    started = tic();
    [width, height] = deal(256, 192);
    image = uint16(400 + mod(reshape(0:width * height - 1, height, width) * 7, 901));
    if strcmp(what, 'live')
        m = parfocal.Model('device=cpu threads=2', model);
        m.restore(image);
        pause(number);
        m.close();
        return
    end
    handle = parfocal.internal.native('open', model, 'device=cpu threads=2');
    shape = int64([width, height, 1, 1]);
    U16 = int32(2);
    stream = parfocal.internal.native('streamOpen', handle, U16, shape, 'mode=latest');
    tag = 0;
    while toc(started) * 1e6 < number
        parfocal.internal.native('streamSubmit', stream, image, int64([height, 1, 0, 0]), uint64(tag));
        tag = tag + 1;
    end
    exit(7);
end
