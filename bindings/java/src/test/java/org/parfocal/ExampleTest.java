package org.parfocal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The example of this folder does what it says. */
@NeedsLibrary
class ExampleTest {
    @TempDir
    Path temporary;

    @Test
    void restoresBeadsWithoutArguments() {
        String said = new ChildJvm().withLibrary().run("RestoreTiff");
        assertEquals(8, said.split("focus score").length - 1, said);
        java.util.regex.Matcher last = java.util.regex.Pattern.compile(
                        "plane 8: focus score ([\\d.]+), restored ([\\d.]+)")
                .matcher(said);
        assertTrue(last.find(), said);
        assertTrue(Double.parseDouble(last.group(2)) > Double.parseDouble(last.group(1)), said);
    }

    @Test
    void restoresAFile() throws java.io.IOException {
        Path input = Paths.get(System.getProperty("parfocal.models"))
                .resolve("../data/good/stack-u8.tif")
                .normalize();
        Path output = temporary.resolve("out.tif");
        String said = new ChildJvm()
                .withLibrary()
                .run("RestoreTiff", input.toString(), output.toString(), Tiny.model("tiny.onnx"));
        assertTrue(said.contains("planes to " + output + " (" + Files.size(output) + " bytes)"), said);
    }
}
