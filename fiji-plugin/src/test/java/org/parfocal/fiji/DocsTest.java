package org.parfocal.fiji;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ij.IJ;
import ij.ImagePlus;
import ij.io.FileSaver;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.parfocal.fiji.window.Specimen;

/**
 * What docs/fiji.md says: its macros run, the messages in its table are those of the program, its pictures and links
 * are there.
 */
class DocsTest {
    private static final Path PAGE = Paths.get("../docs/fiji.md");

    @TempDir
    Path folder;

    private static String page() throws IOException {
        return new String(Files.readAllBytes(PAGE), StandardCharsets.UTF_8);
    }

    /** The macros, in their order: one image, a stack, a folder. */
    private static List<String> macros() throws IOException {
        List<String> found = new ArrayList<>();
        Matcher block =
                Pattern.compile("```javascript\n(.*?)```", Pattern.DOTALL).matcher(page());
        while (block.find()) {
            found.add(block.group(1));
        }
        assertEquals(3, found.size());
        return found;
    }

    @BeforeEach
    void images() {
        ImagePlus cells = Specimen.stack(5);
        assertTrue(
                new FileSaver(cells).saveAsTiffStack(folder.resolve("stack.tif").toString()));
        assertTrue(new FileSaver(Specimen.stack(1))
                .saveAsTiff(folder.resolve("one.tif").toString()));
    }

    private String open(String name) {
        return "open(\"" + folder.resolve(name) + "\");\n";
    }

    private void restored(String said) {
        assertFalse(said.contains("Exception"), said);
        assertTrue(said.contains("the end"), said);
        assertEquals(
                1, IJ.openImage(folder.resolve("one-restored.tif").toString()).getStackSize(), said);
        assertEquals(
                5, IJ.openImage(folder.resolve("stack-restored.tif").toString()).getStackSize(), said);
    }

    @Test
    @Tag("process")
    void macrosWithoutAScreen() throws Exception {
        String said = headless(open("stack.tif") + "setSlice(2);\n" + macros().get(0)
                + macros().get(1).replace("// The sharpest", "selectWindow(\"stack.tif\");\n// The sharpest")
                + "run(\"Focus Score...\", \"planes=[along z] plot clear\");\nprint(\"plot: \" + getTitle());\n"
                + "print(\"the end\");\n");
        assertTrue(said.contains("plot: Focus score of stack.tif\n"), said);
        assertTrue(said.contains("restored on cpu fp32"), said);
        assertTrue(said.contains("sharpest: z = 3\n"), said);
        assertTrue(said.contains("the end"), said);
        String all = macros().get(2);
        assertTrue(all.contains("getArgument()"), all);
        restored(headless(all.replace("getArgument()", "\"" + folder + "/\"") + "print(\"the end\");\n"));
    }

    private String headless(String macro) throws Exception {
        return new ImageJProcess(folder).withLibrary().headless(macro);
    }

    /** As plain ImageJ is started in a batch, with its argument. */
    @Test
    @Tag("window")
    void macrosInABatch() throws Exception {
        String said = new ImageJProcess(folder)
                .withLibrary()
                .batch(open("stack.tif") + "setSlice(2);\n" + macros().get(0) + "selectWindow(\"stack.tif\");\n"
                        + macros().get(1) + "print(\"the end\");\n");
        assertTrue(said.contains("restored on cpu fp32"), said);
        assertTrue(said.contains("sharpest: z = 3\n"), said);
        assertTrue(said.contains("the end"), said);
        Path macro = folder.resolve("restore.ijm");
        Files.write(macro, (macros().get(2) + "print(\"the end\");\n").getBytes(StandardCharsets.ISO_8859_1));
        restored(new ImageJProcess(folder).withLibrary().run("ij.ImageJ", "-batch", macro.toString(), folder + "/"));
    }

    @Test
    void messagesAreThoseOfTheProgram() throws Exception {
        String sources = sources("src/main/java", ".java")
                + sources("../bindings/java/src/main/java", ".java")
                + sources("../src", ".rs");
        int count = 0;
        for (String line : page().split("\n")) {
            boolean row = line.startsWith("| `") && page().indexOf(line) > page().indexOf("| message |");
            if (!row) {
                continue;
            }
            Matcher piece = Pattern.compile("`([^`]+)`").matcher(line.split("\\|")[1]);
            while (piece.find()) {
                for (String part : piece.group(1).split("\\.\\.\\.|\"")) {
                    assertTrue(sources.contains(part.trim()), "no message has '" + part.trim() + "'");
                    count++;
                }
            }
        }
        assertTrue(count > 30, "found only " + count);
    }

    /** All of it, with texts that were cut over several lines put together again. */
    private static String sources(String folder, String ending) throws IOException {
        StringBuilder all = new StringBuilder();
        try (Stream<Path> files = Files.walk(Paths.get(folder))) {
            for (Path file :
                    files.filter(path -> path.toString().endsWith(ending)).collect(Collectors.toList())) {
                all.append(new String(Files.readAllBytes(file), StandardCharsets.UTF_8))
                        .append('\n');
            }
        }
        return all.toString()
                .replaceAll("\"\\s*\\+\\s*\"", "")
                .replaceAll("\\\\\\s*\n\\s*", "")
                .replace("\\\"", "\"");
    }

    @Test
    void picturesAndLinksAreThere() throws Exception {
        Matcher link = Pattern.compile("\\]\\(([^)#]+)\\)").matcher(page());
        int count = 0;
        while (link.find()) {
            assertTrue(Files.exists(PAGE.resolveSibling(link.group(1))), link.group(1));
            count++;
        }
        assertTrue(count > 8, "found only " + count);
        try (Stream<Path> pictures = Files.list(PAGE.resolveSibling("fiji"))) {
            for (Path picture : pictures.collect(Collectors.toList())) {
                assertTrue(page().contains("fiji/" + picture.getFileName()), picture + " is not shown");
            }
        }
    }
}
