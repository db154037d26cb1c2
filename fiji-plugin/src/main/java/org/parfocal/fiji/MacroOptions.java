package org.parfocal.fiji;

import ij.Macro;
import ij.macro.Interpreter;
import java.util.Arrays;

/**
 * What a macro tells a command, read as ImageJ's GenericDialog reads it, but without making a dialog: that needs a screen.
 * Keys are the first words of the dialog's labels in small letters.
 */
final class MacroOptions {
    private final String options;

    /** @param options what {@link Macro#getOptions()} returns */
    MacroOptions(String options) {
        this.options = options;
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
            throw new Problem(key + "=[" + value + "]: expected one of [" + String.join("], [", allowed) + "].");
        }
        return value;
    }

    /** Whether a checkbox is ticked: its key stands alone, outside of any [text]. */
    boolean ticked(String key) {
        StringBuilder plain = new StringBuilder(" ");
        int depth = 0;
        for (char c : options.toCharArray()) {
            depth += c == '[' ? 1 : 0;
            if (depth == 0) {
                plain.append(c);
            }
            depth -= c == ']' && depth > 0 ? 1 : 0;
        }
        return plain.append(' ').indexOf(" " + key + " ") >= 0;
    }
}
