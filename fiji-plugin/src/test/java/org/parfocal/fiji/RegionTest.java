package org.parfocal.fiji;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ij.ImagePlus;
import ij.gui.OvalRoi;
import ij.gui.Roi;
import java.awt.Rectangle;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Part of an image: the network sees the selection with the model's halo around it, and only the selection changes. */
class RegionTest {
    /** Of the tiny model. */
    private static final int HALO = 176;

    private static final String RUN = Images.CPU + "options=threads=1 ";

    private static ImagePlus image(int bits) {
        return Images.stack(bits, 420, 400, 2);
    }

    /** What the library makes of a rectangle by itself, as an image. */
    private static ImagePlus restoredRectangle(ImagePlus image, Rectangle seen) {
        Roi roi = image.getRoi();
        image.setRoi(seen);
        ImagePlus part = image.crop("stack");
        image.setRoi(roi);
        return Images.restore(part, RUN);
    }

    @ParameterizedTest
    @ValueSource(ints = {8, 16, 24, 32})
    void cropToTheSelection(int bits) {
        ImagePlus image = image(bits);
        image.setRoi(new Rectangle(200, 20, 50, 31));
        // As far as the image goes: on the right and above it ends before the halo does.
        Rectangle seen = new Rectangle(200 - HALO, 0, HALO + 50 + 170, 20 + 31 + HALO);
        assertEquals(
                seen,
                Region.of(image, Settings.parse("region=[crop to selection]")).seen(HALO));
        ImagePlus part = restoredRectangle(image, seen);
        ImagePlus result = Images.restore(image, RUN + "region=[crop to selection]");
        assertArrayEquals(new int[] {50, 31, 1, 2, 1}, result.getDimensions());
        for (int n = 1; n <= 2; n++) {
            for (int y = 0; y < 31; y++) {
                for (int x = 0; x < 50; x++) {
                    assertArrayEquals(
                            part.getStack().getProcessor(n).getPixel(x + HALO, y + 20, null),
                            result.getStack().getProcessor(n).getPixel(x, y, null));
                }
            }
        }
        assertEquals("crop to selection, x 200, y 20, 50 x 31 pixels", result.getStringProperty("Parfocal region"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"[new image]", "[in place]"})
    void restoreInsideAndKeepTheRest(String output) {
        for (int bits : new int[] {8, 16, 24, 32}) {
            ImagePlus image = image(bits);
            image.setRoi(new OvalRoi(-10, 150, 60, 40));
            Object[] before = Images.copies(image);
            Rectangle seen = new Rectangle(0, 0, 50 + HALO, 190 + HALO);
            ImagePlus part = restoredRectangle(image, seen);
            ImagePlus result = Images.restore(image, RUN + "region=[inside selection] output=" + output);
            Roi roi = image.getRoi();
            int inside = 0;
            for (int n = 1; n <= 2; n++) {
                ImagePlus old = new ImagePlus("", Pixels.processor(before[n - 1], 420, 400));
                for (int y = 0; y < 400; y++) {
                    for (int x = 0; x < 420; x++) {
                        boolean in = roi.contains(x, y);
                        inside += in ? 1 : 0;
                        assertArrayEquals(
                                in
                                        ? part.getStack().getProcessor(n).getPixel(x, y, null)
                                        : old.getProcessor().getPixel(x, y, null),
                                result.getStack().getProcessor(n).getPixel(x, y, null),
                                () -> "bits " + bits);
                    }
                }
            }
            assertTrue(inside > 2000, "" + inside);
        }
    }

    @Test
    void aSelectionOfAllIsTheWholeImage() {
        ImagePlus image = Images.single(16, 60, 50);
        Object[] whole = Images.pixels(Images.restore(image, RUN));
        image.setRoi(0, 0, 60, 50);
        assertTrue(Images.equal(whole, Images.pixels(Images.restore(image, RUN + "region=[crop to selection]"))));
        assertTrue(Images.equal(whole, Images.pixels(Images.restore(image, RUN + "region=[inside selection]"))));
    }
}
