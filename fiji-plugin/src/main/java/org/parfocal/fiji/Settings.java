package org.parfocal.fiji;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.parfocal.internal.OptionText;

/**
 * The settings of Restore Focus, read from a dialog or a macro's options, and written as macro options.
 *
 * <p>The keys are the first words of the dialog's labels, as everywhere in ImageJ. They are the command's programming
 * interface and do not change.
 */
final class Settings {
    private static final String[] KEYS = {
        "model", "device", "planes", "channels", "slices", "frames", "region", "output", "file", "options", "preview"
    };

    private static final String COMMAND = "Restore Focus";

    /**
     * Options that belong to opening a model; all others belong to a run. A test compares them with docs/options.md.
     */
    static final List<String> OPEN_KEYS = Arrays.asList(
            "device",
            "threads",
            "precision",
            "memory",
            "runtime",
            "plugin",
            "software_adapter",
            "spin",
            "priority",
            "quality");

    /** Which planes. */
    enum Planes {
        ALL("all"),
        CURRENT("current"),
        RANGE("range");

        final String label;

        Planes(String label) {
            this.label = label;
        }
    }

    /** Which part of a plane. */
    enum Part {
        WHOLE("whole image"),
        CROP("crop to selection"),
        INSIDE("inside selection");

        final String label;

        Part(String label) {
            this.label = label;
        }
    }

    /** Where the result goes. */
    enum Output {
        IMAGE("new image"),
        IN_PLACE("in place"),
        FILE("TIFF file");

        final String label;

        Output(String label) {
            this.label = label;
        }
    }

    /** A model's name, or the path of an ONNX file; "" for the default. */
    String model = "";

    String device = "auto";
    Planes planes = Planes.ALL;
    /** Ranges such as {@code 1-3,5}; "" for all. Used with {@link Planes#RANGE} only. */
    String channels = "";

    String slices = "";
    String frames = "";
    Part region = Part.WHOLE;
    Output output = Output.IMAGE;
    /** The path for {@link Output#FILE}. */
    String file = "";
    /** More options for the engine, as {@code key=value} text. */
    String options = "";

    /** Reads a macro's options. Missing ones have their defaults, whatever was chosen in a dialog before. */
    static Settings parse(String macroOptions) {
        return parse(new MacroOptions(COMMAND, macroOptions, KEYS));
    }

    /** The same for keys and values that do not come from a macro's text. */
    static Settings of(Map<String, String> given) {
        return parse(new MacroOptions(COMMAND, given, KEYS));
    }

    private static Settings parse(MacroOptions macro) {
        Settings settings = new Settings();
        settings.model = macro.text("model", settings.model);
        settings.device = macro.text("device", settings.device);
        settings.channels = macro.text("channels", settings.channels);
        settings.slices = macro.text("slices", settings.slices);
        settings.frames = macro.text("frames", settings.frames);
        settings.file = macro.text("file", settings.file);
        settings.options = macro.text("options", settings.options);
        boolean ranges = !settings.channels.isEmpty() || !settings.slices.isEmpty() || !settings.frames.isEmpty();
        settings.planes = choice(macro, "planes", ranges ? Planes.RANGE : settings.planes);
        settings.region = choice(macro, "region", settings.region);
        settings.output = choice(macro, "output", settings.output);
        if (ranges && settings.planes != Planes.RANGE) {
            throw new Problem(COMMAND + ": planes=" + settings.planes.label + ", but channels, slices or frames say "
                    + "which. Write planes=range, or leave the ranges out.");
        }
        return settings;
    }

    private static <T extends Enum<T>> T choice(MacroOptions macro, String key, T fallback) {
        T[] choices = fallback.getDeclaringClass().getEnumConstants();
        return choose(macro.choice(key, labels(choices), label(fallback)), choices);
    }

    /** Planes, Part or Output by its label. */
    static <T extends Enum<T>> T choose(String label, T[] choices) {
        return choices[Arrays.asList(labels(choices)).indexOf(label)];
    }

    /** The labels of Planes, Part or Output. */
    static String[] labels(Enum<?>[] choices) {
        return Arrays.stream(choices).map(Settings::label).toArray(String[]::new);
    }

    static String label(Enum<?> choice) {
        if (choice instanceof Planes) {
            return ((Planes) choice).label;
        }
        return choice instanceof Part ? ((Part) choice).label : ((Output) choice).label;
    }

    /** Keys and values for a macro, without brackets: the main ones always, the others if they are not the default. */
    List<String[]> macroOptions() {
        List<String[]> list = new ArrayList<>();
        add(list, "model", model);
        add(list, "device", device);
        add(list, "planes", planes.label);
        if (planes == Planes.RANGE) {
            add(list, "channels", channels);
            add(list, "slices", slices);
            add(list, "frames", frames);
        }
        add(list, "region", region.label);
        add(list, "output", output.label);
        if (output == Output.FILE) {
            add(list, "file", file);
        }
        add(list, "options", options);
        return list;
    }

    private static void add(List<String[]> list, String key, String value) {
        if (!value.isEmpty()) {
            list.add(new String[] {key, value});
        }
    }

    /** The options of opening a model, as text. */
    String openOptions() {
        StringBuilder open = new StringBuilder();
        if (!device.trim().isEmpty()) {
            open.append("device=").append(device.trim());
        }
        for (String option : OptionText.pairs(options)) {
            if (opens(option)) {
                if (option.startsWith("device=")) {
                    throw new Problem("Options: \"" + option + "\" is chosen by Device; leave it out of Options.");
                }
                open.append(open.length() == 0 ? "" : " ").append(option);
            }
        }
        return open.toString();
    }

    /** The options of a run, as text. */
    String runOptions() {
        StringBuilder run = new StringBuilder();
        for (String option : OptionText.pairs(options)) {
            if (!opens(option)) {
                run.append(run.length() == 0 ? "" : " ").append(option);
            }
        }
        return run.toString();
    }

    /** Whether a run's options normalise all planes of a stack together. */
    static boolean normalizesStack(String runOptions) {
        return "stack".equals(OptionText.value(runOptions, "normalize"));
    }

    private static boolean opens(String option) {
        return OPEN_KEYS.contains(OptionText.key(option));
    }

    /** A copy. */
    Settings copy() {
        Settings copy = new Settings();
        copy.model = model;
        copy.device = device;
        copy.planes = planes;
        copy.channels = channels;
        copy.slices = slices;
        copy.frames = frames;
        copy.region = region;
        copy.output = output;
        copy.file = file;
        copy.options = options;
        return copy;
    }
}
