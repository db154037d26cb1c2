package org.parfocal.fiji;

import ij.gui.GenericDialog;
import java.util.ArrayList;
import java.util.List;
import org.parfocal.Parfocal;
import org.parfocal.ParfocalException;

/** How a dialog asks for a model: by its name, or as a file. */
final class ModelChoice {
    /** The choice for a file, whose path stands in the field below. */
    static final String FILE = "ONNX file";

    private ModelChoice() {}

    /**
     * Adds a choice and a field for a file. {@code model} is what a macro has: "" is the default, a name, or a path.
     */
    static void add(GenericDialog dialog, String model, int columns) {
        List<String> names = names();
        String chosen = model.isEmpty() ? names.get(0) : names.contains(model) ? model : FILE;
        List<String> items = new ArrayList<>(names);
        items.add(FILE);
        dialog.addChoice("Model", items.toArray(new String[0]), chosen);
        dialog.addFileField(FILE, chosen.equals(FILE) ? model : "", columns);
    }

    /** What a macro has for a choice and the text of the field: "" for the default. */
    static String read(String chosen, String file) {
        if (chosen.equals(FILE)) {
            return file.trim();
        }
        return chosen.equals(names().get(0)) ? "" : chosen;
    }

    /** The names that the library knows, the default first. Without a library commands say what is wrong with it. */
    static List<String> names() {
        try {
            return Parfocal.modelNames();
        } catch (ParfocalException missing) {
            List<String> names = new ArrayList<>();
            names.add("accurate");
            return names;
        }
    }
}
