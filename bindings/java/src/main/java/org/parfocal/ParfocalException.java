package org.parfocal;

/** A call that failed. The message says what, which value, what was expected and what to do; it is meant to be shown. */
public final class ParfocalException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final Status status;

    /**
     * @param status why
     * @param message what to show
     */
    public ParfocalException(Status status, String message) {
        super(message);
        this.status = status;
    }

    /** Called by the engine. */
    ParfocalException(int status, String message) {
        this(Status.of(status), message);
    }

    /** Why the call failed. */
    public Status status() {
        return status;
    }
}
