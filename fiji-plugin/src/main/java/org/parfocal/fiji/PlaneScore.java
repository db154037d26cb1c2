package org.parfocal.fiji;

import ij.ImagePlus;
import ij.measure.Calibration;

/** The focus score of one slice, and its place in the image. */
final class PlaneScore {
    /** The slice number as ImageJ counts, from 1. */
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

    /** The image's title and the first line of the slice's label, as in ImageJ's own tables. */
    private static String labelOf(ImagePlus image, int slice) {
        String label = image.getStack().getShortSliceLabel(slice);
        return label == null || label.isEmpty() ? image.getTitle() : image.getTitle() + ":" + label;
    }
}
