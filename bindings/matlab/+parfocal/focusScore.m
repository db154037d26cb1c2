function scores = focusScore(image)
%PARFOCAL.FOCUSSCORE  How sharp each plane is: larger is sharper, 0 is a constant plane.
%   SCORES = parfocal.focusScore(I) gives a column, one number for each plane of I, which has the classes and sizes of parfocal.Model/restore.
%   Neither gain nor offset of the camera changes the score, and it has no unit: it compares planes of one field at one magnification.
%   NaN and infinite pixels are left out. No model is needed.
%
%       [~, sharpest] = max(parfocal.focusScore(stack));
%
%   See also parfocal.Model/restore

    [pixels, layout] = parfocal.internal.frames(image);
    scores = parfocal.internal.native('focusScore', pixels, layout.strides, layout.shape);
end
