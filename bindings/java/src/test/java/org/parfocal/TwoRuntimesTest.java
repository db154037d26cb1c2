package org.parfocal;

import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnxruntime.OrtEnvironment;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Other plugins of a Fiji bring an ONNX Runtime of their own: neither disturbs the other, whichever came first. */
@NeedsLibrary
@Tag("process")
class TwoRuntimesTest {
    @ParameterizedTest
    @ValueSource(strings = {"parfocal", "other"})
    void bothGiveTheSameNumbers(String first) {
        String said = new ChildJvm()
                .withLibrary()
                .classPath(ChildJvm.place(OrtEnvironment.class))
                .run(RuntimesMain.class, first);
        assertTrue(said.matches("equal; (?!1\\.22\\.0)\\d+\\.\\d+\\.\\d+ and 1\\.22\\.0"), said);
    }
}
