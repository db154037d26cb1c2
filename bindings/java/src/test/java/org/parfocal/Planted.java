package org.parfocal;

/** Faults on purpose: in a library that was built with the feature {@code plant}. */
final class Planted {
    private Planted() {}

    static native void panic(long model);

    static native void exception();

    static native void noMemory();

    static native void unchecked();

    /** Whether the library has them. */
    static boolean isThere() {
        Parfocal.version();
        try {
            panic(0);
            return false;
        } catch (UnsatisfiedLinkError e) {
            return false;
        } catch (ParfocalException e) {
            return e.status() == Status.INVALID_HANDLE;
        }
    }
}
