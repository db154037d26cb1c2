function text = version()
%PARFOCAL.VERSION  The version of Parfocal's library, '0.1.0' for example.
%   The library is searched in this order:
%     1. the file in the environment variable PARFOCAL_LIBRARY; if it is set, nowhere else
%     2. the folder lib of the archive that +parfocal came in
%     3. the folder lib beside +parfocal
%
%   See also parfocal.doctor, parfocal.Model

    text = parfocal.internal.native('version');
end
