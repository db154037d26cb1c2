package org.parfocal;

import java.nio.Buffer;

/**
 * A stream of frames of one size and type. One thread submits frames, a thread of the stream restores them, and the
 * same or another thread receives the results. Submitting never waits, so a camera's callback may do it.
 *
 * <pre>{@code
 * try (ParfocalStream stream = ParfocalStream.open(model, PixelType.U16, Layout.of(2048, 2048), "mode=latest")) {
 *     stream.submit(frame, number);                 // the camera's thread
 *     long tag = stream.receive(result, 1000);      // the display's thread
 *     if (tag != ParfocalStream.NOTHING) { ... }
 * }
 * }</pre>
 *
 * <p>{@code mode=every} (the default) restores all frames in order, up to {@code depth} of them under way, results not
 * yet received included; {@code mode=latest} restores the newest, drops those that it cannot keep up with, and counts
 * them.
 */
public final class ParfocalStream implements AutoCloseable {
    /** {@link #receive} returns this when nothing came in time. No frame may have it as its tag. */
    public static final long NOTHING = ParfocalException.NO_FRAME;

    private final Handle handle;
    private final Layout layout;

    private ParfocalStream(long number, Layout layout) {
        this.layout = layout;
        handle = new Handle(
                this,
                number,
                Native::streamClose,
                "this stream is closed; expected an open one: open another with ParfocalStream.open");
    }

    /**
     * Opens a stream and allocates memory for its frames.
     *
     * @param model an open model, which may be closed while the stream goes on
     * @param type of the pixels
     * @param frame where a frame's pixels lie in the arrays that go in and come out; one plane
     * @param options those of a stream (mode, depth, and those of a run); null or "" for the defaults
     * @return the stream
     */
    public static ParfocalStream open(ParfocalModel model, PixelType type, Layout frame, String options) {
        int code = Arguments.given(type, "type").code();
        Arguments.given(frame, "layout");
        long number = Arguments.given(model, "model").enter();
        try {
            return new ParfocalStream(Native.streamOpen(number, code, frame.shape(), options), frame);
        } finally {
            model.leave();
        }
    }

    /**
     * Copies an 8-bit frame in.
     *
     * @param frame its pixels
     * @param tag a number that comes back with the result; not -1
     * @throws ParfocalException {@link Status#WOULD_BLOCK} where as many frames as {@code depth} are under way: this
     *     one was not taken
     */
    public void submit(byte[] frame, long tag) {
        submitAny(frame, tag);
    }

    /**
     * Copies a 16-bit frame in.
     *
     * @param frame its pixels
     * @param tag a number that comes back with the result; not -1
     * @throws ParfocalException {@link Status#WOULD_BLOCK} where as many frames as {@code depth} are under way: this
     *     one was not taken
     */
    public void submit(short[] frame, long tag) {
        submitAny(frame, tag);
    }

    /**
     * Copies a frame of 32-bit floats in.
     *
     * @param frame its pixels
     * @param tag a number that comes back with the result; not -1
     * @throws ParfocalException {@link Status#WOULD_BLOCK} where as many frames as {@code depth} are under way: this
     *     one was not taken
     */
    public void submit(float[] frame, long tag) {
        submitAny(frame, tag);
    }

    /**
     * Copies a frame of packed colours in, into a stream of three channels.
     *
     * @param frame its pixels
     * @param tag a number that comes back with the result; not -1
     * @throws ParfocalException {@link Status#WOULD_BLOCK} where as many frames as {@code depth} are under way: this
     *     one was not taken
     */
    public void submit(int[] frame, long tag) {
        submitAny(frame, tag);
    }

    /**
     * Copies a frame in from outside Java's memory, as a camera's driver has it.
     *
     * @param frame a direct buffer of the stream's type, in this machine's byte order
     * @param tag a number that comes back with the result; not -1
     * @throws ParfocalException {@link Status#WOULD_BLOCK} where as many frames as {@code depth} are under way: this
     *     one was not taken
     */
    public void submit(Buffer frame, long tag) {
        submitAny(frame, tag);
    }

    /**
     * Copies the next 8-bit result out.
     *
     * @param frame where its pixels go
     * @param timeoutMs how long to wait: 0 not at all, -1 without end
     * @return the tag of the frame, {@link #NOTHING} where none came in time
     * @throws ParfocalException with {@link ParfocalException#frameTag()} where that frame could not be restored: the
     *     stream goes on; {@link Status#CLOSED} where the stream was closed meanwhile
     */
    public long receive(byte[] frame, int timeoutMs) {
        return receiveAny(frame, timeoutMs);
    }

    /**
     * Copies the next 16-bit result out.
     *
     * @param frame where its pixels go
     * @param timeoutMs how long to wait: 0 not at all, -1 without end
     * @return the tag of the frame, {@link #NOTHING} where none came in time
     * @throws ParfocalException as {@link #receive(byte[], int)}
     */
    public long receive(short[] frame, int timeoutMs) {
        return receiveAny(frame, timeoutMs);
    }

    /**
     * Copies the next result of 32-bit floats out.
     *
     * @param frame where its pixels go
     * @param timeoutMs how long to wait: 0 not at all, -1 without end
     * @return the tag of the frame, {@link #NOTHING} where none came in time
     * @throws ParfocalException as {@link #receive(byte[], int)}
     */
    public long receive(float[] frame, int timeoutMs) {
        return receiveAny(frame, timeoutMs);
    }

    /**
     * Copies the next result out as packed colours; alpha stays as {@code frame} has it.
     *
     * @param frame where its pixels go
     * @param timeoutMs how long to wait: 0 not at all, -1 without end
     * @return the tag of the frame, {@link #NOTHING} where none came in time
     * @throws ParfocalException as {@link #receive(byte[], int)}
     */
    public long receive(int[] frame, int timeoutMs) {
        return receiveAny(frame, timeoutMs);
    }

    /**
     * Copies the next result out to memory outside Java's.
     *
     * @param frame a direct buffer of the stream's type, in this machine's byte order
     * @param timeoutMs how long to wait: 0 not at all, -1 without end
     * @return the tag of the frame, {@link #NOTHING} where none came in time
     * @throws ParfocalException as {@link #receive(byte[], int)}
     */
    public long receive(Buffer frame, int timeoutMs) {
        return receiveAny(frame, timeoutMs);
    }

    /** {@return counters and latencies, as JSON} */
    public String describe() {
        long stream = handle.enter(this);
        try {
            return Native.streamDescribe(stream);
        } finally {
            handle.leave();
        }
    }

    /**
     * Stops the frame being restored and wakes a waiting receiver ({@link Status#CLOSED}). Results not yet received are
     * lost. Later calls fail with {@link Status#INVALID_HANDLE}. Closing twice does nothing.
     */
    @Override
    public void close() {
        handle.close();
    }

    private void submitAny(Object frame, long tag) {
        long stream = handle.enter(this);
        try {
            Native.streamSubmit(stream, frame, layout.offset(), layout.strides(), tag);
        } finally {
            handle.leave();
        }
    }

    private long receiveAny(Object frame, int timeoutMs) {
        long[] tag = {NOTHING};
        long stream = handle.enter(this);
        try {
            Native.streamReceive(stream, frame, layout.offset(), layout.strides(), tag, timeoutMs);
            return tag[0];
        } catch (ParfocalException e) {
            if (tag[0] != NOTHING) {
                throw ParfocalException.ofFrame(tag[0], e);
            }
            if (e.status() == Status.TIMEOUT || e.status() == Status.WOULD_BLOCK) {
                return NOTHING;
            }
            throw e;
        } finally {
            handle.leave();
        }
    }
}
