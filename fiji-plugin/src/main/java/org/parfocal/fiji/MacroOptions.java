package org.parfocal.fiji;

import ij.Macro;
import ij.macro.Interpreter;
import java.util.Arrays;
import java.util.List;

/**
 * What a macro tells a command, read as ImageJ's GenericDialog reads it, but without making a dialog: that needs a screen.
 * Keys are the first words of the dialog's labels in small letters. A key that the command does not have is refused: it would
 * otherwise be passed over in silence.
 */
final class MacroOptions {
    private final String command;
    private final String options;
    /** The options without the values in brackets, between spaces. */
    private final String plain;

    /** @param options what {@link Macro#getOptions()} returns */
    MacroOptions(String command, String options, String... keys) {
        this.command = command;
        this.options = options;
        this.plain = " " + withoutBrackets(options) + " ";
        List<String> known = Arrays.asList(keys);
        for (String word : plain.trim().split("\\s+")) {
            String key = word.split("=", 2)[0];
            if (!key.isEmpty() && !known.contains(key)) {
                throw new Problem(command + ": \"" + key + "\" is not one of its keys, which are " + String.join(", ", known) + ".");
            }
        }
    }

    private static String withoutBrackets(String options) {
        StringBuilder plain = new StringBuilder();
        int depth = 0;
        for (char c : options.toCharArray()) {
            depth += c == '[' ? 1 : 0;
            if (depth == 0) {
                plain.append(c);
            }
            depth -= c == ']' && depth > 0 ? 1 : 0;
        }
        return plain.toString();
    }

    /** A text; {@code fallback} if the macro does not give the key. {@code &name} is the macro's variable of that name. */
    String text(String key, String fallback) {
        String value = Macro.getValue(options, key, fallback);
        if (value == null || !value.startsWith("&")) {
            return value;
        }
        Interpreter macro = Interpreter.getInstance();
        String variable = macro == null ? null : macro.getVariableAsString(value.substring(1));
        return variable == null ? value : variable;
    }

    /** One of some texts. */
    String choice(String key, String[] allowed, String fallback) {
        String value = text(key, fallback);
        if (!Arrays.asList(allowed).contains(value)) {
            throw new Problem(command + ": " + key + "=[" + value + "] cannot be; the choices are [" + String.join("], [", allowed)
                    + "].");
        }
        return value;
    }

    /** Whether a checkbox is ticked: its key stands alone. With a value ImageJ would take it for not ticked, in silence. */
    boolean ticked(String key) {
        if (plain.contains(" " + key + "=")) {
            throw new Problem(command + ": " + key + "=" + Macro.getValue(options, key, "") + " cannot be: \"" + key + "\" is a checkbox "
                    + "and has no value. Write \"" + key + "\" alone to tick it, or leave it out.");
        }
        return plain.contains(" " + key + " ");
    }
}
