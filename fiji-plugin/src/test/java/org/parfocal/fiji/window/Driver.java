package org.parfocal.fiji.window;

import ij.IJ;
import ij.ImageJ;
import ij.WindowManager;
import ij.plugin.frame.Recorder;
import java.awt.Window;
import java.io.File;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;

/**
 * A process of its own with the real ImageJ, started as its users start it, and a user before it.
 *
 * <p>Arguments: the scenario, the folder for pictures and for {@code <scenario>.txt}, which holds what the scenario
 * tells or, after "FAILED", why it did not end well.
 */
public final class Driver {
    private Driver() {}

    /** What a user does, and what there is to tell of it. */
    interface Scenario {
        String play(Screen screen, File folder) throws Exception;
    }

    public static void main(String[] arguments) throws Exception {
        String name = arguments[0];
        File folder = new File(arguments[1]);
        String told;
        try {
            ImageJ.main(new String[] {"-port0"});
            Screen screen = new Screen();
            Window main = screen.window("ImageJ");
            screen.place(main, 700, 760);
            told = scenario(name).play(screen, folder);
        } catch (Throwable failure) {
            StringWriter trace = new StringWriter();
            failure.printStackTrace(new PrintWriter(trace));
            String error = IJ.getErrorMessage();
            told = "FAILED " + trace + (error == null ? "" : "\nImageJ's last error: " + error) + "\nlog: "
                    + IJ.getLog();
        }
        Files.write(new File(folder, name + ".txt").toPath(), told.getBytes(StandardCharsets.UTF_8));
        // Also ends what still waits for a user.
        Runtime.getRuntime().halt(0);
    }

    private static Scenario scenario(String name) {
        switch (name) {
            case "restore":
                return RestoreScenario::play;
            case "focus-score":
                return Scenarios::focusScore;
            case "model-information":
                return Scenarios::modelInformation;
            case "update-site":
                return Scenarios::updateSite;
            case "diagnostics":
                return Scenarios::diagnostics;
            default:
                throw new IllegalArgumentException(name);
        }
    }

    /** Chooses a command of the menu, as a click on it does: returns at once. */
    static void menu(String command) {
        IJ.doCommand(command);
    }

    /** Opens ImageJ's recorder, out of the pictures. */
    static Recorder record(Screen screen) throws Exception {
        menu("Record...");
        Window window = screen.window("Recorder");
        screen.place(window, 700, 900);
        return (Recorder) window;
    }

    /** The classes that run are those of the packaged plugin. */
    static String loader(String type) throws Exception {
        Class<?> loaded = IJ.getClassLoader().loadClass(type);
        return new File(loaded.getProtectionDomain()
                        .getCodeSource()
                        .getLocation()
                        .toURI())
                .getPath();
    }

    static void closeAll() {
        WindowManager.closeAllWindows();
    }
}
