package org.parfocal.fiji;

import ij.macro.Interpreter;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What a macro tells a command: {@code key=value}, {@code key=[a value]}, {@code key='a value'} or a {@code key} alone,
 * as ImageJ's GenericDialog reads it, but without making a dialog: that needs a screen. Keys are the first words of the
 * dialog's labels in small letters. A key that the command does not have is refused: it would otherwise be passed over
 * in silence.
 */
final class MacroOptions {
    private final String command;
    private final List<String> keys;
    /** The value of each key that was given; null where it stands alone. */
    private final Map<String, String> given = new LinkedHashMap<>();

    /** @param options what {@link ij.Macro#getOptions()} returns */
    MacroOptions(String command, String options, String... keys) {
        this.command = command;
        this.keys = Arrays.asList(keys);
        int at = 0;
        while (at < options.length()) {
            at = Character.isWhitespace(options.charAt(at)) ? at + 1 : option(options, at);
        }
    }

    /** Reads the option that begins at {@code at}; gives where it ends. */
    private int option(String options, int at) {
        int end = at;
        while (end < options.length() && options.charAt(end) != '=' && !Character.isWhitespace(options.charAt(end))) {
            end++;
        }
        String key = options.substring(at, end).toLowerCase(Locale.ROOT);
        if (!keys.contains(key)) {
            throw new Problem(command + ": \"" + options.substring(at, end) + "\" is not one of its keys, which are "
                    + String.join(", ", keys) + ".");
        }
        if (end == options.length() || options.charAt(end) != '=') {
            given.put(key, null);
            return end;
        }
        int from = end + 1;
        int behind = valueEnd(options, from, key);
        boolean bare = from == behind || !isOpening(options.charAt(from));
        given.put(key, bare ? options.substring(from, behind) : options.substring(from + 1, behind - 1));
        return behind;
    }

    private static boolean isOpening(char c) {
        return c == '[' || c == '\'';
    }

    /** Behind the value that begins at {@code at}; brackets may stand in brackets. */
    private int valueEnd(String options, int at, String key) {
        int end = at;
        if (at == options.length() || !isOpening(options.charAt(at))) {
            while (end < options.length() && !Character.isWhitespace(options.charAt(end))) {
                end++;
            }
            return end;
        }
        boolean brackets = options.charAt(at) == '[';
        int depth = 1;
        for (end++; depth > 0; end++) {
            if (end == options.length()) {
                throw new Problem(
                        command + ": the value of " + key + " has no closing " + (brackets ? "bracket." : "quote."));
            }
            char c = options.charAt(end);
            if (brackets) {
                depth += c == '[' ? 1 : c == ']' ? -1 : 0;
            } else if (c == '\'') {
                depth = 0;
            }
        }
        return end;
    }

    /** True where the macro says the key, with a value or without one. */
    boolean has(String key) {
        return given.containsKey(key);
    }

    /**
     * A text; {@code fallback} if the macro does not give the key. {@code &name} is the macro's variable of that name.
     */
    String text(String key, String fallback) {
        if (!has(key)) {
            return fallback;
        }
        String value = given.get(key);
        if (value == null) {
            throw new Problem(
                    command + ": \"" + key + "\" has no value. Write " + key + "=value; values with spaces stand in "
                            + "[brackets]. The keys are " + String.join(", ", keys) + ".");
        }
        Interpreter macro = value.startsWith("&") ? Interpreter.getInstance() : null;
        String variable = macro == null ? null : macro.getVariableAsString(value.substring(1));
        return variable == null ? value : variable;
    }

    /** One of some texts, in capitals or not; as it is written in {@code allowed}. */
    String choice(String key, String[] allowed, String fallback) {
        String value = text(key, fallback);
        StringBuilder choices = new StringBuilder();
        for (String choice : allowed) {
            if (choice.equalsIgnoreCase(value.trim())) {
                return choice;
            }
            choices.append(choices.length() == 0 ? "" : ", ")
                    .append(choice.indexOf(' ') < 0 ? choice : "[" + choice + "]");
        }
        throw new Problem(command + ": " + key + "=" + value + " cannot be; the choices are " + choices + ".");
    }

    /**
     * Whether a checkbox is ticked: its key stands alone. With a value ImageJ would take it for not ticked, in silence.
     */
    boolean ticked(String key) {
        if (given.get(key) != null) {
            throw new Problem(command + ": " + key + "=" + given.get(key) + " cannot be: \"" + key + "\" is a checkbox "
                    + "and has no value. Write \"" + key + "\" alone to tick it, or leave it out.");
        }
        return has(key);
    }
}
