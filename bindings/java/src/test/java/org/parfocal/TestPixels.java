package org.parfocal;

import java.nio.file.Path;
import java.nio.file.Paths;

/** Pixels, shapes and files that the tests of the native functions share. */
final class TestPixels {
    static final int U8 = 1;
    static final int U16 = 2;
    static final int F32 = 3;

    private TestPixels() {}

    /** A file of the repository. */
    static Path file(String name) {
        return Paths.get(System.getProperty("basedir", "."), "..", "..", name)
                .toAbsolutePath()
                .normalize();
    }

    /** A small network that runs in a millisecond. */
    static long tiny(String options) {
        return Native.modelOpen(file("tests/models/tiny.onnx").toString(), "device=cpu threads=1 " + options);
    }

    static long[] shape(long width, long height, long channels, long planes) {
        return new long[] {width, height, channels, planes};
    }

    /** Numbers without a pattern that a mix-up of rows, channels or planes would keep. */
    static int value(int index, int seed) {
        int x = (index + 1) * 0x9e3779b1 + seed * 0x85ebca6b;
        x ^= x >>> 15;
        x *= 0x2c1b3c6d;
        return x ^ x >>> 13;
    }

    static byte[] bytes(int length, int seed) {
        byte[] pixels = new byte[length];
        for (int i = 0; i < length; i++) {
            pixels[i] = (byte) value(i, seed);
        }
        return pixels;
    }

    static short[] shorts(int length, int seed) {
        short[] pixels = new short[length];
        for (int i = 0; i < length; i++) {
            pixels[i] = (short) value(i, seed);
        }
        return pixels;
    }

    static float[] floats(int length, int seed) {
        float[] pixels = new float[length];
        for (int i = 0; i < length; i++) {
            pixels[i] = value(i, seed) % 4096 / 8f;
        }
        return pixels;
    }

    /** Restores one side into another of the same layout. */
    static void restore(long model, int type, Object src, Object dst, long[] shape) {
        Native.restore(model, 0, type, src, 0, null, dst, 0, null, shape, "");
    }

    static short[] restored(long model, short[] pixels, long[] shape) {
        short[] result = new short[pixels.length];
        restore(model, U16, pixels, result, shape);
        return result;
    }
}
