package org.parfocal.fiji;

import ij.IJ;
import java.awt.GraphicsEnvironment;
import java.util.List;

/**
 * A text of names and values in two columns. It is shown in a window, or in ImageJ's log in a macro or without a
 * screen.
 */
final class TextReport {
    private static final int NAMES = 20;
    private static final int COLUMNS = 100;

    private final String title;
    private final StringBuilder text = new StringBuilder();

    TextReport(String title) {
        this.title = title;
    }

    /** Adds a heading after an empty line. */
    TextReport part(String heading) {
        text.append(text.length() == 0 ? "" : "\n").append(heading).append('\n');
        return this;
    }

    /** Adds a value beside its name, or nothing if it is unknown. Long values continue on the next line. */
    TextReport line(String name, Object value) {
        if (value == null || value.toString().isEmpty()) {
            return this;
        }
        StringBuilder line = new StringBuilder(name);
        pad(line);
        for (String word : value.toString().split("\\s+")) {
            if (line.length() > NAMES && line.length() + word.length() > COLUMNS) {
                text.append(trimmed(line)).append('\n');
                line.setLength(0);
                pad(line);
            }
            line.append(word).append(' ');
        }
        text.append(trimmed(line)).append('\n');
        return this;
    }

    /** Adds a list of sentences, or "none". */
    TextReport list(List<String> sentences) {
        if (sentences.isEmpty()) {
            text.append("none\n");
        }
        for (String sentence : sentences) {
            text.append(Messages.wrap("- " + sentence).replace("\n", "\n  ")).append('\n');
        }
        return this;
    }

    private static void pad(StringBuilder line) {
        do {
            line.append(' ');
        } while (line.length() < NAMES);
    }

    private static String trimmed(StringBuilder line) {
        int end = line.length();
        while (end > 0 && line.charAt(end - 1) == ' ') {
            end--;
        }
        return line.substring(0, end);
    }

    @Override
    public String toString() {
        return text.toString();
    }

    void show() {
        if (GraphicsEnvironment.isHeadless() || IJ.isMacro() || IJ.getInstance() == null) {
            IJ.log(title + "\n" + text);
        } else {
            new TextReportWindow(title, text.toString()).open();
        }
    }
}
