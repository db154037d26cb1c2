package org.parfocal.fiji;

/** Something that the user can mend; the message says what, which value, and what to do. */
final class Problem extends RuntimeException {
    private static final long serialVersionUID = 1;

    Problem(String message) {
        super(message);
    }
}
