package org.parfocal.internal;

import java.util.ArrayList;
import java.util.List;

/**
 * The engine's options in Java: {@code key=value} pairs separated by white space, split as {@code src/options.rs}
 * splits them. A value may stand in single quotes; {@code \'} is a quote and {@code \\} a backslash. Whether the text
 * is sound is for the engine to say.
 */
public final class OptionText {
    private OptionText() {}

    /** The pairs as they are written: a quoted value keeps its quotes. */
    public static List<String> pairs(String options) {
        List<String> pairs = new ArrayList<>();
        StringBuilder pair = new StringBuilder();
        // A quote opens a value only where the value begins.
        boolean begins = false;
        boolean quoted = false;
        for (int i = 0; i < options.length(); i++) {
            char c = options.charAt(i);
            if (!quoted && isWhiteSpace(c)) {
                add(pairs, pair);
                begins = false;
                continue;
            }
            pair.append(c);
            if (quoted && c == '\\' && i + 1 < options.length()) {
                pair.append(options.charAt(++i));
            } else if (c == '\'') {
                quoted = begins;
            }
            begins = c == '=' && pair.indexOf("=") == pair.length() - 1;
        }
        add(pairs, pair);
        return pairs;
    }

    private static void add(List<String> pairs, StringBuilder pair) {
        if (pair.length() > 0) {
            pairs.add(pair.toString());
            pair.setLength(0);
        }
    }

    /**
     * Unicode's White_Space, as Rust has it. {@link Character#isWhitespace} leaves out the no-break spaces, which text
     * copied from a web page contains.
     */
    private static boolean isWhiteSpace(char c) {
        return c >= '\t' && c <= '\r' || c == '\u0085' || Character.isSpaceChar(c);
    }

    /** The key of a pair. */
    public static String key(String pair) {
        int equals = pair.indexOf('=');
        return equals < 0 ? pair : pair.substring(0, equals);
    }

    /** The value of a key without its quotes, the last one where there are several; null if the key is not there. */
    public static String value(String options, String key) {
        String found = null;
        for (String pair : pairs(options)) {
            if (pair.startsWith(key + "=")) {
                found = unquoted(pair.substring(key.length() + 1));
            }
        }
        return found;
    }

    private static String unquoted(String value) {
        boolean opened = value.startsWith("'");
        boolean closed = opened && value.length() > 1 && value.endsWith("'");
        String inside = value.substring(opened ? 1 : 0, value.length() - (closed ? 1 : 0));
        return inside.replaceAll("\\\\(['\\\\])", "$1");
    }
}
