package org.parfocal.fiji;

import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A JVM of its own with ImageJ in it and the plugin in a plugins folder, as a user has them. */
final class ImageJProcess {
    private final Path folder;
    private final Path jar;
    private final List<String> virtualMachine = new ArrayList<>();

    /** @param folder gets the plugins folder and the output */
    ImageJProcess(Path folder) throws IOException {
        this.folder = folder;
        Path plugins = Files.createDirectories(folder.resolve("plugins"));
        jar = plugins.resolve("Parfocal_.jar");
        if (!Files.exists(jar)) {
            Path classes = Paths.get("target/classes").toAbsolutePath();
            try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar));
                    Stream<Path> files = Files.walk(classes)) {
                for (Path file : files.filter(Files::isRegularFile).collect(Collectors.toList())) {
                    out.putNextEntry(
                            new JarEntry(classes.relativize(file).toString().replace(File.separatorChar, '/')));
                    Files.copy(file, out);
                }
            }
        }
        add("-Dplugins.dir=" + folder, "-Duser.home=" + folder);
    }

    /** Arguments of the virtual machine. */
    ImageJProcess add(String... arguments) {
        virtualMachine.addAll(Arrays.asList(arguments));
        return this;
    }

    /** The library that the tests use. */
    ImageJProcess withLibrary() {
        return add("-Dparfocal.library=" + System.getProperty("parfocal.library"));
    }

    /** Runs a macro without a screen, as Fiji does it; gives what was printed. */
    String headless(String macro) throws IOException, InterruptedException {
        add("-Djava.awt.headless=true");
        if (!System.getProperty("java.version").startsWith("1.")) {
            add("--add-opens=java.base/java.lang=ALL-UNNAMED");
        }
        return run(HeadlessMacro.class.getName(), file(macro).toString());
    }

    /** Runs a macro in plain ImageJ, which needs a display and shows no window. */
    String batch(String macro) throws IOException, InterruptedException {
        return run("ij.ImageJ", "-batch", file(macro).toString());
    }

    private Path file(String macro) throws IOException {
        Path file = folder.resolve("macro.ijm");
        Files.write(file, macro.getBytes(StandardCharsets.ISO_8859_1));
        return file;
    }

    /** Runs a main class; gives what was printed. Fails where it takes more than two minutes. */
    String run(String... program) throws IOException, InterruptedException {
        List<String> words = new ArrayList<>();
        words.add(Paths.get(System.getProperty("java.home"), "bin", "java").toString());
        words.addAll(virtualMachine);
        // Fiji's launcher puts plugins on the class path; plain ImageJ has a class loader of its own for them.
        words.addAll(
                Arrays.asList("-cp", classPath() + (program[0].startsWith("ij.") ? "" : File.pathSeparator + jar)));
        words.addAll(Arrays.asList(program));
        Path said = folder.resolve("said.txt");
        Process process = new ProcessBuilder(words)
                .redirectErrorStream(true)
                .redirectOutput(said.toFile())
                .start();
        try (OutputStream nothing = process.getOutputStream()) {
            nothing.flush();
        }
        boolean ended = process.waitFor(2, TimeUnit.MINUTES);
        process.destroyForcibly();
        String text = new String(Files.readAllBytes(said), StandardCharsets.UTF_8);
        if (!ended) {
            throw new AssertionError("still running after two minutes; it said:\n" + text);
        }
        return text;
    }

    /** That of the tests without the plugin, which ImageJ is to find in its plugins folder. */
    private static String classPath() {
        String path = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        String plugin = Paths.get("target", "classes").toAbsolutePath().toString();
        return Arrays.stream(path.split(File.pathSeparator))
                .filter(entry -> !entry.equals(plugin))
                .collect(Collectors.joining(File.pathSeparator));
    }
}
