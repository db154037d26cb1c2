package org.parfocal;

/** Faults on purpose: in a library that was built with the feature {@code plant}. */
final class Planted {
    private Planted() {}

    /** A panic inside a call on a model. */
    static native void panic(long model);

    /** An exception of the JVM's inside a call. */
    static native void exception();

    /** The JVM's heap is full inside a call. */
    static native void noMemory();
}
