package org.parfocal;

/**
 * The JNI functions of the library, implemented in {@code src/jni} of the engine. Each throws {@link ParfocalException}
 * where the C function of the same name returns a status. Pixels stay in Java's arrays; the engine copies rows.
 *
 * <p>{@code Object} stands for pixels of the type {@code pixelType}: {@code byte[]} (8 bits, unsigned), {@code short[]}
 * (16 bits, unsigned), {@code float[]}; {@code int[]} for {@link PixelType#U8} with three channels packed as
 * 0xAARRGGBB, as in Java's and ImageJ's colour images (alpha stays); a direct buffer of the type; or {@code Object[]}
 * with such an array for each plane. {@code offset} is the element of the first pixel, in each array; {@code strides}
 * are {x, y, channel, plane} in elements, null for packed pixels with interleaved channels; {@code shape} is {width,
 * height, channels, planes}. With {@code Object[]} the stride of planes does not count, with {@code int[]} that of
 * channels. Of a buffer neither position nor limit counts, and its byte order must be this machine's. Elements between
 * the pixels keep their values, but no other thread may write to them during a call.
 */
final class Native {
    private Native() {}

    static native int abiVersion();

    static native String version();

    static native String doctor();

    /** The names that a model can be asked for by, each in a line. */
    static native String modelNames();

    static native void shutdown(int timeoutMs);

    /** {@code path} null or "": the model inside the library. */
    static native long modelOpen(String path, String options);

    static native long modelOpenMemory(byte[] onnx, String options);

    static native String modelDescribe(long model);

    static native void modelClose(long model);

    static native long taskCreate();

    /** Fills {@code progress} with the network's runs done, those expected, and the planes done. */
    static native void taskProgress(long task, long[] progress);

    static native String taskDescribe(long task);

    /** One plane's expected errors, channel after channel. */
    static native float[] taskErrorMap(long task, long plane);

    static native void taskCancel(long task);

    static native void taskClose(long task);

    /** {@code dst} may be {@code src}, with the same offset and strides. */
    static native void restore(
            long model,
            long task,
            int pixelType,
            Object src,
            long srcOffset,
            long[] srcStrides,
            Object dst,
            long dstOffset,
            long[] dstStrides,
            long[] shape,
            String options);

    static native void restoreFile(long model, long task, String input, String output, String options);

    /** Fills {@code scores}, one for each plane. */
    static native void focusScore(
            int pixelType, Object src, long srcOffset, long[] srcStrides, long[] shape, double[] scores);

    /** Fills {@code dst}, row by row, from a packed frame; {@code rowBytes} 0: rows without gaps. */
    static native void unpack(int packing, byte[] src, long rowBytes, short[] dst, long[] shape);

    static native long streamOpen(long model, int pixelType, long[] frameShape, String options);

    static native void streamSubmit(long stream, Object frame, long offset, long[] strides, long tag);

    /**
     * {@code tag[0]} receives the frame's tag, -1 unless a frame was taken; also when that frame has failed and this
     * throws.
     */
    static native void streamReceive(long stream, Object frame, long offset, long[] strides, long[] tag, int timeoutMs);

    static native String streamDescribe(long stream);

    static native void streamClose(long stream);
}
