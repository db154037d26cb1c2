package org.parfocal.fiji;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.eclipsesource.json.JsonArray;
import ij.CompositeImage;
import ij.IJ;
import ij.ImagePlus;
import ij.gui.OvalRoi;
import ij.gui.Overlay;
import ij.gui.Roi;
import ij.gui.TextRoi;
import ij.measure.Calibration;
import ij.process.LUT;
import java.awt.Color;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a result keeps of its image: one list, line by line, of everything. */
class MetadataTest {
    private static final String RUN = Images.CPU + "options=threads=1 ";

    /** A composite with something in every place that ImageJ has for it. */
    private static CompositeImage everything() {
        CompositeImage image = (CompositeImage) Images.hyperstack(16, 60, 50, 3, 4, 2);
        image.setTitle("cells.day 2.ome.tif");
        Calibration calibration = image.getCalibration();
        calibration.pixelWidth = 0.25;
        calibration.pixelHeight = 0.5;
        calibration.pixelDepth = 2;
        calibration.frameInterval = 30;
        calibration.setTimeUnit("min");
        calibration.setUnit("micron");
        calibration.xOrigin = 11;
        calibration.yOrigin = 7;
        calibration.zOrigin = 2;
        calibration.fps = 12;
        calibration.setFunction(Calibration.STRAIGHT_LINE, new double[] {1.5, 2}, "photons");
        image.setChannelLut(LUT.createLutFromColor(Color.orange), 1);
        image.setChannelLut(LUT.createLutFromColor(Color.cyan), 2);
        image.setChannelLut(LUT.createLutFromColor(Color.magenta), 3);
        for (int c = 1; c <= 3; c++) {
            image.getChannelLut(c).min = 10 * c;
            image.getChannelLut(c).max = 1000 + c;
        }
        image.setMode(IJ.COMPOSITE);
        image.getActiveChannels()[1] = false;
        image.setPosition(2, 3, 2);
        image.getChannelLut(2).min = 20;
        image.setDisplayRange(20, 1002);
        Overlay overlay = new Overlay(new TextRoi(20, 15, "here"));
        Roi second = new Roi(30, 20, 5, 5);
        second.setPosition(1, 3, 2);
        second.setName("nucleus");
        second.setStrokeColor(Color.red);
        overlay.add(second);
        image.setOverlay(overlay);
        image.setRoi(new OvalRoi(20, 10, 16, 12));
        image.setProperty("Info", "Objective: 20x");
        image.setProp("Stain", "DAPI");
        image.setProperty("Some object", Color.pink);
        return image;
    }

    private static String describe(ImagePlus image) {
        StringBuilder text = new StringBuilder();
        Calibration c = image.getCalibration();
        text.append("title ").append(image.getTitle()).append('\n');
        text.append("dimensions ")
                .append(Arrays.toString(image.getDimensions()))
                .append(" hyperstack ")
                .append(image.isHyperStack())
                .append(" bits ")
                .append(image.getBitDepth())
                .append('\n');
        text.append("position ")
                .append(image.getC())
                .append(' ')
                .append(image.getZ())
                .append(' ')
                .append(image.getT())
                .append(", slice ")
                .append(image.getCurrentSlice())
                .append('\n');
        text.append("pixel ")
                .append(c.pixelWidth)
                .append(' ')
                .append(c.pixelHeight)
                .append(' ')
                .append(c.pixelDepth)
                .append(' ')
                .append(c.getUnit())
                .append(", every ")
                .append(c.frameInterval)
                .append(' ')
                .append(c.getTimeUnit())
                .append(", fps ")
                .append(c.fps)
                .append('\n');
        text.append("origin ")
                .append(c.xOrigin)
                .append(' ')
                .append(c.yOrigin)
                .append(' ')
                .append(c.zOrigin)
                .append('\n');
        text.append("values ")
                .append(c.getFunction())
                .append(' ')
                .append(Arrays.toString(c.getCoefficients()))
                .append(' ')
                .append(c.getValueUnit())
                .append('\n');
        text.append("range ")
                .append(image.getDisplayRangeMin())
                .append(' ')
                .append(image.getDisplayRangeMax())
                .append('\n');
        if (image instanceof CompositeImage) {
            CompositeImage composite = (CompositeImage) image;
            text.append("mode ").append(composite.getModeAsString());
            for (int channel = 1; channel <= image.getNChannels(); channel++) {
                LUT lut = composite.getChannelLut(channel);
                text.append("; ")
                        .append(Integer.toHexString(lut.getRGB(255)))
                        .append(' ')
                        .append(lut.min)
                        .append(' ')
                        .append(lut.max)
                        .append(composite.getActiveChannels()[channel - 1] ? "" : " hidden");
            }
            text.append('\n');
        }
        text.append("labels ");
        for (int n = 1; n <= image.getStackSize(); n++) {
            text.append(image.getStack().getSliceLabel(n)).append(n < image.getStackSize() ? ", " : "\n");
        }
        Overlay overlay = image.getOverlay();
        for (int i = 0; overlay != null && i < overlay.size(); i++) {
            Roi roi = overlay.get(i);
            text.append("overlay ")
                    .append(roi.getTypeAsString())
                    .append(' ')
                    .append(roi instanceof TextRoi ? ((TextRoi) roi).getText().trim() : roi.getName())
                    .append(' ')
                    .append(roi.getBounds().x)
                    .append(' ')
                    .append(roi.getBounds().y)
                    .append(" at ")
                    .append(roi.getCPosition())
                    .append(' ')
                    .append(roi.getZPosition())
                    .append(' ')
                    .append(roi.getTPosition())
                    .append('\n');
        }
        text.append("roi ").append(image.getRoi()).append('\n');
        text.append("info ")
                .append(
                        image.getInfoProperty() == null
                                ? null
                                : image.getInfoProperty().split("\n")[0])
                .append('\n');
        text.append("stain ").append(image.getProp("Stain")).append(", ").append(image.getProperty("Some object"));
        return text.toString();
    }

    @Test
    void theGoldenList() {
        ImagePlus image = everything();
        String before = describe(image);
        String expected = "title cells.day 2-restored\n"
                + "dimensions [60, 50, 3, 4, 2] hyperstack true bits 16\n"
                + "position 2 3 2, slice 20\n"
                + "pixel 0.25 0.5 2.0 micron, every 30.0 min, fps 12.0\n"
                + "origin 11.0 7.0 2.0\n"
                + "values 0 [1.5, 2.0] photons\n"
                + "range 20.0 1002.0\n"
                + "mode composite; ffffc800 10.0 1001.0; ff00ffff 20.0 1002.0 hidden; ffff00ff 30.0 1003.0\n"
                + "labels "
                + java.util.stream.IntStream.rangeClosed(1, 24)
                        .mapToObj(i -> "label " + i)
                        .collect(Collectors.joining(", "))
                + "\n"
                + "overlay Text here 20 15 at 0 0 0\n"
                + "overlay Rectangle nucleus 30 20 at 1 3 2\n"
                + "roi Roi[Oval, x=20, y=10, width=16, height=12]\n"
                + "info Objective: 20x\n"
                + "stain DAPI, " + Color.pink;
        ImagePlus result = Images.restore(image, RUN);
        assertEquals(expected, describe(result));
        assertEquals(before, describe(image), "the input keeps everything, too");
        assertTrue(result.changes, "closing it asks whether to save it");
    }

    @Test
    void theGoldenListOfSomePlanes() {
        ImagePlus image = everything();
        ImagePlus result = Images.restore(image, RUN + "channels=1,3 slices=3-4 frames=2");
        String expected = "title cells.day 2-restored\n"
                + "dimensions [60, 50, 2, 2, 1] hyperstack true bits 16\n"
                + "position 1 1 1, slice 1\n"
                + "pixel 0.25 0.5 2.0 micron, every 30.0 min, fps 12.0\n"
                + "origin 11.0 7.0 0.0\n"
                + "values 0 [1.5, 2.0] photons\n"
                + "range 10.0 1001.0\n"
                + "mode composite; ffffc800 10.0 1001.0; ffff00ff 30.0 1003.0\n"
                + "labels label 19, label 21, label 22, label 24\n"
                + "overlay Text here 20 15 at 0 0 0\n"
                + "overlay Rectangle nucleus 30 20 at 1 1 1\n"
                + "roi Roi[Oval, x=20, y=10, width=16, height=12]\n"
                + "info Objective: 20x\n"
                + "stain DAPI, " + Color.pink;
        assertEquals(expected, describe(result));
    }

    @Test
    void theGoldenListOfACrop() {
        ImagePlus image = everything();
        ImagePlus result = Images.restore(image, RUN + "region=[crop to selection] channels=1");
        String expected = "title cells.day 2-restored\n"
                + "dimensions [16, 12, 1, 4, 2] hyperstack true bits 16\n"
                + "position 1 3 2, slice 7\n"
                + "pixel 0.25 0.5 2.0 micron, every 30.0 min, fps 12.0\n"
                + "origin -9.0 -3.0 2.0\n"
                + "values 0 [1.5, 2.0] photons\n"
                + "range 10.0 1001.0\n"
                + "labels label 1, label 4, label 7, label 10, label 13, label 16, label 19, label 22\n"
                + "overlay Text here 0 5 at 0 0 0\n"
                + "overlay Rectangle nucleus 10 10 at 1 3 2\n"
                + "roi Roi[Oval, x=0, y=0, width=16, height=12]\n"
                + "info Objective: 20x\n"
                + "stain DAPI, " + Color.pink;
        assertEquals(expected, describe(result));
        assertEquals(0xffffc800, result.getProcessor().getColorModel().getRGB(255), "the channel's colours");
    }

    @Test
    void displayModesOfACompositeAreKept() {
        for (int mode : new int[] {IJ.COLOR, IJ.GRAYSCALE, IJ.COMPOSITE}) {
            CompositeImage image = everything();
            image.setMode(mode);
            assertEquals(mode, Images.restore(image, RUN).getDisplayMode());
        }
    }

    @Test
    void lutAndRangeOfASimpleStackAreKept() {
        ImagePlus image = Images.stack(8, 30, 20, 2);
        image.getProcessor().setLut(LUT.createLutFromColor(Color.green));
        image.getProcessor().setLut(new LUT(LUT.createLutFromColor(Color.green), 30, 120));
        image.getStack().setColorModel(image.getProcessor().getColorModel());
        image.setSlice(2);
        ImagePlus result = Images.restore(image, RUN);
        assertEquals(0xff00ff00, result.getProcessor().getColorModel().getRGB(255));
        assertEquals(30, result.getDisplayRangeMin());
        assertEquals(120, result.getDisplayRangeMax());
        assertEquals(2, result.getCurrentSlice());
        assertFalse(result.isHyperStack());
    }

    /** SHA-256 of the tests' model, computed here. */
    private static String hash() throws IOException, NoSuchAlgorithmException {
        byte[] file = Files.readAllBytes(Paths.get(Images.TINY));
        return String.format(
                "%064x", new BigInteger(1, MessageDigest.getInstance("SHA-256").digest(file)));
    }

    @Test
    void whatWasDoneStandsInTheInfo() throws IOException, NoSuchAlgorithmException {
        ImagePlus image = everything();
        ImagePlus result = Images.restore(image, RUN + "slices=2");
        String info = result.getInfoProperty();
        assertTrue(info.startsWith("Objective: 20x\nParfocal version: "), info);
        assertEquals("tiny 0", result.getStringProperty("Parfocal model"));
        assertEquals(hash(), result.getStringProperty("Parfocal model sha256"));
        assertEquals("cpu fp32, 1 threads", result.getStringProperty("Parfocal device"));
        assertEquals("device=cpu threads=1", result.getStringProperty("Parfocal options"));
        assertEquals("6 of 24: channel 1-3, slice 2, frame 1-2", result.getStringProperty("Parfocal planes"));
        assertEquals("whole image", result.getStringProperty("Parfocal region"));
        assertEquals("whole planes", result.getStringProperty("Parfocal tile"));
        assertEquals("Objective: 20x", image.getInfoProperty(), "the input's stays");
    }

    @Test
    void aPixelSizeOutsideTheModelsRangeIsAWarning() {
        ImagePlus image = Images.single(16, 30, 20);
        image.getCalibration().setUnit("micron");
        image.getCalibration().pixelWidth = image.getCalibration().pixelHeight = 25;
        String info = Images.restore(image, RUN).getInfoProperty();
        JsonArray trained;
        try (Models.Lease lease = Models.lease(Images.TINY, "device=cpu threads=1")) {
            trained = lease.description().json().get("pixel_size_um").asArray();
        }
        assertTrue(
                info.contains("Parfocal warning: pixel size 25.00 um: the model was trained for " + trained.get(0)
                        + " to " + trained.get(1) + " um; look at the result with care"),
                info);
    }

    @Test
    void theTiffFileKeepsTheSame(@TempDir Path folder) {
        ImagePlus image = everything();
        Path file = folder.resolve("out.tif");
        Images.restore(image, RUN + "output=[TIFF file] file=[" + file + "]");
        ImagePlus written = IJ.openImage(file.toString());
        written.setTitle("cells.day 2-restored");
        // ImageJ's files hold neither the position nor objects.
        written.setPosition(2, 3, 2);
        written.setProperty("Some object", Color.pink);
        // The display range that the file says, and whether a channel is hidden, are read back by ImageJ; fps, too.
        assertEquals(
                describe(Images.restore(image, RUN)).replace(" hidden", ""),
                describe(written).replace(" hidden", ""));
        assertEquals("tiny 0", written.getStringProperty("Parfocal model"));
    }

    @Test
    void colourImagesOf48BitsGoToAFileToo(@TempDir Path folder) {
        ImagePlus image = Images.hyperstack(16, 60, 50, 3, 1, 1);
        String[] colours = {"Red", "Green", "Blue"};
        for (int c = 1; c <= 3; c++) {
            image.getStack().setSliceLabel(colours[c - 1], c);
        }
        Path file = folder.resolve("out.tif");
        Images.restore(image, RUN + "output=[TIFF file] file=[" + file + "]");
        ImagePlus written = IJ.openImage(file.toString());
        assertTrue(Images.equal(Images.pixels(Images.restore(image, RUN)), Images.pixels(written)));
        assertEquals("Blue", written.getStack().getSliceLabel(3));
    }

    @Test
    void titles() {
        assertEquals("cells-restored", Metadata.title("cells.tif"));
        assertEquals("cells-restored", Metadata.title("cells.ome.tiff"));
        assertEquals("cells 1.5-restored", Metadata.title("cells 1.5"));
        assertEquals("cells-restored", Metadata.title("cells"));
        assertEquals(".tif-restored", Metadata.title(".tif"));
        assertEquals("series.lif - image 1-restored", Metadata.title("series.lif - image 1"));
    }

    @Test
    void noSelectionAndNoOverlayStayNone() {
        ImagePlus result = Images.restore(Images.single(8, 20, 20), RUN);
        assertNull(result.getRoi());
        assertNull(result.getOverlay());
        assertArrayEquals(new int[] {20, 20, 1, 1, 1}, result.getDimensions());
    }
}
