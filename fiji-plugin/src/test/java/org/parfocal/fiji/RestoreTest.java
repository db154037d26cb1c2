package org.parfocal.fiji;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ij.IJ;
import ij.ImagePlus;
import ij.WindowManager;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.parfocal.Layout;
import org.parfocal.ParfocalModel;
import org.parfocal.PixelType;

/** Every pixel type and dimension order: the result is what the library makes of each plane by itself. */
class RestoreTest {
    static Object library(Object pixels, int width, int height) {
        Object result = Pixels.copy(pixels);
        PixelType type =
                pixels instanceof short[] ? PixelType.U16 : pixels instanceof float[] ? PixelType.F32 : PixelType.U8;
        Layout layout = Layout.of(width, height).channels(pixels instanceof int[] ? 3 : 1);
        try (ParfocalModel model = ParfocalModel.open(Images.TINY, "device=cpu threads=1")) {
            model.restore(type, pixels, layout, result, layout, "", null);
        }
        return result;
    }

    static Object[] library(ImagePlus image) {
        Object[] planes = Images.pixels(image);
        for (int i = 0; i < planes.length; i++) {
            planes[i] = library(planes[i], image.getWidth(), image.getHeight());
        }
        return planes;
    }

    @ParameterizedTest
    @CsvSource({
        "8,1,1,1",
        "16,1,1,1",
        "24,1,1,1",
        "32,1,1,1",
        "8,1,3,1",
        "16,1,1,3",
        "24,1,3,1",
        "32,1,3,1",
        "8,2,3,1",
        "16,2,3,2",
        "32,3,1,2",
        "16,4,1,1",
        "24,1,2,2",
        "16,1,2,3",
        "8,9,1,1"
    })
    void everyPlaneIsRestored(int bits, int channels, int slices, int frames) {
        ImagePlus image = Images.hyperstack(bits, 61, 47, channels, slices, frames);
        Object[] before = Images.copies(image);
        ImagePlus result = Images.restore(image, Images.CPU + "options=threads=1");
        assertNotSame(image, result);
        assertEquals(bits, result.getBitDepth());
        assertArrayEquals(image.getDimensions(), result.getDimensions());
        assertTrue(Images.equal(before, Images.pixels(image)), "the input is as it was");
        assertFalse(Images.equal(before, Images.pixels(result)), "the result is another");
        assertTrue(Images.equal(library(image), Images.pixels(result)), "the result is the library's");
    }

    @ParameterizedTest
    @ValueSource(ints = {8, 16, 24, 32})
    void inPlaceTakesTheResultIntoTheSameArrays(int bits) {
        ImagePlus image = Images.hyperstack(bits, 40, 30, 1, 3, 1);
        Object[] arrays = image.getStack().getImageArray().clone();
        Object[] expected = library(image);
        assertSame(image, Images.restore(image, Images.CPU + "output=[in place] options=threads=1"));
        assertTrue(Images.equal(expected, Images.pixels(image)));
        for (int i = 0; i < 3; i++) {
            assertSame(arrays[i], image.getStack().getPixels(i + 1));
        }
        assertTrue(image.changes);
        assertTrue(image.getInfoProperty().contains("Parfocal model: tiny 0"), image.getInfoProperty());
    }

    @Test
    void inPlaceASingleImage() {
        ImagePlus image = Images.single(16, 40, 30);
        Object[] expected = library(image);
        Images.restore(image, Images.CPU + "output=[in place] options=threads=1");
        assertTrue(Images.equal(expected, Images.pixels(image)));
    }

    @Test
    void onlyTheCurrentPlane() {
        ImagePlus image = Images.hyperstack(16, 40, 30, 2, 3, 2);
        image.setPosition(2, 3, 1);
        ImagePlus result = Images.restore(image, Images.CPU + "planes=current options=threads=1");
        assertEquals(1, result.getStackSize());
        Object expected = library(image)[image.getStackIndex(2, 3, 1) - 1];
        assertTrue(Pixels.equal(expected, result.getProcessor().getPixels()));
        assertEquals("label " + image.getStackIndex(2, 3, 1), result.getStack().getSliceLabel(1));
    }

    @Test
    void onlyTheCurrentPlaneInPlace() {
        ImagePlus image = Images.hyperstack(8, 40, 30, 2, 3, 2);
        image.setPosition(1, 2, 2);
        int current = image.getCurrentSlice();
        Object[] expected = Images.copies(image);
        expected[current - 1] = library(image)[current - 1];
        Images.restore(image, Images.CPU + "planes=current output=[in place] options=threads=1");
        assertTrue(Images.equal(expected, Images.pixels(image)));
    }

    @Test
    void rangesOfChannelsSlicesAndFrames() {
        ImagePlus image = Images.hyperstack(16, 32, 24, 3, 4, 2);
        ImagePlus result = Images.restore(image, Images.CPU + "channels=1,3 slices=2-3 options=threads=1");
        assertArrayEquals(new int[] {32, 24, 2, 2, 2}, result.getDimensions());
        Object[] all = library(image);
        for (int t = 1; t <= 2; t++) {
            for (int z = 1; z <= 2; z++) {
                for (int c = 1; c <= 2; c++) {
                    int source = image.getStackIndex(2 * c - 1, z + 1, t);
                    int target = result.getStackIndex(c, z, t);
                    assertTrue(Pixels.equal(all[source - 1], result.getStack().getPixels(target)));
                    assertEquals("label " + source, result.getStack().getSliceLabel(target));
                }
            }
        }
    }

    @Test
    void noOptionsAtAllAreTheDefaults() {
        // The built-in model: a small image, because it is the real one.
        ImagePlus image = Images.single(8, 32, 32);
        WindowManager.setTempCurrentImage(image);
        IJ.getErrorMessage();
        new RestoreFocus().run("");
        assertEquals(null, IJ.getErrorMessage());
        assertNotSame(image, WindowManager.getCurrentImage());
    }

    @Test
    void optionsReachTheEngine() {
        ImagePlus image = Images.single(32, 200, 200);
        ImagePlus whole = Images.restore(image, Images.CPU + "options=threads=1");
        ImagePlus fixed = Images.restore(image, Images.CPU + "options=[threads=1 normalize=0:5000]");
        assertFalse(Images.equal(Images.pixels(whole), Images.pixels(fixed)));
        ImagePlus tiled = Images.restore(image, Images.CPU + "options=[tile=64 threads=1]");
        assertTrue(tiled.getInfoProperty().contains("Parfocal tile: 64"), tiled.getInfoProperty());
        assertTrue(
                tiled.getInfoProperty().contains("Parfocal options: device=cpu threads=1 tile=64"),
                tiled.getInfoProperty());
    }

    @Test
    void normalizeStackLooksAtAllPlanesTogether() {
        ImagePlus image = Images.stack(16, 40, 30, 3);
        image.getStack().getProcessor(2).multiply(4);
        ImagePlus frame = Images.restore(image, Images.CPU + "options=threads=1");
        ImagePlus stack = Images.restore(image, Images.CPU + "options=[threads=1 normalize=stack]");
        assertFalse(Images.equal(Images.pixels(frame), Images.pixels(stack)));
    }

    @Test
    void signed16BitImagesKeepTheirMeaning() {
        ImagePlus image = Images.single(16, 40, 30);
        image.getProcessor().add(30000);
        image.getLocalCalibration().setSigned16BitCalibration();
        ImagePlus result = Images.restore(image, Images.CPU + "options=threads=1");
        assertTrue(result.getCalibration().isSigned16Bit());
        assertTrue(Images.equal(library(image), Images.pixels(result)));
    }

    @Test
    void anInvertingLutStays() {
        ImagePlus image = Images.single(8, 40, 30);
        image.getProcessor().invertLut();
        ImagePlus result = Images.restore(image, Images.CPU + "options=threads=1");
        assertTrue(result.isInvertedLut());
        assertTrue(Images.equal(library(image), Images.pixels(result)), "the numbers count, not how they are shown");
    }
}
