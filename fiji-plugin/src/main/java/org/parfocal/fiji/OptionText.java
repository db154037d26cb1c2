package org.parfocal.fiji;

/**
 * Reads one value out of the engine's options: {@code key=value} pairs separated by white space. A value may stand in single
 * quotes; inside them {@code \'} is a quote and {@code \\} a backslash.
 */
final class OptionText {
    private OptionText() {}

    /** The value of a key without its quotes, the last one where there are several; null if the key is not there. */
    static String value(String options, String key) {
        String found = null;
        int at = 0;
        while (at < options.length()) {
            if (Character.isWhitespace(options.charAt(at))) {
                at++;
                continue;
            }
            int from = at;
            while (at < options.length() && options.charAt(at) != '=' && !Character.isWhitespace(options.charAt(at))) {
                at++;
            }
            boolean wanted = options.substring(from, at).equals(key);
            if (at == options.length() || options.charAt(at) != '=') {
                continue;
            }
            StringBuilder value = new StringBuilder();
            at = value(options, at + 1, value);
            found = wanted ? value.toString() : found;
        }
        return found;
    }

    /** Collects the value that begins at {@code at}; gives where it ends. */
    private static int value(String options, int at, StringBuilder value) {
        boolean quoted = at < options.length() && options.charAt(at) == '\'';
        int i = quoted ? at + 1 : at;
        while (i < options.length()) {
            char c = options.charAt(i);
            if (quoted ? c == '\'' : Character.isWhitespace(c)) {
                return quoted ? i + 1 : i;
            }
            if (quoted && c == '\\' && i + 1 < options.length()) {
                c = options.charAt(++i);
            }
            value.append(c);
            i++;
        }
        return i;
    }

    /** True if all planes are normalised together. */
    static boolean normalizesStack(String options) {
        return "stack".equals(value(options, "normalize"));
    }
}
