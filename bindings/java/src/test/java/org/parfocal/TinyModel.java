package org.parfocal;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** A small model that is open while the tests of a class run. */
@NeedsLibrary
abstract class TinyModel {
    static ParfocalModel model;

    @BeforeAll
    static void open() {
        model = Tiny.open();
    }

    @AfterAll
    static void close() {
        model.close();
    }
}
