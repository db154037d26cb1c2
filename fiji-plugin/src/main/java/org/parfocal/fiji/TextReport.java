package org.parfocal.fiji;

import ij.IJ;
import java.awt.GraphicsEnvironment;
import java.util.List;

/**
 * A text of names and values in two columns: a window on a screen, lines of ImageJ's log in a macro or without a
 * screen.
 */
final class Report {
    private static final int NAMES = 20;
    private static final int COLUMNS = 100;

    private final String title;
    private final StringBuilder text = new StringBuilder();

    Report(String title) {
        this.title = title;
    }

    /** A heading after an empty line. */
    Report part(String heading) {
        text.append(text.length() == 0 ? "" : "\n").append(heading).append('\n');
        return this;
    }

    /** A value beside its name; one that is not known is left out. Long values go on in the next line. */
    Report line(String name, Object value) {
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

    /** Sentences below each other, or "none". */
    Report list(List<String> sentences) {
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
            new ReportWindow(title, text.toString()).open();
        }
    }
}
