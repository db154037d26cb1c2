package org.parfocal;

/** Faults on purpose: in a library that was built with the feature {@code plant}. */
final class Planted {
    private Planted() {}

    static native void panic(long model);

    static native void exception();

    static native void noMemory();

    static native void unchecked();

    /** Whether the library has them; that is not asked where it must have them: then tests fail, and are not left out. */
    static boolean isThere() {
        Parfocal.version();
        if ("unchecked".equals(System.getProperty("parfocal.planted"))) {
            return true;
        }
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
