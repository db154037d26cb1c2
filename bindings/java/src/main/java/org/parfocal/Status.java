package org.parfocal;

/** Why a call failed; the numbers are those of {@code parfocal.h} and never used again for something else. */
public enum Status {
    /** Done. No exception has it. */
    OK(0),
    /** A size, stride, count or combination that cannot be. */
    INVALID_ARGUMENT(1),
    /** A model, task or stream that is closed. */
    INVALID_HANDLE(2),
    /** An option that does not exist, is repeated, or has a value that it cannot have. */
    BAD_OPTION(3),
    /** Possible elsewhere, not here or not with these pixels. */
    UNSUPPORTED(4),
    /** A file that does not exist. */
    NOT_FOUND(5),
    /** Reading or writing failed. */
    IO(6),
    /** An image file that cannot be understood. */
    FORMAT(7),
    /** A model file that is none, or a network that failed. */
    MODEL(8),
    /** ONNX Runtime is missing, or of a version that cannot be used. */
    RUNTIME(9),
    /** A device that was asked for by name does not work. */
    DEVICE(10),
    /** Not enough memory, on the machine or on the device. */
    OUT_OF_MEMORY(11),
    /** Stopped by {@link ParfocalTask#cancel()}. */
    CANCELLED(12),
    /** A stream has no room for another frame now. */
    WOULD_BLOCK(13),
    /** Nothing came in time. */
    TIMEOUT(14),
    /** A stream was closed. */
    CLOSED(15),
    /** A file of that name exists already. */
    EXISTS(16),
    /** A fault of Parfocal, not of the input. */
    INTERNAL(17);

    private final int code;

    Status(int code) {
        this.code = code;
    }

    /** {@return the number in {@code parfocal.h}} */
    public int code() {
        return code;
    }

    static Status of(int code) {
        for (Status status : values()) {
            if (status.code == code) {
                return status;
            }
        }
        // A later library may know more.
        return INTERNAL;
    }
}
