package org.parfocal.fiji;

/** A run that was stopped before its end, because the user wanted it or because its image is gone. */
final class Stopped extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final boolean wanted;

    Stopped(String message, boolean wanted) {
        super(message);
        this.wanted = wanted;
    }

    /** True if the user asked for it, who then needs no dialog that says so. */
    boolean wanted() {
        return wanted;
    }
}
