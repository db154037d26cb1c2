package org.parfocal;

/** Finds libparfocal and loads it, once. */
final class Libraries {
    private static boolean loaded;

    private Libraries() {}

    static synchronized void load() {
        if (!loaded) {
            System.load(System.getProperty("parfocal.library"));
            loaded = true;
        }
    }
}
