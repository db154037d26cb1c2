package org.parfocal.fiji;

/** Ends a run early, because the user stopped it or closed its image. */
final class Stopped extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final boolean wanted;

    Stopped(String message, boolean wanted) {
        super(message);
        this.wanted = wanted;
    }

    /** Whether the user asked for it, and so needs no dialog about it. */
    boolean wanted() {
        return wanted;
    }
}
