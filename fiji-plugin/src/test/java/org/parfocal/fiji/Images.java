package org.parfocal.fiji;

import ij.CompositeImage;
import ij.IJ;
import ij.ImagePlus;
import ij.ImageStack;
import ij.Macro;
import ij.VirtualStack;
import ij.WindowManager;
import ij.process.ByteProcessor;
import ij.process.ColorProcessor;
import ij.process.FloatProcessor;
import ij.process.ImageProcessor;
import ij.process.ShortProcessor;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.PrintStream;
import java.util.Random;

/** Images for the tests, and the command run as a macro runs it. */
final class Images {
    /** The model of the tests: random weights, a few milliseconds a frame. */
    static final String TINY = new File("../tests/models/tiny.onnx").getAbsolutePath();

    /** What every run of the tests says: the same device and threads everywhere. */
    static final String CPU = "model=[" + TINY + "] device=cpu ";

    static final String ONE_THREAD = "threads=1";

    private static String printed = "";

    private Images() {}

    /** A processor of 8, 16, 24 (RGB) or 32 bits with spots on a slope; each seed is another one. */
    static ImageProcessor plane(int bits, int width, int height, long seed) {
        Random random = new Random(seed);
        ImageProcessor plane = bits == 8
                ? new ByteProcessor(width, height)
                : bits == 16
                        ? new ShortProcessor(width, height)
                        : bits == 24 ? new ColorProcessor(width, height) : new FloatProcessor(width, height);
        double[] spots = random.doubles(15).toArray();
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                double value = 0.1 + 0.2 * x / width + 0.02 * random.nextDouble();
                for (int i = 0; i < spots.length; i += 3) {
                    double dx = x - spots[i] * width;
                    double dy = y - spots[i + 1] * height;
                    value += 0.4 * Math.exp(-(dx * dx + dy * dy) / (4 + 30 * spots[i + 2]));
                }
                value = Math.min(1, value);
                switch (bits) {
                    case 8:
                        plane.set(x, y, (int) (255 * value));
                        break;
                    case 16:
                        plane.set(x, y, (int) (4095 * value));
                        break;
                    case 24:
                        plane.set(
                                x,
                                y,
                                0xff000000
                                        | (int) (255 * value) << 16
                                        | (int) (200 * value) << 8
                                        | (int) (90 + 90 * value));
                        break;
                    default:
                        plane.setf(x, y, (float) (1000 * value - 100));
                }
            }
        }
        return plane;
    }

    static ImagePlus single(int bits, int width, int height) {
        return new ImagePlus("single.tif", plane(bits, width, height, 1));
    }

    static ImagePlus stack(int bits, int width, int height, int planes) {
        return new ImagePlus("stack.tif", planes(bits, width, height, planes));
    }

    static ImageStack planes(int bits, int width, int height, int planes) {
        ImageStack stack = new ImageStack(width, height);
        for (int i = 1; i <= planes; i++) {
            stack.addSlice("label " + i, plane(bits, width, height, i));
        }
        return stack;
    }

    /** A hyperstack; a composite with more than one channel unless it is RGB. */
    static ImagePlus hyperstack(int bits, int width, int height, int channels, int slices, int frames) {
        ImagePlus image = stack(bits, width, height, channels * slices * frames);
        image.setTitle("hyperstack.tif");
        image.setDimensions(channels, slices, frames);
        image.setOpenAsHyperStack(true);
        if (channels > 1 && bits != 24) {
            image = new CompositeImage(image, IJ.COMPOSITE);
            image.setOpenAsHyperStack(true);
        }
        return image;
    }

    /** A virtual stack of 16 bits whose planes are made when they are asked for; ImageJ's own example needs fonts. */
    static VirtualStack virtual(int width, int height, int planes) {
        return new VirtualStack(width, height, planes, "16-bit") {
            @Override
            public ImageProcessor getProcessor(int n) {
                return new ShortProcessor(width, height);
            }
        };
    }

    /** What the last run printed: messages, and lines for ImageJ's log. */
    static String printed() {
        return printed;
    }

    /**
     * Runs the command on an image as a macro does, and gives what is the current image afterwards. Fails on a message.
     */
    static ImagePlus restore(ImagePlus image, String options) {
        String message = run(image, options);
        if (message != null) {
            throw new AssertionError(message);
        }
        return WindowManager.getCurrentImage();
    }

    /** Runs the command, which is to fail; gives its message. */
    static String message(ImagePlus image, String options) {
        String message = run(image, options);
        if (message == null) {
            throw new AssertionError("no message for " + options);
        }
        return message;
    }

    private static String run(ImagePlus image, String options) {
        Thread thread = Thread.currentThread();
        String name = thread.getName();
        WindowManager.setTempCurrentImage(image);
        IJ.getErrorMessage();
        thread.setName("Run$_" + name);
        Macro.setOptions(options);
        // Without a window ImageJ prints its messages.
        PrintStream out = System.out;
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        System.setOut(new PrintStream(said, true));
        try {
            new RestoreFocus().run("");
        } finally {
            System.setOut(out);
            printed = said.toString();
            Macro.setOptions(null);
            thread.setName(name);
        }
        return IJ.getErrorMessage();
    }

    /** The pixel arrays of all planes. */
    static Object[] pixels(ImagePlus image) {
        Object[] pixels = new Object[image.getStackSize()];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = image.getStackSize() == 1
                    ? image.getProcessor().getPixels()
                    : image.getStack().getProcessor(i + 1).getPixels();
        }
        return pixels;
    }

    static Object[] copies(ImagePlus image) {
        Object[] copies = pixels(image);
        for (int i = 0; i < copies.length; i++) {
            copies[i] = Pixels.copy(copies[i]);
        }
        return copies;
    }

    static boolean equal(Object[] a, Object[] b) {
        boolean equal = a.length == b.length;
        for (int i = 0; equal && i < a.length; i++) {
            equal = a[i].getClass() == b[i].getClass() && Pixels.equal(a[i], b[i]);
        }
        return equal;
    }
}
