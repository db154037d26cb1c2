package org.parfocal.fiji;

import ij.IJ;
import ij.Macro;
import ij.macro.Interpreter;
import java.awt.GraphicsEnvironment;
import org.parfocal.ParfocalException;

/** What the user is told when a command cannot do what was asked. */
final class Messages {
    /** The title of every message. */
    static final String TITLE = "Parfocal";

    /** ImageJ's dialogs break lines only where they are told to. */
    private static final int COLUMNS = 90;

    private Messages() {}

    /** Does a command's work; the user is told why, if it does not reach its end. */
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
                // ImageJ's own way to end a macro.
                throw failure;
            }
            error(failure);
        }
    }

    /**
     * Shows a message and stops the macro that runs, if one does: a dialog where there is an ImageJ window, a line of
     * text where there is nobody to close a dialog. Does not always return: in some threads ImageJ stops a macro by an
     * exception.
     */
    static void error(String message) {
        if (IJ.getInstance() == null && !GraphicsEnvironment.isHeadless()) {
            Interpreter macro = Interpreter.getInstance();
            if (macro != null) {
                // "ImageJ -batch" on a machine with a display: the interpreter would open a dialog and wait for ever.
                System.err.println(TITLE + ": " + message);
                macro.setIgnoreErrors(true);
            }
        }
        IJ.error(TITLE, IJ.getInstance() == null ? message : wrap(message));
    }

    /** Shows what went wrong; see {@link #error(String)}. */
    static void error(Throwable failure) {
        error(explain(failure));
    }

    /** A sentence for the user. */
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
