package org.parfocal.fiji;

import ij.macro.Interpreter;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The options of a command in a macro: {@code key=value}, {@code key=[a value]}, {@code key='a value'} or a {@code key}
 * alone, as ImageJ's GenericDialog reads them, but without making a dialog, which needs a screen. Keys are the first
 * words of the dialog's labels in small letters. Unknown keys are refused, where ImageJ would ignore them silently.
 */
final class MacroOptions {
    private final String command;
    private final List<String> keys;
    /** The value of each key in the macro; null for a key without value. */
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

    /** @param given keys and their values, where these do not come from a macro's text */
    MacroOptions(String command, Map<String, String> given, String... keys) {
        this.command = command;
        this.keys = Arrays.asList(keys);
        this.given.putAll(given);
    }

    /** Reads the option that begins at {@code at}. Returns where it ends. */
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

    /** The end of the value that begins at {@code at}. Brackets may be nested. */
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

    /** Whether the macro has the key, with or without a value. */
    boolean has(String key) {
        return given.containsKey(key);
    }

    /**
     * The value of a key; {@code fallback} if the macro does not have it. {@code &name} stands for the macro's
     * variable.
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

    /** The value of a key, which must be one of {@code allowed}, in any case; spelled as it is there. */
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
     * Whether a checkbox is ticked: its key stands alone. ImageJ would silently take a key with a value for not ticked.
     */
    boolean ticked(String key) {
        if (given.get(key) != null) {
            throw new Problem(command + ": " + key + "=" + given.get(key) + " cannot be: \"" + key + "\" is a checkbox "
                    + "and has no value. Write \"" + key + "\" alone to tick it, or leave it out.");
        }
        return has(key);
    }
}
