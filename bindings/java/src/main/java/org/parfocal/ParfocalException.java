package org.parfocal;

/** A call that failed. The message is meant for the user: what failed, which value, what was expected, what to do. */
public final class ParfocalException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** The value of {@link #frameTag()} for failures without a frame. */
    static final long NO_FRAME = -1;

    /** Why. */
    private final Status status;
    /** {@link #NO_FRAME} unless a stream's frame failed. */
    private final long frameTag;

    /**
     * A failure of this kind.
     *
     * @param status why
     * @param message what to show
     */
    public ParfocalException(Status status, String message) {
        this(status, message, NO_FRAME, null);
    }

    ParfocalException(Status status, String message, Throwable cause) {
        this(status, message, NO_FRAME, cause);
    }

    /** The engine calls this constructor. */
    ParfocalException(int status, String message) {
        this(Status.of(status), message);
    }

    private ParfocalException(Status status, String message, long frameTag, Throwable cause) {
        super(message, cause);
        this.status = status;
        this.frameTag = frameTag;
    }

    /** The same, as the failure of a stream's frame. */
    static ParfocalException ofFrame(long tag, ParfocalException failure) {
        return new ParfocalException(failure.status, failure.getMessage(), tag, failure);
    }

    /** {@return why the call failed, never {@link Status#OK}} */
    public Status status() {
        return status;
    }

    /**
     * The frame of a stream that could not be restored; the stream goes on.
     *
     * @return the tag that it was submitted with; -1 for any other failure
     */
    public long frameTag() {
        return frameTag;
    }
}
