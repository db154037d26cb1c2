package org.parfocal;

import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.ShortBuffer;

/** What Java knows of pixels and the engine cannot see: byte order, read-only buffers, whether two shapes agree. */
final class Pixels {
    private Pixels() {}

    /** @throws ParfocalException {@link Status#INVALID_ARGUMENT}: a name for null */
    static <T> T given(T value, String name) {
        if (value == null) {
            throw refused(name + " is null; expected " + expected(name));
        }
        return value;
    }

    private static String expected(String name) {
        switch (name) {
            case "from":
            case "to":
            case "layout":
                return "a Layout, Layout.of(width, height) say";
            case "type":
                return "a PixelType";
            case "model":
                return "an open ParfocalModel";
            default:
                return "one";
        }
    }

    /** Both ends of a run. */
    static void check(Object src, Layout from, Object dst, Layout to) {
        if (!given(from, "from").sameShape(given(to, "to"))) {
            throw refused("src has " + from + " and dst " + to + "; expected the same shape: results have the input's size");
        }
        check(src, "src", false);
        check(dst, "dst", true);
    }

    /** Arrays are looked at by the engine; buffers here. */
    static void check(Object pixels, String name, boolean written) {
        if (!(pixels instanceof Buffer)) {
            given(pixels, name);
            return;
        }
        Buffer buffer = (Buffer) pixels;
        if (!buffer.isDirect()) {
            throw refused(name + " is a buffer inside Java's memory; expected a direct one (ByteBuffer.allocateDirect), or give its array");
        }
        if (written && buffer.isReadOnly()) {
            throw refused(name + " is a read-only buffer; expected one that can be written");
        }
        ByteOrder order = order(buffer);
        if (order != ByteOrder.nativeOrder()) {
            throw refused(name + " is a " + order + " buffer; expected this machine's order: call "
                    + "order(ByteOrder.nativeOrder()) on the ByteBuffer before asShortBuffer() or asFloatBuffer()");
        }
    }

    private static ByteOrder order(Buffer buffer) {
        if (buffer instanceof ShortBuffer) {
            return ((ShortBuffer) buffer).order();
        }
        if (buffer instanceof FloatBuffer) {
            return ((FloatBuffer) buffer).order();
        }
        // Bytes have none; of other types the engine says that they are none it knows.
        return ByteOrder.nativeOrder();
    }

    /** The type that arrays of this class hold. {@code name} is what the message calls it. */
    static PixelType typeOf(Object pixels, String name) {
        if (pixels instanceof byte[] || pixels instanceof int[] || pixels instanceof ByteBuffer) {
            return PixelType.U8;
        }
        if (pixels instanceof short[] || pixels instanceof ShortBuffer) {
            return PixelType.U16;
        }
        if (pixels instanceof float[] || pixels instanceof FloatBuffer) {
            return PixelType.F32;
        }
        throw refused(name + " is " + (pixels == null ? "null" : "a " + pixels.getClass().getSimpleName())
                + "; expected byte[], short[], float[] or int[] (packed colours)");
    }

    /** Refuses an array that is not exactly one packed frame: then width and height are likely to be wrong. */
    static void checkCount(int length, int width, int height) {
        long expected = (long) width * height;
        if (width < 1 || height < 1 || length != expected) {
            throw refused("pixels has " + length + " elements, width x height is " + width + " x " + height
                    + "; expected " + (width < 1 || height < 1 ? "sizes of at least 1" : expected
                    + " elements: give a Layout where the frame is part of a larger array"));
        }
    }

    static ParfocalException refused(String message) {
        return new ParfocalException(Status.INVALID_ARGUMENT, message);
    }
}
