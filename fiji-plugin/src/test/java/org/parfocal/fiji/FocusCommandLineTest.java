package org.parfocal.fiji;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import com.eclipsesource.json.Json;
import com.eclipsesource.json.JsonArray;
import ij.ImagePlus;
import ij.io.FileSaver;
import java.awt.Rectangle;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The plugin's focus scores against those of {@code parfocal score} on the same image, saved by ImageJ: the same
 * numbers.
 */
class FocusCommandLineTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource({"8", "16", "24", "32"})
    void theSameNumbers(int bits) throws Exception {
        String command = System.getProperty("parfocal.command", "");
        assertFalse(
                command.isEmpty(),
                "the property parfocal.command is missing: it is the path of the command to compare with");
        ImagePlus image = Images.stack(bits, 131, 77, 3);
        Path file = folder.resolve("stack.tif");
        new FileSaver(image).saveAsTiffStack(file.toString());
        Process process = new ProcessBuilder(command, "score", "--json", file.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        JsonArray expected;
        try (InputStreamReader in = new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8)) {
            expected = Json.parse(in)
                    .asObject()
                    .get("files")
                    .asArray()
                    .get(0)
                    .asObject()
                    .get("scores")
                    .asArray();
        }
        assertEquals(0, process.waitFor());
        List<PlaneScore> scores =
                FocusScores.of(image, IntStream.rangeClosed(1, 3).toArray(), new Rectangle(131, 77));
        assertEquals(3, expected.size());
        for (int i = 0; i < 3; i++) {
            assertEquals(expected.get(i).asDouble(), scores.get(i).score, "plane " + (i + 1));
        }
    }
}
