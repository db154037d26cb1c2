package org.parfocal.fiji;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ij.CompositeImage;
import ij.IJ;
import ij.ImagePlus;
import ij.ImageStack;
import ij.VirtualStack;
import ij.gui.OvalRoi;
import ij.gui.Roi;
import ij.measure.ResultsTable;
import ij.plugin.filter.Analyzer;
import ij.process.ColorProcessor;
import ij.process.FloatProcessor;
import ij.process.ImageConverter;
import ij.process.ImageProcessor;
import ij.process.StackConverter;
import java.awt.EventQueue;
import java.awt.event.KeyEvent;
import java.lang.reflect.InvocationTargetException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The command Focus Score on every kind of image, and what it says when it cannot. */
class FocusScoreTest {
    private static final int SHARPEST = 4;

    /** Blobs and noise, blurred with the distance from plane 4. */
    private static ImageProcessor plane(int z) {
        FloatProcessor image = new FloatProcessor(96, 64);
        Random random = new Random(3);
        for (int spot = 0; spot < 60; spot++) {
            image.setf(random.nextInt(96), random.nextInt(64), 200 + 100 * random.nextFloat());
        }
        image.blurGaussian(1.2 + 0.8 * Math.abs(z - SHARPEST));
        image.multiply(8);
        image.add(20);
        return image;
    }

    private static ImagePlus stack(int planes) {
        ImageStack stack = new ImageStack(96, 64);
        for (int z = 1; z <= planes; z++) {
            stack.addSlice("depth " + z, plane(z));
        }
        ImagePlus image = new ImagePlus("spots", stack);
        image.setDisplayRange(0, 255);
        image.getCalibration().pixelDepth = 0.5;
        image.getCalibration().setUnit("micron");
        image.getCalibration().zOrigin = 1;
        return image;
    }

    @BeforeEach
    void emptyTable() {
        Analyzer.resetCounter();
        ResultsTable.getResultsTable().reset();
    }

    private static double[] scores() {
        ResultsTable table = ResultsTable.getResultsTable();
        double[] scores = new double[table.size()];
        Arrays.setAll(scores, row -> table.getValue("Score", row));
        return scores;
    }

    private static int best(double[] scores) {
        int best = 0;
        for (int i = 0; i < scores.length; i++) {
            best = scores[i] > scores[best] ? i : best;
        }
        return best + 1;
    }

    private static double[] scored(ImagePlus image, String options) throws InterruptedException {
        assertEquals("", CommandRun.run(new FocusScore(), image, options));
        return scores();
    }

    @Test
    void tableHasPlacesAndUnits() throws Exception {
        ImagePlus image = stack(7);
        double[] scores = scored(image, "planes=[along z] plot clear go");
        assertEquals(7, scores.length);
        assertEquals(SHARPEST, best(scores));
        assertEquals(SHARPEST, image.getCurrentSlice(), "go");
        ResultsTable table = ResultsTable.getResultsTable();
        assertEquals(" \tLabel\tC\tZ\tT\tPosition\tUnit\tScore", table.getColumnHeadings());
        assertEquals("spots:depth 3", table.getStringValue("Label", 2));
        assertEquals("micron", table.getStringValue("Unit", 2));
        assertEquals(0.5, table.getValue("Position", 2), 1e-12, "(3 - 1 - origin 1) x 0.5");
        assertEquals("3", table.getStringValue("Z", 2));
    }

    @Test
    void everyPixelTypeFindsTheSamePlane() throws Exception {
        double[] floats = scored(stack(7), "clear");
        for (String type : new String[] {"8-bit", "16-bit", "RGB Color"}) {
            ImagePlus image = stack(7);
            StackConverter converter = new StackConverter(image);
            ImageConverter.setDoScaling(false);
            if (type.equals("16-bit")) {
                converter.convertToGray16();
            } else if (type.equals("8-bit")) {
                converter.convertToGray8();
            } else {
                converter.convertToRGB();
            }
            double[] scores = scored(image, "clear");
            assertEquals(SHARPEST, best(scores), type);
            assertEquals(floats[SHARPEST - 1], scores[SHARPEST - 1], 0.05 * floats[SHARPEST - 1], type);
        }
    }

    @Test
    void singleImagesAndSignedAreScored() throws Exception {
        ImagePlus image = new ImagePlus("one", plane(2));
        double[] one = scored(image, "plot clear");
        assertEquals(1, one.length);
        assertEquals(scored(stack(2), "clear")[1], one[0]);
    }

    @Test
    void onlyTheBoundsOfTheSelectionCount() throws Exception {
        ImagePlus image = stack(5);
        image.setRoi(new OvalRoi(10, 8, 50, 40));
        double[] inside = scored(image, "clear");
        for (int z = 1; z <= 5; z++) {
            ImageProcessor plane = image.getStack().getProcessor(z);
            plane.setValue(9999);
            plane.fill(new Roi(70, 0, 20, 64));
        }
        assertArrayEquals(inside, scored(image, "clear"), "pixels outside of the selection");
        ImageStack cropped = image.getStack().crop(10, 8, 0, 50, 40, 5);
        assertArrayEquals(scored(new ImagePlus("cropped", cropped), "clear"), inside);
    }

    @Test
    void hyperstacksAlongZAndAll() throws Exception {
        ImageStack stack = new ImageStack(96, 64);
        for (int t = 1; t <= 2; t++) {
            for (int z = 1; z <= 6; z++) {
                for (int c = 1; c <= 2; c++) {
                    // Channel 2 is sharpest one plane later, time 2 two planes later.
                    stack.addSlice("", plane(z - (c - 1) - 2 * (t - 1) + 2));
                }
            }
        }
        ImagePlus plain = new ImagePlus("many", stack);
        plain.setDimensions(2, 6, 2);
        CompositeImage image = new CompositeImage(plain, CompositeImage.COMPOSITE);
        image.setPosition(2, 1, 1);
        double[] along = scored(image, "planes=[along z] clear go");
        assertEquals(6, along.length);
        assertEquals(3, best(along));
        assertArrayEquals(new int[] {2, 3, 1}, new int[] {image.getC(), image.getZ(), image.getT()});
        image.setPosition(1, 1, 2);
        assertEquals(24, scored(image, "planes=all clear plot go").length);
        assertArrayEquals(
                new int[] {1, 4, 2},
                new int[] {image.getC(), image.getZ(), image.getT()},
                "the channel and time shown");
        assertEquals("4", ResultsTable.getResultsTable().getStringValue("Z", 12 + 6));
        List<PlaneScore> all =
                FocusScores.of(image, new int[] {1, 2, 3, 4, 13, 14, 15, 16}, new java.awt.Rectangle(96, 64));
        assertEquals(
                Arrays.asList("channel 1, frame 1", "channel 2, frame 1", "channel 1, frame 2", "channel 2, frame 2"),
                new ArrayList<>(new FocusPlot(image, all).curves().keySet()));
    }

    /** What ImageJ tells when a window is closed, without a window. */
    private static final class Closable extends ImagePlus {
        Closable(String title, ImageStack stack) {
            super(title, stack);
        }

        void closedByTheUser() {
            notifyListeners(CLOSED);
            try {
                EventQueue.invokeAndWait(() -> {});
            } catch (InterruptedException | InvocationTargetException failed) {
                throw new AssertionError(failed);
            }
        }
    }

    /** A stack whose planes are made when they are asked for, and counted. */
    private static final class Counted extends VirtualStack {
        private final List<Integer> asked = new ArrayList<>();
        private final int at;
        private Runnable then = () -> {};

        Counted(int at) {
            super(96, 64, null, null);
            this.at = at;
            setBitDepth(32);
        }

        @Override
        public ImageProcessor getProcessor(int n) {
            asked.add(n);
            if (n == at) {
                then.run();
            }
            return plane(n);
        }

        @Override
        public int size() {
            return 7;
        }

        @Override
        public int getSize() {
            return 7;
        }

        @Override
        public String getSliceLabel(int n) {
            return "depth " + n;
        }
    }

    @Test
    void virtualStacksArePassedOnce() throws Exception {
        double[] expected = scored(stack(7), "clear");
        Counted stack = new Counted(0);
        ImagePlus image = new ImagePlus("virtual", stack);
        stack.asked.clear();
        assertArrayEquals(expected, scored(image, "clear"));
        assertEquals(Arrays.asList(1, 2, 3, 4, 5, 6, 7), stack.asked);
    }

    @Test
    void escStopsAndLeavesTheTable() throws Exception {
        scored(stack(2), "clear");
        Counted stack = new Counted(3);
        ImagePlus image = new ImagePlus("virtual", stack);
        stack.then = () -> IJ.setKeyDown(KeyEvent.VK_ESCAPE);
        stack.asked.clear();
        assertEquals(2, scored(image, "clear plot").length, "the table as it was");
        assertEquals(Arrays.asList(1, 2, 3), stack.asked);
        assertFalse(image.isLocked());
    }

    @Test
    void closedOrLockedImages() throws Exception {
        scored(stack(2), "clear");
        Counted stack = new Counted(3);
        Closable image = new Closable("virtual", stack);
        stack.then = image::closedByTheUser;
        stack.asked.clear();
        refused(image, "clear", "\"virtual\" was closed while it was being scored");
        assertEquals(Arrays.asList(1, 2, 3), stack.asked);
        assertEquals(2, scores().length, "the table as it was");
        ImagePlus locked = stack(2);
        locked.lock();
        refused(locked, "clear", "\"spots\" is locked", "Reset");
    }

    @Test
    void rowsAreAddedUnlessCleared() throws Exception {
        scored(stack(3), "clear");
        assertEquals(5, scored(stack(2), "planes=all").length);
        assertEquals(3, scored(stack(3), "clear").length);
    }

    @Test
    void planesWithoutStructure() throws Exception {
        ImagePlus image = IJ.createImage("flat", "16-bit black", 40, 30, 3);
        assertArrayEquals(new double[3], scored(image, "clear plot go"));
        ImageStack nan = new ImageStack(40, 30);
        FloatProcessor hole = new FloatProcessor(40, 30);
        hole.setValue(Float.NaN);
        hole.fill();
        nan.addSlice(hole);
        nan.addSlice(plane(1).resize(40, 30));
        double[] scores = scored(new ImagePlus("nan", nan), "clear plot go");
        assertEquals(0, scores[0]);
        assertTrue(scores[1] > 0);
    }

    @Test
    void plotIsTheCurrentImageWithoutAScreen() throws Exception {
        List<PlaneScore> scores =
                FocusScores.of(stack(7), new int[] {1, 2, 3, 4, 5, 6, 7}, new java.awt.Rectangle(96, 64));
        ij.gui.Plot plot = new FocusPlot(stack(7), scores).draw();
        assertEquals(7, plot.getXValues().length);
        assertEquals(-0.5f, plot.getXValues()[0], "calibrated");
        assertEquals("z (micron)", plot.getLabel('x'));
        double[] limits = plot.getLimits();
        assertTrue(limits[2] == 0 && limits[3] > scores.get(SHARPEST - 1).score, Arrays.toString(limits));
        assertEquals("Focus score of spots", plot.getImagePlus().getTitle());
    }

    @Test
    void statusNamesTheSharpestPlane() {
        ImagePlus image = stack(7);
        PlaneScore plane = new PlaneScore(image, 4, 0.03216);
        assertEquals("Sharpest: slice 4 of 7 (1.00 micron), score 0.0322", FocusScore.summary(plane, image));
        image.setCalibration(null);
        assertEquals("Sharpest: slice 4 of 7, score 0.0322", FocusScore.summary(plane, image));
        assertEquals(
                "Focus Score: the planes are constant, none is sharper than another", FocusScore.summary(null, image));
    }

    @Test
    void messages() throws Exception {
        refused(null, "", "No image is open");
        ImagePlus image = new ImagePlus("paletted", plane(1).convertToByte(true));
        ImagePlus colour = new ImagePlus("paletted", new ColorProcessor(40, 30));
        colour.getProcessor().setColor(java.awt.Color.ORANGE);
        colour.getProcessor().fill(new Roi(5, 5, 10, 10));
        new ImageConverter(colour).convertRGBtoIndexedColor(64);
        assertEquals(ImagePlus.COLOR_256, colour.getType());
        refused(colour, "", "\"paletted\" is an 8-bit colour image", "Image > Type > RGB Color");
        image.setRoi(new Roi(200, 200, 10, 10));
        refused(image, "", "selection has no pixels inside \"paletted\"", "Select None");
        refused(stack(3), "planes=some", "planes=some cannot be", "[along z], all.");
        refused(stack(3), "planes=all plot=true", "plot=true cannot be: \"plot\" is a checkbox");
        refused(stack(3), "go=true", "go=true cannot be");
        refused(stack(3), "planes=all plott", "\"plott\" is not one of its keys", "planes, plot, clear, go");
    }

    private static void refused(ImagePlus image, String options, String... parts) throws InterruptedException {
        String message = CommandRun.run(new FocusScore(), image, options);
        for (String part : parts) {
            assertTrue(message.contains(part), "'" + message + "' should have '" + part + "'");
        }
    }
}
