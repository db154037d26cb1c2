package org.parfocal;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.ShortBuffer;
import java.nio.file.Path;

/**
 * An opened model. Several threads may use it at once. The garbage collector closes it in the end, but {@code try}
 * frees its memory sooner:
 *
 * <pre>{@code
 * try (ParfocalModel model = ParfocalModel.open()) {
 *     short[] sharp = model.restore(pixels, width, height);
 * }
 * }</pre>
 *
 * <p>Pixels are arrays: {@code byte[]} (8 bits, unsigned), {@code short[]} (16 bits, unsigned), {@code float[]},
 * {@code int[]} (packed colours 0xAARRGGBB, as in {@code BufferedImage}; alpha stays as it was). Results have the same
 * type, size, range and units. {@code dst} is either separate from {@code src}, or the same array with the same layout.
 * Each plane is written whole or not at all, in order; after a failure the rest of {@code dst} is as it was. Pixels
 * must not change during the call.
 *
 * <p>Every call throws {@link ParfocalException}: {@link Status#INVALID_HANDLE} once closed,
 * {@link Status#INVALID_ARGUMENT} for sizes that do not fit, {@link Status#CANCELLED}, and others.
 */
public final class ParfocalModel implements AutoCloseable {
    private final Handle handle;

    private ParfocalModel(long number) {
        handle = new Handle(
                this,
                number,
                Native::modelClose,
                "this model is closed; expected an open one: open it again with ParfocalModel.open");
    }

    /** {@return the built-in model, on the best device that works} */
    public static ParfocalModel open() {
        return open(null, null);
    }

    /**
     * Opens the built-in model.
     *
     * @param options options of opening, such as {@code "device=cpu threads=2"}; null or "" for the defaults
     * @return the model
     */
    public static ParfocalModel open(String options) {
        return open(null, options);
    }

    /**
     * Opens a model: reads the file and makes a small run to see that it works.
     *
     * @param path an ONNX file; null or "" for the built-in model
     * @param options those of opening (docs/options.md); null or "" for the defaults
     * @return the model
     */
    public static ParfocalModel open(String path, String options) {
        Libraries.loadFor(options);
        return new ParfocalModel(Native.modelOpen(path, options));
    }

    /**
     * Opens a model from the bytes of an ONNX file, which are copied.
     *
     * @param onnx the file
     * @param options those of opening; null or "" for the defaults
     * @return the model
     */
    public static ParfocalModel openMemory(byte[] onnx, String options) {
        Libraries.loadFor(options);
        return new ParfocalModel(Native.modelOpenMemory(Arguments.given(onnx, "onnx"), options));
    }

    /** {@return what runs, and how, as JSON} The warnings in it grow with what happens in runs. */
    public String describe() {
        long model = enter();
        try {
            return Native.modelDescribe(model);
        } finally {
            handle.leave();
        }
    }

    /**
     * Restores an 8-bit frame.
     *
     * @param pixels exactly width x height
     * @param width pixels of a row
     * @param height rows
     * @return the restored pixels, in a new array
     */
    public byte[] restore(byte[] pixels, int width, int height) {
        Arguments.checkCount(Arguments.given(pixels, "pixels").length, width, height);
        byte[] restored = new byte[pixels.length];
        restore(pixels, restored, Layout.of(width, height));
        return restored;
    }

    /**
     * Restores a 16-bit frame.
     *
     * @param pixels exactly width x height
     * @param width pixels of a row
     * @param height rows
     * @return the restored pixels, in a new array
     */
    public short[] restore(short[] pixels, int width, int height) {
        Arguments.checkCount(Arguments.given(pixels, "pixels").length, width, height);
        short[] restored = new short[pixels.length];
        restore(pixels, restored, Layout.of(width, height));
        return restored;
    }

    /**
     * Restores a frame of 32-bit floats; infinite and NaN pixels come back as they were.
     *
     * @param pixels exactly width x height
     * @param width pixels of a row
     * @param height rows
     * @return the restored pixels, in a new array
     */
    public float[] restore(float[] pixels, int width, int height) {
        Arguments.checkCount(Arguments.given(pixels, "pixels").length, width, height);
        float[] restored = new float[pixels.length];
        restore(pixels, restored, Layout.of(width, height));
        return restored;
    }

    /**
     * Restores a colour frame.
     *
     * @param colours 0xAARRGGBB, exactly width x height
     * @param width pixels of a row
     * @param height rows
     * @return the restored colours, in a new array
     */
    public int[] restore(int[] colours, int width, int height) {
        Arguments.checkCount(Arguments.given(colours, "pixels").length, width, height);
        // A copy, because alpha stays as it is in dst.
        int[] restored = colours.clone();
        restore(restored, restored, Layout.of(width, height).channels(3));
        return restored;
    }

    /**
     * Restores 8-bit pixels into an array that is there.
     *
     * @param src what is read
     * @param dst what is written, or src
     * @param layout of both
     */
    public void restore(byte[] src, byte[] dst, Layout layout) {
        restore(PixelType.U8, src, layout, dst, layout, null, null);
    }

    /**
     * Restores 16-bit pixels into an array that is there.
     *
     * @param src what is read
     * @param dst what is written, or src
     * @param layout of both
     */
    public void restore(short[] src, short[] dst, Layout layout) {
        restore(PixelType.U16, src, layout, dst, layout, null, null);
    }

    /**
     * Restores 32-bit floats into an array that is there.
     *
     * @param src what is read
     * @param dst what is written, or src
     * @param layout of both
     */
    public void restore(float[] src, float[] dst, Layout layout) {
        restore(PixelType.F32, src, layout, dst, layout, null, null);
    }

    /**
     * Restores packed colours into an array that is there; its alpha stays as it was.
     *
     * @param src what is read
     * @param dst what is written, or src
     * @param layout of both, with three channels
     */
    public void restore(int[] src, int[] dst, Layout layout) {
        restore(PixelType.U8, src, layout, dst, layout, null, null);
    }

    /**
     * Restores 8-bit pixels outside Java's memory. Position and limit of the buffers do not count: the layout's offset
     * does.
     *
     * @param src a direct buffer that is read
     * @param dst a direct buffer that is written, or src
     * @param layout of both
     */
    public void restore(ByteBuffer src, ByteBuffer dst, Layout layout) {
        restore(PixelType.U8, src, layout, dst, layout, null, null);
    }

    /**
     * Restores 16-bit pixels outside Java's memory. Position and limit of the buffers do not count: the layout's offset
     * does.
     *
     * @param src a direct buffer in this machine's byte order
     * @param dst another, or src
     * @param layout of both
     */
    public void restore(ShortBuffer src, ShortBuffer dst, Layout layout) {
        restore(PixelType.U16, src, layout, dst, layout, null, null);
    }

    /**
     * Restores 32-bit floats outside Java's memory. Position and limit of the buffers do not count: the layout's offset
     * does.
     *
     * @param src a direct buffer in this machine's byte order
     * @param dst another, or src
     * @param layout of both
     */
    public void restore(FloatBuffer src, FloatBuffer dst, Layout layout) {
        restore(PixelType.F32, src, layout, dst, layout, null, null);
    }

    /**
     * Restores a stack with one array for each plane, as ImageJ has it, in one run.
     *
     * @param src an array for each plane, all of one type: {@code byte[][]}, {@code short[][]}, {@code float[][]},
     *     {@code int[][]} or {@code Object[]} of such
     * @param dst as many of the same type, or src
     * @param plane where the pixels of a plane lie in its array; its count of planes does not matter
     * @param options those of a run (docs/options.md); null or "" for the defaults
     * @param task for progress and cancel; null for none
     */
    public void restorePlanes(Object[] src, Object[] dst, Layout plane, String options, ParfocalTask task) {
        int planes = Arguments.given(src, "src").length;
        if (planes == 0 || planes != Arguments.given(dst, "dst").length) {
            throw Arguments.refused("src has " + planes + " planes and dst " + dst.length
                    + "; expected as many in both, and at least one");
        }
        Layout layout = Arguments.given(plane, "layout").planes(planes);
        restore(Arguments.typeOf(src[0], "src[0]"), src, layout, dst, layout, options, task);
    }

    /**
     * Restores a frame or a stack of any kind; the other methods call this one.
     *
     * @param type of the pixels
     * @param src an array of the type, a direct buffer, or {@code Object[]} with an array for each plane; {@code int[]}
     *     are packed colours
     * @param from where the pixels lie in it
     * @param dst what is written: separate from {@code src}, or the same with the same layout
     * @param to where they go, of the same shape
     * @param options those of a run (docs/options.md); null or "" for the defaults
     * @param task for progress and cancel; null for none
     */
    public void restore(
            PixelType type, Object src, Layout from, Object dst, Layout to, String options, ParfocalTask task) {
        Arguments.check(from, to);
        int code = Arguments.given(type, "type").code();
        run(
                task,
                (model, number) -> Native.restore(
                        model,
                        number,
                        code,
                        src,
                        from.offset(),
                        from.strides(),
                        dst,
                        to.offset(),
                        to.strides(),
                        from.shape(),
                        options));
    }

    /**
     * Restores a TIFF file, page by page: same size, pixel type, compression and metadata. The output appears complete
     * under its name, or not at all; one that exists is never replaced.
     *
     * @param input a TIFF file
     * @param output the file to be written
     * @param options those of a run and of a file, such as {@code format=ome-tiff}; null or "" for the defaults
     * @param task for progress and cancel; null for none
     */
    public void restoreFile(Path input, Path output, String options, ParfocalTask task) {
        // In full, because Java keeps the folder that it was started in, whatever the process does.
        String source = Arguments.given(input, "input").toAbsolutePath().toString();
        String target = Arguments.given(output, "output").toAbsolutePath().toString();
        run(task, (model, number) -> Native.restoreFile(model, number, source, target, options));
    }

    /**
     * Refuses new calls, waits for running ones, then closes. Streams go on. Closing twice does nothing.
     *
     * @throws ParfocalException {@link Status#INVALID_ARGUMENT} from inside a progress listener of this model's run,
     *     where closing would wait for itself: cancel the task there, and close where the run was started
     */
    @Override
    public void close() {
        if (ProgressWatch.insideListenerOf(this)) {
            throw Arguments.refused(
                    "a model cannot be closed from the progress listener of its own run, for which closing would wait; "
                            + "expected after the run: call task.cancel() in the listener, and close the model "
                            + "where the run was started");
        }
        handle.closeAfterCalls();
    }

    /** Begins a call: {@link #leave} ends it. */
    long enter() {
        return handle.enter(this);
    }

    void leave() {
        handle.leave();
    }

    private interface Call {
        void run(long model, long task);
    }

    private void run(ParfocalTask task, Call call) {
        long model = enter();
        try {
            if (task == null) {
                call.run(model, 0);
                return;
            }
            ParfocalTask.Run run = task.begin(this);
            boolean done = false;
            try {
                call.run(model, run.number);
                done = true;
            } finally {
                task.end(run, done);
            }
        } finally {
            leave();
        }
    }
}
