package org.parfocal.fiji.window;

import ij.IJ;
import ij.ImageJ;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Starts the real ImageJ with the packaged plugin on the display of this process, and a window manager before it. */
final class Desktop {
    /** Pictures and what the scenarios tell; only the oldest ImageJ's are in docs/fiji.md. */
    static final boolean OLDEST = "1.53t".equals(ImageJ.VERSION);

    static final Path PICTURES = Paths.get("../target/fiji", OLDEST ? "screenshots" : "screenshots-" + ImageJ.VERSION)
            .toAbsolutePath()
            .normalize();

    private static final int MINUTES = 5;
    private static Process manager;

    private Desktop() {}

    /** With the unpacked zip. */
    static String play(String scenario, Path home) throws Exception {
        return play(scenario, home, System.getProperty("parfocal.unpacked", ""));
    }

    /**
     * @param plugins the folder of ImageJ, in which {@code plugins} lies
     * @return what the scenario told; fails when it did not end well
     */
    static String play(String scenario, Path home, String plugins) throws Exception {
        manageWindows();
        Files.createDirectories(PICTURES);
        Path told = PICTURES.resolve(scenario + ".txt");
        Files.deleteIfExists(told);
        File log = PICTURES.resolve(scenario + ".log").toFile();
        ProcessBuilder builder = new ProcessBuilder(command(scenario, home, plugins))
                .redirectErrorStream(true)
                .redirectOutput(log);
        // The natives come out of the jar, into the home of this test.
        builder.environment().keySet().removeIf(name -> name.startsWith("PARFOCAL_") || name.startsWith("XDG_"));
        Process process = builder.start();
        if (!process.waitFor(MINUTES, TimeUnit.MINUTES)) {
            process.destroyForcibly();
            throw new AssertionError(scenario + ": not done after " + MINUTES + " minutes; " + read(log.toPath()));
        }
        if (!Files.exists(told)) {
            throw new AssertionError(
                    scenario + ": ended with " + process.exitValue() + " and told nothing; " + read(log.toPath()));
        }
        String text = read(told);
        if (text.startsWith("FAILED")) {
            throw new AssertionError(scenario + ": " + text + "\nprinted: " + read(log.toPath()));
        }
        return text;
    }

    private static List<String> command(String scenario, Path home, String plugins) throws Exception {
        if (plugins == null || plugins.isEmpty()) {
            throw new AssertionError(
                    "parfocal.unpacked is to be a folder with the unpacked zip, parfocal.site the update site's files: "
                            + "cargo xtask test fiji gives both");
        }
        String driver = Paths.get(Driver.class
                        .getProtectionDomain()
                        .getCodeSource()
                        .getLocation()
                        .toURI())
                .toString();
        String imagej = Paths.get(IJ.class
                        .getProtectionDomain()
                        .getCodeSource()
                        .getLocation()
                        .toURI())
                .toString();
        List<String> command = new ArrayList<>();
        command.add(Paths.get(System.getProperty("java.home"), "bin", "java").toString());
        command.add("-Dplugins.dir=" + plugins);
        // Preferences and unpacked libraries of nobody else.
        command.add("-Duser.home=" + home);
        // Pictures tell nothing of the machine that took them.
        command.add("-Dos.version=6.1");
        command.add("-Dawt.useSystemAAFontSettings=on");
        command.add("-Xmx1g");
        command.add("-cp");
        command.add(imagej + File.pathSeparator + driver);
        command.add(Driver.class.getName());
        command.add(scenario);
        command.add(PICTURES.toString());
        return command;
    }

    /** Windows have titles and take the focus only where something manages them. */
    private static synchronized void manageWindows() throws IOException, InterruptedException {
        if (manager == null) {
            File settings = new File("src/test/resources/window/jwm.xml").getAbsoluteFile();
            manager = new ProcessBuilder("jwm", "-f", settings.getPath())
                    .redirectErrorStream(true)
                    .redirectOutput(new File("target/jwm.log"))
                    .start();
            Runtime.getRuntime().addShutdownHook(new Thread(manager::destroy));
            Thread.sleep(500);
        }
        if (!manager.isAlive()) {
            throw new AssertionError("the window manager jwm has ended: " + read(Paths.get("target/jwm.log")));
        }
    }

    private static String read(Path path) throws IOException {
        return new String(Files.readAllBytes(path), StandardCharsets.UTF_8);
    }
}
