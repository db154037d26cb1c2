package org.parfocal;

/**
 * Checks arguments before the engine sees them: nulls, and shapes that differ. The engine checks arrays and buffers
 * itself.
 */
final class Arguments {
    private Arguments() {}

    /** @throws ParfocalException {@link Status#INVALID_ARGUMENT}: names the argument that is null */
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
            case "packing":
                return "a Packing";
            case "type":
                return "a PixelType";
            case "model":
                return "an open ParfocalModel";
            default:
                return "one";
        }
    }

    /** Source and destination of a run must have one shape. */
    static void check(Layout from, Layout to) {
        if (!given(from, "from").sameShape(given(to, "to"))) {
            throw refused(
                    "src has " + from + " and dst " + to + "; expected the same shape: results have the input's size");
        }
    }

    /** The pixel type of an array. {@code name} stands for it in messages. */
    static PixelType typeOf(Object pixels, String name) {
        if (pixels instanceof byte[] || pixels instanceof int[]) {
            return PixelType.U8;
        }
        if (pixels instanceof short[]) {
            return PixelType.U16;
        }
        if (pixels instanceof float[]) {
            return PixelType.F32;
        }
        throw refused(name + " is "
                + (pixels == null ? "null" : "a " + pixels.getClass().getSimpleName())
                + "; expected byte[], short[], float[] or int[] (packed colours)");
    }

    /** Refuses an array that is not exactly one packed frame: its width or height is probably wrong. */
    static void checkCount(int length, int width, int height) {
        long expected = (long) width * height;
        if (width < 1 || height < 1 || length != expected) {
            throw refused("pixels has " + length + " elements, width x height is " + width + " x " + height
                    + "; expected "
                    + (width < 1 || height < 1
                            ? "sizes of at least 1"
                            : expected + " elements: give a Layout where the frame is part of a larger array"));
        }
    }

    static ParfocalException refused(String message) {
        return new ParfocalException(Status.INVALID_ARGUMENT, message);
    }
}
