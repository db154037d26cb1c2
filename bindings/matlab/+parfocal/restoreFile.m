function restoreFile(input, output, options, openOptions)
%PARFOCAL.RESTOREFILE  Restores one TIFF file with the built-in model: same type, compression and metadata.
%   parfocal.restoreFile(INPUT, OUTPUT). OUTPUT must not exist; it appears complete or not at all.
%   parfocal.restoreFile(INPUT, OUTPUT, OPTIONS) has options of the run, such as "tile=512 normalize=stack".
%   parfocal.restoreFile(INPUT, OUTPUT, OPTIONS, OPENOPTIONS) has options of opening the model, such as "device=cpu
%   threads=2". It shares nothing with other calls, so it may be used in a parfor loop. For many files in one process
%   open a parfocal.Model once.
%
%   See also parfocal.Model/restoreFile

    if nargin < 3
        options = '';
    end
    if nargin < 4
        openOptions = '';
    end
    m = parfocal.Model(openOptions);
    closing = onCleanup(@() m.close());
    m.restoreFile(input, output, options);
end
