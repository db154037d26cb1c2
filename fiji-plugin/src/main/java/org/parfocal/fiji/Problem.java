package org.parfocal.fiji;

/** An error that the user can fix. The message says what is wrong, which value, and what to do. */
final class Problem extends RuntimeException {
    private static final long serialVersionUID = 1;

    Problem(String message) {
        super(message);
    }
}
