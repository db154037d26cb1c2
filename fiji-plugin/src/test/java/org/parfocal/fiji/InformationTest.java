package org.parfocal.fiji;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What Model Information and About and Diagnostics tell, also where the library does not work. */
class InformationTest {
    private static final String TINY = new File("../tests/models/tiny.onnx").getPath();

    @Test
    void modelTellsWhatItIsAndWhatRuns() {
        String text = ModelInformation.report(TINY, "cpu").toString();
        for (String part : new String[] {
            "Name ",
            "SHA-256 ",
            "Device              cpu, proved by a run",
            "Device asked for    cpu",
            "Precision           fp32",
            "Threads ",
            "MiB",
            "ONNX Runtime ",
            "Its file ",
            "Context ",
            "Warnings"
        }) {
            assertTrue(text.contains(part), part + " in\n" + text);
        }
        String built = ModelInformation.report("", "auto").toString();
        assertTrue(
                built.contains("parfocal-w16") && built.contains("CC-BY-4.0") && built.contains("fluorescence"), built);
        assertTrue(built.contains("Device asked for    auto"), built);
        assertTrue(built.contains(" micrometres"), built);
    }

    @Test
    void modelThatCannotBeOpened() throws Exception {
        refused("model=[/no/such file.onnx] device=cpu", "/no/such file.onnx");
        refused("model=[" + new File("pom.xml").getAbsolutePath() + "]", "pom.xml");
        refused("device=gpu", "gpu", "cpu");
        refused("device=cuda", "cuda");
        refused("models=x", "\"models\" is not one of its keys", "model, device");
    }

    private static void refused(String options, String... parts) throws InterruptedException {
        String message = CommandRun.run(new ModelInformation(), null, options);
        assertFalse(message.isEmpty(), options);
        for (String part : parts) {
            assertTrue(message.contains(part), message);
        }
    }

    @Test
    void diagnosticsWhereAllIsWell() {
        String text = Diagnostics.report().toString();
        for (String part : new String[] {
            "All is well",
            "Engine ",
            ", ABI 1, ",
            System.getProperty("parfocal.library"),
            "ImageJ ",
            "Java ",
            System.getProperty("os.name"),
            "parfocal-w16",
            "Runs on             cpu (fp32, ",
            "cuda: not in this ONNX Runtime"
        }) {
            assertTrue(text.contains(part), part + " in\n" + text);
        }
        assertFalse(text.contains("\""), text);
    }

    /** The report in a process of its own, in which nothing is loaded yet. */
    static final class Fresh {
        private Fresh() {}

        public static void main(String[] arguments) {
            System.out.print(Diagnostics.report());
        }
    }

    private static String fresh(Path library) throws Exception {
        List<String> command = new ArrayList<>(Arrays.asList(
                Paths.get(System.getProperty("java.home"), "bin", "java").toString(),
                "-Djava.awt.headless=true",
                "-Dparfocal.library=" + library,
                "-cp",
                System.getProperty("java.class.path"),
                Fresh.class.getName()));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().remove("PARFOCAL_ONNXRUNTIME");
        Process process = builder.start();
        byte[] all = new byte[1 << 20];
        int length = 0;
        for (int read; (read = process.getInputStream().read(all, length, all.length - length)) > 0; ) {
            length += read;
        }
        assertEquals(0, process.waitFor());
        return new String(all, 0, length, StandardCharsets.UTF_8);
    }

    @Test
    void diagnosticsWhereTheLibraryDoesNotWork(@TempDir Path folder) throws Exception {
        Path none = folder.resolve("libparfocal.so");
        String missing = fresh(none);
        assertTrue(missing.contains("does not work here") && missing.contains("does not exist"), missing);
        assertTrue(missing.contains("ImageJ ") && missing.contains("Java "), missing);
        Files.write(none, "not a library".getBytes(StandardCharsets.UTF_8));
        String broken = fresh(none);
        assertTrue(
                broken.contains("does not work here")
                        && broken.replaceAll("\\s+", " ").contains(none.toString()),
                broken);
        Files.copy(
                Paths.get(System.getProperty("parfocal.library")),
                none,
                java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        String alone = fresh(none);
        assertTrue(alone.contains("ONNX Runtime is missing"), alone);
    }

    @Test
    void longValuesAreBroken() {
        String text = new TextReport("x")
                .line("Name", "a b")
                .line("Empty", "")
                .line("Unknown", null)
                .line("Long", String.join(" ", java.util.Collections.nCopies(40, "word")))
                .list(Arrays.asList("one", "two"))
                .toString();
        assertTrue(text.startsWith("Name                a b\nLong                word word"), text);
        assertTrue(text.contains("word\n                    word"), text);
        assertFalse(text.contains("Empty") || text.contains("Unknown"), text);
        for (String line : text.split("\n")) {
            assertTrue(line.length() <= 100, line);
        }
        assertTrue(text.endsWith("- one\n- two\n"), text);
    }
}
