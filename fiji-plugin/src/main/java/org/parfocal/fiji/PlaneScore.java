package org.parfocal.fiji;

import ij.ImagePlus;
import ij.measure.Calibration;

/** How sharp one slice of an image is, and where in the image it lies. */
final class PlaneScore {
    /** ImageJ's number of the slice, from 1. */
    final int slice;

    final int channel;
    final int z;
    final int frame;
    /** Along z, in the image's units. */
    final double position;

    final String label;
    /** Larger is sharper, 0 is a constant plane. */
    final double score;

    PlaneScore(ImagePlus image, int slice, double score) {
        int[] place = image.convertIndexToPosition(slice);
        this.slice = slice;
        this.channel = place[0];
        this.z = place[1];
        this.frame = place[2];
        Calibration calibration = image.getCalibration();
        this.position = calibration.getZ(z - 1);
        this.label = labelOf(image, slice);
        this.score = score;
    }

    /** As ImageJ's own tables have it: the image's title and the first line of the slice's label. */
    private static String labelOf(ImagePlus image, int slice) {
        String label = image.getStack().getShortSliceLabel(slice);
        return label == null || label.isEmpty() ? image.getTitle() : image.getTitle() + ":" + label;
    }
}
