package org.parfocal.fiji.window;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The packaged plugin in the real ImageJ on a display; the pictures of docs/fiji.md are taken here. */
@Tag("window")
class WindowTest {
    /** Shared, so that the natives are unpacked once; a picture shows its name. */
    private static Path home;

    @BeforeAll
    static void emptyHome() throws Exception {
        home = Paths.get(System.getProperty("java.io.tmpdir"), "user");
        Files.createDirectories(home);
        if (!Files.isWritable(home)) {
            // Another user's.
            home = Files.createTempDirectory("user");
        }
    }

    private static String line(String told, String name) {
        for (String line : told.split("\n")) {
            if (line.startsWith(name + ": ")) {
                return line.substring(name.length() + 2);
            }
        }
        throw new AssertionError("'" + name + "' is not told: " + told);
    }

    /**
     * The gain in dB that docs/fiji.md states for its before and after. It belongs to the model that is built in, as
     * the pictures do: UPDATE_DOCS=1 replaces them together.
     */
    private static double documentedGain(double measured) throws Exception {
        Path page = Paths.get("../docs/fiji.md");
        String text = new String(Files.readAllBytes(page), StandardCharsets.UTF_8);
        Matcher told = Pattern.compile("to the\\s+truth\\s+than\\s+that\\s+on\\s+the\\s+left\\s+\\((\\d+\\.\\d) dB\\)")
                .matcher(text);
        assertTrue(told.find(), page + " does not say how much nearer to the truth the restored plane is");
        if (!"1".equals(System.getenv("UPDATE_DOCS"))) {
            return Double.parseDouble(told.group(1));
        }
        String fresh = String.format(Locale.ROOT, "%.1f", measured);
        String updated = text.substring(0, told.start(1)) + fresh + text.substring(told.end(1));
        Files.write(page, updated.getBytes(StandardCharsets.UTF_8));
        return Double.parseDouble(fresh);
    }

    @Test
    void restoreWithPreview() throws Exception {
        String told = Desktop.play("restore", home);
        assertEquals(
                "run(\"Restore Focus...\", \"device=auto planes=current region=[whole image] output=[new image]\");",
                line(told, "recorded"));
        assertEquals("true", line(told, "kept"), "the original, after the preview");
        assertEquals("true", line(told, "same"), "the recorded line again");
        assertEquals("true", line(told, "calibration"));
        assertTrue(line(told, "title").startsWith("cells-restored"), told);
        double gain = Double.parseDouble(line(told, "gain"));
        assertTrue(gain > 0, "the restored plane is no nearer to the truth: " + told);
        assertEquals(
                documentedGain(gain),
                gain,
                0.3,
                "docs/fiji.md is of another model; after a look at the pictures, UPDATE_DOCS=1 replaces both: " + told);
        assertTrue(line(told, "jar").startsWith(System.getProperty("parfocal.unpacked")), told);
        assertTrue(line(told, "library jar").startsWith(System.getProperty("parfocal.unpacked")), told);
        Pictures.check("restore-preview.png", "restore-before-after.png");
    }

    @Test
    void focusScore() throws Exception {
        String told = Desktop.play("focus-score", home);
        assertEquals("run(\"Focus Score...\", \"planes=[along z] plot clear go\");", line(told, "recorded"));
        assertEquals("true", line(told, "same"), told);
        assertEquals(String.valueOf(Specimen.PLANES), line(told, "rows"));
        assertEquals(String.valueOf(Specimen.FOCUS), line(told, "sharpest"));
        assertEquals(String.valueOf(Specimen.FOCUS), line(told, "again"));
        assertEquals(Specimen.PLANES + " points", line(told, "plot"));
        // Not classes of the build, but those of the package.
        assertTrue(line(told, "jar").startsWith(System.getProperty("parfocal.unpacked")), told);
        Pictures.check("focus-score.png");
    }

    @Test
    void modelInformation() throws Exception {
        String told = Desktop.play("model-information", home);
        assertEquals("run(\"Model Information...\", \"model=accurate device=auto\");", line(told, "recorded"));
        assertTrue(told.contains("parfocal-w16") && told.contains("proved by a run"), told);
        Pictures.check("model-information.png");
    }

    @Test
    void diagnostics() throws Exception {
        String copied = Desktop.play("diagnostics", home);
        assertTrue(copied.contains("All is well"), copied);
        assertFalse(copied.contains("not packaged"), copied);
        assertTrue(copied.replaceAll("\\s", "").contains(home + "/.cache/parfocal/"), "out of the jar: " + copied);
        Pictures.check("diagnostics.png");
    }

    /** The files as an update site lays them out, in plain ImageJ. */
    @Test
    void updateSite() throws Exception {
        String site = System.getProperty("parfocal.site");
        String copied = Desktop.play("update-site", home, site);
        assertTrue(copied.contains("All is well"), copied);
        assertTrue(
                copied.replaceAll("\\s", "").contains(site.replaceAll("\\s", "") + "/lib/linux64/libparfocal.so"),
                copied);
    }
}
