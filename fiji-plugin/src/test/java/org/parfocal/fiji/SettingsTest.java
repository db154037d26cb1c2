package org.parfocal.fiji;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The macro options: the keys, their defaults, values with spaces, and what is said about wrong ones. */
class SettingsTest {
    private static String text(Settings settings) {
        return settings.macroOptions().stream()
                .map(option -> option[0] + "=" + (option[1].indexOf(' ') < 0 ? option[1] : "[" + option[1] + "]"))
                .collect(Collectors.joining(" "));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "device=auto planes=all region=[whole image] output=[new image]",
                "model=[/my models/best one.onnx] device=cuda:1 planes=range channels=1-3,5 frames=2 region=[crop "
                        + "to selection] "
                        + "output=[TIFF file] file=[C:/some where/out.tif] options=[threads=2 runtime='/a b/lib.so' "
                        + "tile=64]",
                "device=cpu planes=current region=[inside selection] output=[in place]"
            })
    void whatIsRecordedIsReadBack(String options) {
        assertEquals(options, text(Settings.parse(options + " ")));
    }

    @Test
    void optionsOfOpeningAreThoseOfTheTable() throws IOException {
        String page = new String(Files.readAllBytes(Paths.get("../docs/options.md")), StandardCharsets.UTF_8);
        String table = page.substring(page.indexOf("## When a model is opened"), page.indexOf("## For one run"));
        List<String> keys = new ArrayList<>();
        Matcher rows = Pattern.compile("(?m)^\\| `(\\w+)`").matcher(table);
        while (rows.find()) {
            keys.add(rows.group(1));
        }
        assertEquals(keys, Settings.OPEN_KEYS);
    }

    @Test
    void bracketsInsideBracketsAndQuotes() {
        assertEquals("/a [b] c.tif", Settings.parse("file=[/a [b] c.tif]").file);
        assertEquals("/a b.tif", Settings.parse("file='/a b.tif' device=cpu").file);
        assertEquals("", Settings.parse("file=[] preview").file);
        assertEquals("range", Settings.parse("slices=2").planes.label);
        assertEquals("whole image", Settings.parse("region=[Whole Image]").region.label);
        assertEquals("cpu", Settings.parse("Device=cpu").device);
    }

    @Test
    void optionsGoWhereTheyBelong() {
        Settings settings =
                Settings.parse("device=cpu options=[tile=64 threads=2 runtime='/a b/x.so' halo=16 memory=100]");
        assertEquals("device=cpu threads=2 runtime='/a b/x.so' memory=100", settings.openOptions());
        assertEquals("tile=64 halo=16", settings.runOptions());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "devise=cuda | \"devise\" is not one of its keys, which are model, device, planes",
                "stack | \"stack\" is not one of its keys",
                "device | \"device\" has no value. Write device=value; values with spaces stand in [brackets].",
                "planes=some | planes=some cannot be; the choices are all, current, range.",
                "output=clipboard | output=clipboard cannot be; the choices are [new image], [in place], [TIFF file].",
                "region=roi | region=roi cannot be; the choices are [whole image], [crop to selection], [inside "
                        + "selection].",
                "planes=all slices=2 | planes=all, but channels, slices or frames say which. Write planes=range",
                "file=[/a b.tif | the value of file has no closing bracket",
                "file='/a b.tif | the value of file has no closing quote"
            })
    void wrongOptionsAreSaid(String options, String expected) {
        String message =
                assertThrows(Problem.class, () -> Settings.parse(options)).getMessage();
        assertTrue(message.contains(expected), message);
    }

    @Test
    void theDeviceIsNotAnOption() {
        String message = assertThrows(Problem.class, () -> Settings.parse("options=device=cuda")
                        .openOptions())
                .getMessage();
        assertEquals("Options: \"device=cuda\" is chosen by Device; leave it out of Options.", message);
    }

    @Test
    void longMessagesAreBroken() {
        String wrapped = Messages.wrap(new String(new char[60]).replace("\0", "abc "));
        for (String line : wrapped.split("\n")) {
            assertTrue(line.length() <= 90, line);
        }
        assertEquals("a\n\nb  c", Messages.wrap("a\n\nb  c"));
    }

    @Test
    void escAfterTheEndStopsNothing() {
        boolean[] pressed = new boolean[1];
        try (Progress progress = new Progress("", () -> pressed[0] ? new Stopped("stopped", true) : null, true)) {
            progress.status("at work");
            pressed[0] = true;
            progress.done();
            assertEquals(
                    "stopped",
                    assertThrows(Stopped.class, () -> progress.status("at work"))
                            .getMessage());
        }
    }

    @Test
    void timesAsAPersonSaysThem() {
        assertEquals("1 s", Progress.time(0.2));
        assertEquals("59 s", Progress.time(59.4));
        assertEquals("1 min 20 s", Progress.time(80));
        assertEquals("2 h 5 min", Progress.time(7500));
    }
}
