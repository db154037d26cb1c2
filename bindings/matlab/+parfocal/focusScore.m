function scores = focusScore(image)
%PARFOCAL.FOCUSSCORE  How sharp each plane is: larger is sharper, 0 is a constant plane.
%   SCORES = parfocal.focusScore(I) returns a column, one number for each plane of I. Classes and sizes of I are those
%   of parfocal.Model/restore. The score has no unit, and gain and offset of the camera do not change it. It compares
%   planes of one field at one magnification. NaN and infinite pixels are ignored. No model is needed.
%
%       [~, sharpest] = max(parfocal.focusScore(stack));
%
%   See also parfocal.Model/restore

    [pixels, layout] = parfocal.internal.frames(image);
    scores = parfocal.internal.native('focusScore', pixels, layout.strides, layout.shape);
end
