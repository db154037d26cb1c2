package org.parfocal.fiji;

import ij.IJ;
import ij.ImagePlus;
import java.awt.Rectangle;
import java.util.ArrayList;
import java.util.List;
import org.parfocal.Layout;
import org.parfocal.Parfocal;
import org.parfocal.PixelType;

/** Scores slices one after the other, so that a virtual stack is never in memory as a whole. */
final class FocusScores {
    private FocusScores() {}

    /**
     * @param slices slice numbers as ImageJ counts them, from 1
     * @param area the part that is scored, inside the image
     * @throws Stopped if Esc was pressed or the image was closed
     */
    static List<PlaneScore> of(ImagePlus image, int[] slices, Rectangle area) {
        PixelType type = Pixels.type(image);
        PlaneReader reader = new PlaneReader(image);
        List<PlaneScore> scores = new ArrayList<>();
        IJ.resetEscape();
        try (LockedImage held = new LockedImage(image, "scored")) {
            for (int slice : slices) {
                Stopped stopped =
                        IJ.escapePressed() ? new Stopped("Stopped by Esc; no table was made.", true) : held.gone();
                if (stopped != null) {
                    throw stopped;
                }
                double score = of(type, reader.pixels(slice), image.getWidth(), area);
                scores.add(new PlaneScore(image, slice, score));
                IJ.showProgress(scores.size(), slices.length);
            }
        } finally {
            IJ.showProgress(1.0);
        }
        return scores;
    }

    /** The score of a rectangle of one plane, without copying it. */
    private static double of(PixelType type, Object pixels, int width, Rectangle area) {
        Layout layout = Layout.of(area.width, area.height)
                .offset((long) area.y * width + area.x)
                .strides(1, width, 1, (long) width * area.height);
        return Parfocal.focusScore(type, pixels, pixels instanceof int[] ? layout.channels(3) : layout)[0];
    }

    /** The sharpest of these planes; null if none of them has any structure. */
    static PlaneScore sharpest(List<PlaneScore> scores) {
        PlaneScore best = null;
        for (PlaneScore score : scores) {
            if (score.score > (best == null ? 0 : best.score)) {
                best = score;
            }
        }
        return best;
    }
}
