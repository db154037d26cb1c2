package org.parfocal;

/** Why a call failed. The numbers are those of {@code parfocal.h} and are never reused. */
public enum Status {
    /** Done. No exception has it. */
    OK(0),
    /** An impossible size, stride, count or combination. */
    INVALID_ARGUMENT(1),
    /** A model, task or stream that is closed. */
    INVALID_HANDLE(2),
    /** An option that does not exist, is repeated, or has an impossible value. */
    BAD_OPTION(3),
    /** Not possible here, or not with these pixels. */
    UNSUPPORTED(4),
    /** A file that does not exist. */
    NOT_FOUND(5),
    /** Reading or writing failed. */
    IO(6),
    /** An image file that cannot be read. */
    FORMAT(7),
    /** Not a usable model file, or a network that failed. */
    MODEL(8),
    /** ONNX Runtime is missing, or its version cannot be used. */
    RUNTIME(9),
    /** A device requested by name does not work. */
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
    /** The output file exists already. */
    EXISTS(16),
    /** A bug in Parfocal. */
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
        // A later library may have more.
        return INTERNAL;
    }
}
