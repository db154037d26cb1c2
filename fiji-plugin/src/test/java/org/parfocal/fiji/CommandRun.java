package org.parfocal.fiji;

import ij.IJ;
import ij.ImagePlus;
import ij.Macro;
import ij.WindowManager;
import ij.plugin.PlugIn;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;

/**
 * Runs a command in a test as a macro would, without a screen: with options and a current image, in a thread of its
 * own.
 */
final class CommandRun {
    private CommandRun() {}

    /** @return what the user was told by an error message, "" if nothing */
    static String run(PlugIn command, ImagePlus image, String options) throws InterruptedException {
        StringBuilder message = new StringBuilder();
        Thread thread = new Thread(
                () -> {
                    IJ.getErrorMessage();
                    WindowManager.setTempCurrentImage(image);
                    Macro.setOptions(options);
                    // Without a window messages are printed, here into the middle of Maven's lines.
                    PrintStream out = System.out;
                    System.setOut(new PrintStream(new ByteArrayOutputStream()));
                    try {
                        command.run("");
                    } catch (RuntimeException aborted) {
                        if (!Macro.MACRO_CANCELED.equals(aborted.getMessage())) {
                            message.append("not a message but ").append(aborted);
                        }
                    }
                    System.setOut(out);
                    String error = IJ.getErrorMessage();
                    message.append(error == null ? "" : error);
                },
                "Run$_test");
        thread.start();
        thread.join();
        return message.toString();
    }
}
