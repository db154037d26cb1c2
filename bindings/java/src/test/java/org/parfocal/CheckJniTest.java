package org.parfocal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/** Java's own check of native code: references, pending exceptions, wrong types. It prints what it finds. */
@NeedsLibrary
class CheckJniTest {
    @Test
    void nothingIsFound() {
        assertEquals("done", new ChildJvm().withLibrary().option("-Xcheck:jni").run(ExerciseMain.class));
    }
}
