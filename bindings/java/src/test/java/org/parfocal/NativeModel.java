package org.parfocal;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/**
 * A small network that is open while the tests of a class run, by its number: for tests of the native functions
 * themselves.
 */
@NeedsLibrary
abstract class NativeModel {
    static long model;

    @BeforeAll
    static void open() {
        Parfocal.version();
        model = TestPixels.tiny("");
    }

    @AfterAll
    static void close() {
        Native.modelClose(model);
    }
}
