package org.parfocal;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/**
 * What needs no model: versions, diagnosis, focus scores. The first call loads the library; if that fails, every call
 * throws {@link ParfocalException} with {@link Status#RUNTIME} and the same message.
 */
public final class Parfocal {
    private Parfocal() {}

    /** {@return the library's version, {@code 0.1.0} say} */
    public static String version() {
        Libraries.load();
        return Native.version();
    }

    /** {@return the number of the library's binary interface} */
    public static int abiVersion() {
        Libraries.load();
        return Native.abiVersion();
    }

    /** {@return the library file that was loaded} */
    public static Path libraryPath() {
        return Libraries.load();
    }

    /**
     * Reports as JSON what works on this machine, or what is missing. It opens the built-in model and closes it again,
     * which takes time.
     *
     * @return {@code ok}, versions, ONNX Runtime's path, the model, and {@code problems}, a list of sentences
     */
    public static String doctor() {
        Libraries.load();
        return Native.doctor();
    }

    /**
     * The names that {@link ParfocalModel#open} takes beside paths: those of the models inside the library, the default
     * first, then those in the folder of the user's own models, which the environment variable {@code PARFOCAL_MODELS}
     * names.
     *
     * @return the names
     */
    public static List<String> modelNames() {
        Libraries.load();
        return Collections.unmodifiableList(Arrays.asList(Native.modelNames().split("\n")));
    }

    /**
     * Ends Parfocal in this JVM: running calls are cancelled and waited for, streams and models are closed, no thread
     * of the library is left, and every later call throws {@link Status#CLOSED}. For a host that unloads plugins; at
     * the end of the JVM it happens by itself. Not from inside another call.
     *
     * @param timeoutMs how long to wait for running calls, in milliseconds; -1 without end
     * @throws ParfocalException {@link Status#TIMEOUT} if calls still run
     */
    public static void shutdown(int timeoutMs) {
        Libraries.load();
        Native.shutdown(timeoutMs);
    }

    /**
     * Unpacks a camera's frame of 10 or 12 bits without gaps to 16-bit pixels, in the range of its bits: 0 to 1023 or
     * 4095. These can be restored, and submitted to a stream.
     *
     * @param packing as the camera's PixelFormat says
     * @param bytes the packed frame
     * @param width pixels of a row
     * @param height rows
     * @param rowBytes from one row to the next; 0 for rows that follow each other without a gap, even within a byte
     * @return width x height pixels
     */
    public static short[] unpack(Packing packing, byte[] bytes, int width, int height, long rowBytes) {
        int code = Arguments.given(packing, "packing").code();
        int length = Arguments.given(bytes, "bytes").length;
        if (width < 1 || height < 1 || (long) width * height > length) {
            throw Arguments.refused("bytes has " + length + " elements, width x height is " + width + " x " + height
                    + "; expected sizes of at least 1, and fewer pixels than bytes: each has 10 or 12 bits");
        }
        Libraries.load();
        short[] pixels = new short[width * height];
        Native.unpack(code, bytes, rowBytes, pixels, new long[] {width, height, 1, 1});
        return pixels;
    }

    /**
     * How sharp an 8-bit frame is: larger is sharper, 0 is a constant frame. It compares planes of one field at one
     * magnification.
     *
     * @param pixels exactly width x height
     * @param width pixels of a row
     * @param height rows
     * @return the score
     */
    public static double focusScore(byte[] pixels, int width, int height) {
        Arguments.checkCount(Arguments.given(pixels, "pixels").length, width, height);
        return focusScore(PixelType.U8, pixels, Layout.of(width, height))[0];
    }

    /**
     * How sharp a 16-bit frame is, as {@link #focusScore(byte[], int, int)}.
     *
     * @param pixels exactly width x height
     * @param width pixels of a row
     * @param height rows
     * @return the score
     */
    public static double focusScore(short[] pixels, int width, int height) {
        Arguments.checkCount(Arguments.given(pixels, "pixels").length, width, height);
        return focusScore(PixelType.U16, pixels, Layout.of(width, height))[0];
    }

    /**
     * How sharp a frame of 32-bit floats is, as {@link #focusScore(byte[], int, int)}; infinite and NaN pixels are left
     * out.
     *
     * @param pixels exactly width x height
     * @param width pixels of a row
     * @param height rows
     * @return the score
     */
    public static double focusScore(float[] pixels, int width, int height) {
        Arguments.checkCount(Arguments.given(pixels, "pixels").length, width, height);
        return focusScore(PixelType.F32, pixels, Layout.of(width, height))[0];
    }

    /**
     * How sharp each plane of a stack is, as {@link #focusScore(byte[], int, int)}.
     *
     * @param type of the pixels
     * @param src an array of the type, a direct buffer, or {@code Object[]} with an array for each plane; {@code int[]}
     *     are packed colours
     * @param layout where the pixels lie in it
     * @return one number for each plane
     */
    public static double[] focusScore(PixelType type, Object src, Layout layout) {
        int code = Arguments.given(type, "type").code();
        Arguments.given(layout, "layout");
        Libraries.load();
        double[] scores = new double[Math.max(0, layout.planes())];
        Native.focusScore(code, src, layout.offset(), layout.strides(), layout.shape(), scores);
        return scores;
    }
}
