package org.parfocal.fiji;

import ij.IJ;
import ij.Macro;
import ij.macro.Interpreter;
import java.awt.GraphicsEnvironment;
import org.parfocal.ParfocalException;

/** Tells the user why a command could not do its work. */
final class Messages {
    /** The title of every message. */
    static final String TITLE = "Parfocal";

    /** ImageJ's dialogs break lines only at line breaks. */
    private static final int COLUMNS = 90;

    private Messages() {}

    /** Runs a command, and tells the user why if it does not reach its end. */
    static void command(String name, Runnable work) {
        try {
            work.run();
        } catch (Stopped stopped) {
            if (!stopped.wanted()) {
                error(stopped.getMessage());
                return;
            }
            IJ.showStatus(name + ": " + stopped.getMessage());
            if (IJ.isMacro()) {
                Macro.abort();
            }
        } catch (RuntimeException | LinkageError | OutOfMemoryError failure) {
            if (failure instanceof RuntimeException && Macro.MACRO_CANCELED.equals(failure.getMessage())) {
                // ImageJ ends a macro by this exception.
                throw failure;
            }
            error(failure);
        }
    }

    /**
     * Shows a message and stops the running macro, if any: a dialog if ImageJ has a window, else a line of text,
     * because nobody could close a dialog. Does not always return: in some threads ImageJ stops a macro by an
     * exception.
     */
    static void error(String message) {
        if (IJ.getInstance() == null && !GraphicsEnvironment.isHeadless()) {
            Interpreter macro = Interpreter.getInstance();
            if (macro != null) {
                // With "ImageJ -batch" and a display, the interpreter would open a dialog and wait for ever.
                System.err.println(TITLE + ": " + message);
                macro.setIgnoreErrors(true);
            }
        }
        IJ.error(TITLE, IJ.getInstance() == null ? message : wrap(message));
    }

    /** Shows a failure; see {@link #error(String)}. */
    static void error(Throwable failure) {
        error(explain(failure));
    }

    /** The failure in a sentence for the user. */
    static String explain(Throwable failure) {
        if (failure instanceof ParfocalException || failure instanceof Problem) {
            return failure.getMessage();
        }
        if (failure instanceof OutOfMemoryError) {
            return "ImageJ has not enough memory for this. Close other images, restore fewer planes, write to a file "
                    + "(Output: TIFF file), or give ImageJ more memory (Edit > Options > Memory & Threads).";
        }
        StackTraceElement[] trace = failure.getStackTrace();
        String where = trace.length == 0 ? "" : " at " + trace[0];
        return "This is a fault of Parfocal: " + failure + where
                + ". Please report it with the text of Plugins > Parfocal > " + "About and Diagnostics.";
    }

    /** Breaks long lines at spaces. */
    static String wrap(String message) {
        StringBuilder wrapped = new StringBuilder();
        for (String line : message.split("\n", -1)) {
            int column = 0;
            for (String word : line.split(" ", -1)) {
                if (column > 0 && column + 1 + word.length() > COLUMNS) {
                    wrapped.append('\n');
                    column = 0;
                } else if (column > 0) {
                    wrapped.append(' ');
                    column++;
                }
                wrapped.append(word);
                column += word.length();
            }
            wrapped.append('\n');
        }
        return wrapped.substring(0, wrapped.length() - 1);
    }
}
