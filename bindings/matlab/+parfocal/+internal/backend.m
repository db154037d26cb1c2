function call = backend()
%BACKEND  The function that calls the library on this system: a function handle.
%   MATLAB uses loadlibrary; Octave, which does not have it, uses parfocal_gateway.mex.

    persistent chosen
    if isempty(chosen)
        if exist('loadlibrary') ~= 0 %#ok<EXIST> % a file in MATLAB, built in or not by release
            chosen = @parfocal.internal.throughCalllib;
        elseif exist('parfocal_gateway') == 3 %#ok<EXIST>
            chosen = @parfocal_gateway;
        else
            folder = fileparts(fileparts(fileparts(mfilename('fullpath'))));
            error('parfocal:NOT_FOUND', ...
                'parfocal_gateway.%s: not on the path; Octave needs it: run build_octave once in %s', mexext(), folder);
        end
    end
    call = chosen;
end
