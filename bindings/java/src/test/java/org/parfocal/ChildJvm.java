package org.parfocal;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Another Java, because a library is loaded once in each: what it is started with, and what it said. */
final class ChildJvm {
    private final List<String> wrapper = new ArrayList<>();
    private final List<String> options = new ArrayList<>();
    private final List<String> classPath = new ArrayList<>();
    private final Map<String, String> environment = new LinkedHashMap<>();

    /** With this library's classes and those of the tests. */
    ChildJvm() {
        // What this one was tested with, -Xcheck:jni say.
        for (String argument :
                System.getProperty("parfocal.testArguments", "").trim().split("\\s+")) {
            if (!argument.isEmpty()) {
                options.add(argument);
            }
        }
        if (warnsOfNatives()) {
            // As the README says to.
            options.add("--enable-native-access=ALL-UNNAMED");
        }
        classPath.add(place(Parfocal.class).toString());
        classPath.add(place(ChildJvm.class).toString());
    }

    /** Java 24 and later warn of native libraries unless a flag permits them. */
    static boolean warnsOfNatives() {
        String version = System.getProperty("java.specification.version");
        return !version.startsWith("1.") && Integer.parseInt(version) >= 24;
    }

    /** The folder or jar of a class. */
    static Path place(Class<?> type) {
        try {
            return Paths.get(
                    type.getProtectionDomain().getCodeSource().getLocation().toURI());
        } catch (java.net.URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    ChildJvm option(String option) {
        options.add(option);
        return this;
    }

    /** Without the flag that permits native libraries. */
    ChildJvm withoutPermission() {
        options.remove("--enable-native-access=ALL-UNNAMED");
        return this;
    }

    ChildJvm property(String name, Object value) {
        return option("-D" + name + "=" + value);
    }

    /** The real library. */
    ChildJvm withLibrary() {
        return property("parfocal.library", System.getProperty("parfocal.library"));
    }

    ChildJvm classPath(Path first) {
        classPath.add(0, first.toString());
        return this;
    }

    ChildJvm onlyClassPath(Path... places) {
        classPath.clear();
        Arrays.asList(places).forEach(place -> classPath.add(place.toString()));
        return this;
    }

    ChildJvm environment(String name, Object value) {
        environment.put(name, value.toString());
        return this;
    }

    /** A command that the Java is started by. */
    ChildJvm wrapped(String... command) {
        wrapper.addAll(Arrays.asList(command));
        return this;
    }

    /** Starts it; both of its outputs go to one file. */
    Process start(Path output, String main, String... arguments) throws IOException {
        return builder(main, arguments)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
    }

    private ProcessBuilder builder(String main, String... arguments) {
        List<String> command = new ArrayList<>(wrapper);
        command.add(Paths.get(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(options);
        command.add("-Dparfocal.models=" + System.getProperty("parfocal.models"));
        command.add("-cp");
        command.add(String.join(File.pathSeparator, classPath));
        command.add(main);
        command.addAll(Arrays.asList(arguments));
        ProcessBuilder builder = new ProcessBuilder(command);
        for (String variable :
                new String[] {"PARFOCAL_CACHE", "PARFOCAL_ONNXRUNTIME", "XDG_CACHE_HOME", "LD_LIBRARY_PATH"}) {
            builder.environment().remove(variable);
        }
        builder.environment().put("LC_ALL", "C.UTF-8");
        builder.environment().putAll(environment);
        return builder;
    }

    /**
     * Runs it to its end; fails where it does not end well. Its output comes back, and after it what it wrote to the
     * error output: in one file a progress line would stand in the middle of another line, now and then.
     */
    String run(Class<?> main, String... arguments) {
        return run(main.getName(), arguments);
    }

    String run(String main, String... arguments) {
        try {
            Path output = Files.createTempFile("parfocal-test", ".txt");
            Path errors = Files.createTempFile("parfocal-test-errors", ".txt");
            try {
                ProcessBuilder builder =
                        builder(main, arguments).redirectOutput(output.toFile()).redirectError(errors.toFile());
                return finish(builder.start(), output, errors);
            } finally {
                Files.delete(output);
                Files.delete(errors);
            }
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    static String finish(Process process, Path... outputs) throws IOException, InterruptedException {
        boolean ended = process.waitFor(280, TimeUnit.SECONDS);
        if (!ended) {
            process.destroyForcibly().waitFor();
        }
        List<String> lines = new ArrayList<>();
        for (Path output : outputs) {
            lines.addAll(Files.readAllLines(output));
        }
        String text = String.join("\n", lines);
        if (!ended || process.exitValue() != 0) {
            throw new AssertionError("exit " + (ended ? process.exitValue() : "after too long") + ": " + text);
        }
        return text;
    }
}
