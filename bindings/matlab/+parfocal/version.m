function text = version()
%PARFOCAL.VERSION  The version of Parfocal's library, '0.1.0' say.
%   The library is looked for in this order:
%     1. the file that the environment variable PARFOCAL_LIBRARY names, and then nowhere else
%     2. the folder lib of the archive that +parfocal came in
%     3. the folder lib beside +parfocal
%
%   See also parfocal.doctor, parfocal.Model

    text = parfocal.internal.native('version');
end
