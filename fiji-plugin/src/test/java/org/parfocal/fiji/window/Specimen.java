package org.parfocal.fiji.window;

import ij.ImagePlus;
import ij.ImageStack;
import ij.measure.Calibration;
import ij.plugin.filter.GaussianBlur;
import ij.plugin.filter.RankFilters;
import ij.process.FloatProcessor;
import ij.process.ImageProcessor;
import ij.process.ShortProcessor;
import java.util.Random;

/**
 * A drawn specimen that looks like cells: nuclei, fibres and spots, taken at several distances from the focus, with
 * noise.
 */
public final class Specimen {
    static final int SIZE = 384;
    static final int PLANES = 11;
    /** The plane in focus, from 1. */
    static final int FOCUS = (PLANES + 1) / 2;

    private static final double DEPTH_UM = 0.8;
    private static final double PIXEL_UM = 0.325;
    /** Radius of the disc that a point is spread over, in pixels for each micrometre from the focus. */
    private static final double DISC_PER_UM = 1.5;

    private static final float BACKGROUND = 90;
    private static final float PEAK = 1500;

    private Specimen() {}

    /** The stack as a microscope would have taken it. */
    static ImagePlus stack() {
        return stack(PLANES);
    }

    /** Some planes around the focus. */
    public static ImagePlus stack(int planes) {
        FloatProcessor truth = inFocus();
        ImageStack stack = new ImageStack(SIZE, SIZE);
        Random noise = new Random(5);
        for (int z = 1; z <= planes; z++) {
            stack.addSlice("plane " + z, taken(blurred(truth, (z - (planes + 1) / 2) * DEPTH_UM), noise));
        }
        ImagePlus image = new ImagePlus("cells.tif", stack);
        Calibration calibration = image.getCalibration();
        calibration.setUnit("micron");
        calibration.pixelWidth = PIXEL_UM;
        calibration.pixelHeight = PIXEL_UM;
        calibration.pixelDepth = DEPTH_UM;
        image.setDisplayRange(70, 1100);
        return image;
    }

    /** One plane without noise, in counts, in focus: what a restored plane is compared with. */
    static FloatProcessor inFocus() {
        FloatProcessor image = new FloatProcessor(SIZE, SIZE);
        Random random = new Random(11);
        for (int cell = 0; cell < 9; cell++) {
            double x = (cell % 3 + 0.5 + 0.35 * (random.nextDouble() - 0.5)) * SIZE / 3;
            double y = (cell / 3 + 0.5 + 0.35 * (random.nextDouble() - 0.5)) * SIZE / 3;
            nucleus(image, random, x, y);
            for (int fibre = 0; fibre < 14; fibre++) {
                fibre(image, random, x, y);
            }
        }
        for (int spot = 0; spot < 120; spot++) {
            spot(image, random.nextDouble() * SIZE, random.nextDouble() * SIZE, 1.1, 0.25f + 0.5f * random.nextFloat());
        }
        new GaussianBlur().blurGaussian(image, 0.9);
        image.multiply(PEAK / image.getStatistics().max);
        image.add(BACKGROUND);
        return image;
    }

    private static void nucleus(FloatProcessor image, Random random, double x, double y) {
        double radius = 19 + 6 * random.nextDouble();
        double stretch = 0.7 + 0.25 * random.nextDouble();
        double angle = Math.PI * random.nextDouble();
        for (int grain = 0; grain < 70; grain++) {
            double r = radius * Math.sqrt(random.nextDouble());
            double a = 2 * Math.PI * random.nextDouble();
            double u = r * Math.cos(a);
            double v = stretch * r * Math.sin(a);
            spot(
                    image,
                    x + u * Math.cos(angle) - v * Math.sin(angle),
                    y + u * Math.sin(angle) + v * Math.cos(angle),
                    2.2 + 2 * random.nextDouble(),
                    0.16f);
        }
    }

    private static void fibre(FloatProcessor image, Random random, double x, double y) {
        double direction = 2 * Math.PI * random.nextDouble();
        double px = x + 22 * Math.cos(direction);
        double py = y + 22 * Math.sin(direction);
        for (int step = 0; step < 55; step++) {
            direction += 0.12 * random.nextGaussian();
            px += Math.cos(direction);
            py += Math.sin(direction);
            spot(image, px, py, 1.0, 0.16f);
        }
    }

    private static void spot(FloatProcessor image, double x, double y, double sigma, float height) {
        int reach = (int) Math.ceil(3 * sigma);
        for (int j = (int) y - reach; j <= y + reach; j++) {
            for (int i = (int) x - reach; i <= x + reach; i++) {
                if (i >= 0 && j >= 0 && i < SIZE && j < SIZE) {
                    double d2 = (i - x) * (i - x) + (j - y) * (j - y);
                    image.setf(i, j, image.getf(i, j) + height * (float) Math.exp(-d2 / (2 * sigma * sigma)));
                }
            }
        }
    }

    /** Geometrical defocus: the mean over a disc. */
    private static FloatProcessor blurred(FloatProcessor truth, double defocusUm) {
        FloatProcessor image = (FloatProcessor) truth.duplicate();
        double radius = Math.abs(defocusUm) * DISC_PER_UM;
        if (radius > 0.5) {
            new RankFilters().rank(image, radius, RankFilters.MEAN);
            new GaussianBlur().blurGaussian(image, 0.5);
        }
        return image;
    }

    /** Photon noise at two counts a photon, and read noise. */
    private static ImageProcessor taken(FloatProcessor image, Random random) {
        ShortProcessor counts = new ShortProcessor(SIZE, SIZE);
        for (int i = 0; i < SIZE * SIZE; i++) {
            double mean = image.getf(i);
            double value = mean
                    + Math.sqrt(2 * Math.max(0, mean - BACKGROUND)) * random.nextGaussian()
                    + 3 * random.nextGaussian();
            counts.set(i, (int) Math.max(0, Math.min(65535, Math.round(value))));
        }
        return counts;
    }
}
