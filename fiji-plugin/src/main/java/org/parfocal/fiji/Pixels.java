package org.parfocal.fiji;

import ij.ImagePlus;
import ij.process.ByteProcessor;
import ij.process.ColorProcessor;
import ij.process.FloatProcessor;
import ij.process.ImageProcessor;
import ij.process.IntProcessor;
import ij.process.ShortProcessor;
import java.util.Arrays;
import org.parfocal.PixelType;

/**
 * ImageJ's pixel arrays: {@code byte[]}, {@code short[]}, {@code float[]}, and {@code int[]} for RGB.
 *
 * <p>They go to the engine without conversion. The engine rounds and saturates integers, because ImageJ's {@code setf}
 * wraps around.
 */
final class Pixels {
    private Pixels() {}

    /** The pixel type of an image. Throws a {@link Problem} for images that cannot be restored. */
    static PixelType type(ImagePlus image) {
        ImageProcessor processor = image.getProcessor();
        if (processor == null) {
            throw new Problem("\"" + image.getTitle() + "\" has no pixels. Open the image again.");
        }
        if (processor instanceof IntProcessor) {
            throw new Problem(
                    "\"" + image.getTitle() + "\" has 32-bit integers, which cannot be restored. Convert it first: "
                            + "Image > Type > 32-bit.");
        }
        switch (image.getType()) {
            case ImagePlus.GRAY8:
            case ImagePlus.COLOR_RGB:
                return PixelType.U8;
            case ImagePlus.GRAY16:
                return PixelType.U16;
            case ImagePlus.GRAY32:
                return PixelType.F32;
            default:
                throw new Problem(
                        "\"" + image.getTitle() + "\" is an 8-bit colour image: its numbers are places in a colour "
                                + "table, not brightness, and cannot be restored. Convert it first: Image > Type > "
                                + "RGB Color (or "
                                + "8-bit, if the colours mean nothing).");
        }
    }

    /** Channels of a pixel, which are normalised together: 3 for RGB. */
    static int channels(ImagePlus image) {
        return image.getType() == ImagePlus.COLOR_RGB ? 3 : 1;
    }

    /** An array of the same type. */
    static Object allocate(Object like, int length) {
        if (like instanceof byte[]) {
            return new byte[length];
        }
        if (like instanceof short[]) {
            return new short[length];
        }
        return like instanceof float[] ? (Object) new float[length] : new int[length];
    }

    static Object copy(Object pixels) {
        if (pixels instanceof byte[]) {
            return ((byte[]) pixels).clone();
        }
        if (pixels instanceof short[]) {
            return ((short[]) pixels).clone();
        }
        return pixels instanceof float[] ? (Object) ((float[]) pixels).clone() : ((int[]) pixels).clone();
    }

    static int length(Object pixels) {
        return java.lang.reflect.Array.getLength(pixels);
    }

    static boolean equal(Object a, Object b) {
        if (a instanceof byte[]) {
            return Arrays.equals((byte[]) a, (byte[]) b);
        }
        if (a instanceof short[]) {
            return Arrays.equals((short[]) a, (short[]) b);
        }
        return a instanceof float[] ? Arrays.equals((float[]) a, (float[]) b) : Arrays.equals((int[]) a, (int[]) b);
    }

    /** Copies a rectangle: {@code rows} rows of {@code columns} pixels, each array with its first element and width. */
    static void copyRectangle(
            Object from, int first, int width, Object to, int target, int targetWidth, int columns, int rows) {
        for (int y = 0; y < rows; y++) {
            System.arraycopy(from, first + y * width, to, target + y * targetWidth, columns);
        }
    }

    /** Exchanges the contents of two arrays. */
    static void swap(Object a, Object b) {
        int length = length(a);
        int piece = Math.min(length, 1 << 16);
        Object held = allocate(a, piece);
        for (int at = 0; at < length; at += piece) {
            int count = Math.min(piece, length - at);
            System.arraycopy(a, at, held, 0, count);
            System.arraycopy(b, at, a, at, count);
            System.arraycopy(held, 0, b, at, count);
        }
    }

    /** A processor over an array. */
    static ImageProcessor processor(Object pixels, int width, int height) {
        if (pixels instanceof byte[]) {
            return new ByteProcessor(width, height, (byte[]) pixels, null);
        }
        if (pixels instanceof short[]) {
            return new ShortProcessor(width, height, (short[]) pixels, null);
        }
        if (pixels instanceof float[]) {
            return new FloatProcessor(width, height, (float[]) pixels, null);
        }
        return new ColorProcessor(width, height, (int[]) pixels);
    }
}
