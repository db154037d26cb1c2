package org.parfocal.fiji;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ij.IJ;
import ij.ImagePlus;
import ij.VirtualStack;
import ij.gui.Line;
import ij.gui.OvalRoi;
import ij.gui.PointRoi;
import ij.gui.Roi;
import ij.gui.ShapeRoi;
import ij.process.ByteProcessor;
import ij.process.IntProcessor;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What cannot be done, and the message that says what, which value, and what to do. The image is as it was each time.
 */
class BadInputTest {
    private static final String RUN = Images.CPU + "options=threads=1 ";

    @TempDir
    Path folder;

    private static void refused(ImagePlus image, String options, String expected) {
        Object[] before = Images.copies(image);
        String message = Images.message(image, options);
        assertTrue(message.contains(expected), message);
        assertTrue(Images.equal(before, Images.pixels(image)));
        assertFalse(image.isLocked());
        assertFalse(image.changes);
    }

    @AfterEach
    void nothingIsLeftLockedOrBusy() {
        ImagePlus image = Images.single(8, 16, 16);
        Images.restore(image, RUN);
    }

    @Test
    void noImage() {
        assertEquals(
                "No image is open. Open the image to restore, or click into its window, and repeat.",
                Images.message(null, RUN));
    }

    @Test
    void eightBitColour() {
        ImagePlus image = Images.single(24, 20, 20);
        new ij.process.ImageConverter(image).convertRGBtoIndexedColor(64);
        refused(
                image,
                RUN,
                "is an 8-bit colour image: its numbers are places in a colour table, not brightness, and cannot be "
                        + "restored. Convert it first: Image > Type > RGB Color");
    }

    @Test
    void integersOf32Bits() {
        ImagePlus image = new ImagePlus("ints", new IntProcessor(20, 20));
        refused(
                image,
                RUN,
                "\"ints\" has 32-bit integers, which cannot be restored. Convert it first: Image > Type > 32-bit.");
    }

    @ParameterizedTest
    @CsvSource({"crop to selection", "inside selection"})
    void selectionsThatAreNoArea(String region) {
        ImagePlus image = Images.single(8, 20, 20);
        String options = RUN + "region=[" + region + "]";
        refused(
                image,
                options,
                "Region: \"" + region + "\" needs a selection, and \"single.tif\" has none. Draw a rectangle");
        image.setRoi(new Line(1, 1, 5, 5));
        refused(image, options, "needs an area, and the selection is a straight line. Draw a rectangle");
        image.setRoi(new PointRoi(3, 3));
        refused(image, options, "needs an area, and the selection is a point.");
        image.setRoi(new Roi(30, 30, 5, 5));
        refused(image, options, "the selection has no pixels inside the image, which is 20 x 20 pixels. Draw it anew");
        // Its bounding rectangle reaches into the corner of the image, the oval does not.
        image.setRoi(new OvalRoi(-18, -18, 20, 20));
        refused(image, options, "the selection is empty. Draw it anew");
        image.setRoi(new ShapeRoi(new OvalRoi(2, 2, 8, 8)).not(new ShapeRoi(new Roi(0, 0, 15, 15))));
        refused(image, options, "needs a selection");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "slices=3-1 | Slices: \"3-1\" runs backwards. Write 1-3.",
                "slices=x | Slices: \"x\" is not a range. Write numbers and ranges such as 1-3,5, or leave the "
                        + "field blank for all.",
                "slices=99 | Slices: there is no 99 in \"99\"; this image has 1 to 5.",
                "slices=0-2 | Slices: there is no 0",
                "slices=1-2-3 | Slices: \"1-2-3\" is not a range.",
                "slices=[1, ,3] | Slices: \"1, ,3\" is not a range.",
                "channels=2 | Channels: there is no 2 in \"2\"; this image has only 1.",
                "frames=-1 | Frames: \"-1\" is not a range.",
                "slices=99999999999 | Slices: \"99999999999\" is not a range."
            })
    void ranges(String options, String expected) {
        refused(Images.stack(8, 16, 16, 5), RUN + options, expected);
    }

    @Test
    void aModelFileThatIsNone() throws IOException {
        ImagePlus image = Images.single(8, 16, 16);
        Path text = folder.resolve("notes about models.onnx");
        Files.write(text, "not a model".getBytes(StandardCharsets.UTF_8));
        refused(image, "model=[" + text + "] device=cpu", "notes about models.onnx: not an ONNX file");
        refused(
                image,
                "model=[" + folder.resolve("gone.onnx") + "] device=cpu",
                "gone.onnx: no such file; expected an ONNX model");
        refused(image, "model=[" + folder + "] device=cpu", folder + ": is not a regular file; expected an ONNX model");
        Path colours = new File("../tests/models/three_channels.onnx")
                .getAbsoluteFile()
                .toPath();
        refused(
                image,
                "model=[" + colours + "] device=cpu",
                "three_channels.onnx: input 'image' is f32 [?, 3, ?, ?]; expected");
    }

    @Test
    void noGpuWhereOneWasAskedFor() {
        // This copy of ONNX Runtime has no CUDA, so this holds on a machine with a GPU, too.
        String message = Images.message(Images.single(8, 16, 16), "model=[" + Images.TINY + "] device=cuda");
        assertTrue(message.contains("cuda") && message.contains("device=cpu"), message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "options=[tile=huge] | tile",
                "options=[threads=0] | threads",
                "options=[nonsense=1] | nonsense",
                "options=[tile] | tile",
                "options=[mode=latest] | mode",
                "device=gpu | gpu",
                "options=device=cpu | is chosen by Device"
            })
    void engineOptions(String options, String expected) {
        refused(Images.single(8, 16, 16), "model=[" + Images.TINY + "] " + options, expected);
    }

    @Test
    void aMistypedKey() {
        refused(
                Images.single(8, 16, 16),
                RUN + "plane=all",
                "\"plane\" is not one of its keys, which are model, device, planes");
    }

    @Test
    void outputFiles() throws IOException {
        ImagePlus image = Images.stack(8, 16, 16, 2);
        String file = RUN + "output=[TIFF file] ";
        refused(image, file, "File: with \"TIFF file\" it is the path of the file to write, and it is blank.");
        refused(
                image,
                file + "file=[" + folder.resolve("no such/out.tif") + "]",
                "no such does not exist. Make it first");
        Path there = folder.resolve("there already.tif");
        Files.write(there, new byte[] {1, 2, 3});
        refused(
                image,
                file + "file=[" + there + "]",
                "there already.tif exists already. Choose another name, or delete it first.");
        assertEquals(3, Files.size(there));
        Images.restore(image, file + "file=[" + folder.resolve("without extension") + "]");
        assertTrue(Files.exists(folder.resolve("without extension.tif")));
        if (new File("/proc/self").isDirectory()) {
            refused(image, file + "file=/proc/out.tif", "/proc/out.tif cannot be written");
        }
        assertEquals(2, folder.toFile().list().length, "no temporary file is left");
    }

    @Test
    void aFileThatCannotBeFinishedLeavesNothing() {
        // The third plane cannot be read.
        VirtualStack broken = new VirtualStack(16, 16, 3, "8-bit") {
            @Override
            public ij.process.ImageProcessor getProcessor(int n) {
                return n == 3 ? null : new ByteProcessor(16, 16);
            }
        };
        ImagePlus image = new ImagePlus("broken", broken);
        String message = Images.message(image, RUN + "output=[TIFF file] file=[" + folder.resolve("out.tif") + "]");
        assertTrue(message.contains("Plane 3 of \"broken\" cannot be read"), message);
        assertEquals(0, folder.toFile().list().length);
        message = Images.message(image, RUN);
        assertTrue(message.contains("Plane 3 of \"broken\" cannot be read"), message);
    }

    @Test
    void aHugeVirtualStack() {
        ImagePlus image = new ImagePlus("huge", Images.virtual(2000, 2000, 100_000));
        String message = Images.message(image, RUN);
        assertTrue(message.startsWith("The result needs 762939 MB of memory, and ImageJ has "), message);
        assertTrue(
                message.contains(" MB left. Choose Output: \"TIFF file\", which needs one plane at a time"), message);
        message = Images.message(image, RUN + "output=[TIFF file] file=[" + folder.resolve("out.tif") + "]");
        assertTrue(message.startsWith("File: the result needs 762939 MB, and the disk of "), message);
    }

    @Test
    void virtualStacksAreNotChangedInPlace() {
        ImagePlus image = new ImagePlus("virtual", Images.virtual(20, 20, 3));
        String message = Images.message(image, RUN + "output=[in place]");
        assertTrue(
                message.contains(
                        "\"virtual\" is a virtual stack, whose pixels are on the disk and cannot be changed in place. "
                                + "Choose \"new image\""),
                message);
        message = Images.message(image, Images.CPU + "options=normalize=stack");
        assertTrue(
                message.contains(
                        "normalize=stack looks at all planes together, and a virtual stack is restored plane by plane"),
                message);
    }

    @Test
    void aCropDoesNotFitInPlace() {
        ImagePlus image = Images.single(8, 20, 20);
        image.setRoi(2, 2, 8, 8);
        refused(
                image,
                RUN + "region=[crop to selection] output=[in place]",
                "a cropped result is smaller than \"single.tif\"");
    }

    @Test
    void pixelsThatAreNoNumbers() {
        ImagePlus image = Images.stack(32, 40, 30, 2);
        float[] some = (float[]) image.getStack().getPixels(1);
        some[3] = Float.NaN;
        some[4] = Float.POSITIVE_INFINITY;
        java.util.Arrays.fill((float[]) image.getStack().getPixels(2), Float.NaN);
        ImagePlus result = Images.restore(image, RUN);
        float[] restored = (float[]) result.getStack().getPixels(1);
        assertTrue(Float.isNaN(restored[3]) && restored[4] == Float.POSITIVE_INFINITY);
        assertTrue(Float.isFinite(restored[5]));
        assertTrue(Images.equal(
                new Object[] {image.getStack().getPixels(2)},
                new Object[] {result.getStack().getPixels(2)}));
        String info = result.getInfoProperty();
        assertTrue(
                info.contains(
                        "Parfocal pixels left as they were, because they are no numbers (NaN or infinite): 1202\n"),
                info);
        assertTrue(info.contains("Parfocal planes left as they were, because all pixels are equal: 1\n"), info);
    }

    @Test
    void anImageThatAnotherCommandHasLocked() throws InterruptedException {
        ImagePlus image = Images.single(8, 16, 16);
        Thread other = new Thread(image::lockSilently);
        other.start();
        other.join();
        String message = Images.message(image, RUN);
        assertTrue(message.startsWith("\"single.tif\" is locked, because another command is at work on it."), message);
        assertTrue(image.isLocked());
        image.unlock();
        IJ.getErrorMessage();
    }
}
