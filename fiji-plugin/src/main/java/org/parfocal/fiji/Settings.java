package org.parfocal.fiji;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

import ij.macro.Interpreter;

/**
 * What the user asks of Restore Focus, as plain values: from a dialog or from a macro's options, and back into those.
 *
 * <p>The keys are the first words of the dialog's labels, as everywhere in ImageJ: they are the command's programming
 * interface and do not change.
 */
final class Settings {
    static final String KEYS = "model, device, planes, channels, slices, frames, region, output, file, options";

    /** Options that belong to opening a model; all others belong to a run. */
    private static final List<String> OPEN_KEYS = Arrays.asList("device", "threads", "precision", "memory", "runtime");

    /** Which planes. */
    enum Planes {
        ALL("all"), CURRENT("current"), RANGE("range");

        final String label;

        Planes(String label) {
            this.label = label;
        }
    }

    /** Which part of a plane. */
    enum Part {
        WHOLE("whole image"), CROP("crop to selection"), INSIDE("inside selection");

        final String label;

        Part(String label) {
            this.label = label;
        }
    }

    /** Where the result goes. */
    enum Output {
        IMAGE("new image"), IN_PLACE("in place"), FILE("TIFF file");

        final String label;

        Output(String label) {
            this.label = label;
        }
    }

    /** An ONNX file; "" is the model inside the library. */
    String model = "";
    String device = "auto";
    Planes planes = Planes.ALL;
    /** Ranges such as {@code 1-3,5}; "" is all. They count with {@link Planes#RANGE} only. */
    String channels = "";
    String slices = "";
    String frames = "";
    Part region = Part.WHOLE;
    Output output = Output.IMAGE;
    /** The path for {@link Output#FILE}. */
    String file = "";
    /** More options for the engine, as {@code key=value} text. */
    String options = "";

    /** From a macro's options; what is not said has its default, whatever was chosen in a dialog before. */
    static Settings parse(String macroOptions) {
        Settings settings = new Settings();
        boolean planes = false;
        for (String[] option : split(macroOptions)) {
            String key = option[0].toLowerCase(Locale.ROOT);
            if (key.equals("preview")) {
                continue;
            }
            if (option[1] == null) {
                throw new Problem("Restore Focus: \"" + option[0] + "\" has no value. Write " + option[0]
                        + "=value; values with spaces stand in [brackets]. The keys are " + KEYS + ".");
            }
            planes |= key.equals("planes");
            settings.set(key, variable(option[1]));
        }
        if (!settings.channels.isEmpty() || !settings.slices.isEmpty() || !settings.frames.isEmpty()) {
            if (!planes) {
                settings.planes = Planes.RANGE;
            } else if (settings.planes != Planes.RANGE) {
                throw new Problem("Restore Focus: planes=" + settings.planes.label + ", but channels, slices or frames say "
                        + "which. Write planes=range, or leave the ranges out.");
            }
        }
        return settings;
    }

    private void set(String key, String value) {
        switch (key) {
            case "model": model = value; break;
            case "device": device = value; break;
            case "planes": planes = choose(key, value, Planes.values()); break;
            case "channels": channels = value; break;
            case "slices": slices = value; break;
            case "frames": frames = value; break;
            case "region": region = choose(key, value, Part.values()); break;
            case "output": output = choose(key, value, Output.values()); break;
            case "file": file = value; break;
            case "options": options = value; break;
            default:
                throw new Problem("Restore Focus: \"" + key + "\" is not one of its keys, which are " + KEYS + ".");
        }
    }

    /** Planes, Part or Output by its label. */
    static <T extends Enum<T>> T choose(String key, String value, T[] choices) {
        StringBuilder labels = new StringBuilder();
        for (T choice : choices) {
            String label = label(choice);
            if (label.equalsIgnoreCase(value.trim())) {
                return choice;
            }
            labels.append(labels.length() == 0 ? "" : ", ").append(label.indexOf(' ') < 0 ? label : "[" + label + "]");
        }
        throw new Problem("Restore Focus: " + key + "=" + value + " cannot be; the choices are " + labels + ".");
    }

    static String label(Enum<?> choice) {
        if (choice instanceof Planes) {
            return ((Planes) choice).label;
        }
        return choice instanceof Part ? ((Part) choice).label : ((Output) choice).label;
    }

    /** Keys and values for a macro, without brackets: those that a reader wants to see, and all that are not the default. */
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
        for (String option : engineOptions()) {
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
        for (String option : engineOptions()) {
            if (!opens(option)) {
                run.append(run.length() == 0 ? "" : " ").append(option);
            }
        }
        return run.toString();
    }

    private static boolean opens(String option) {
        int equals = option.indexOf('=');
        return OPEN_KEYS.contains(equals < 0 ? option : option.substring(0, equals));
    }

    /** The words of {@link #options}; a quoted value keeps its quotes. */
    private List<String> engineOptions() {
        List<String> words = new ArrayList<>();
        StringBuilder word = new StringBuilder();
        boolean quoted = false;
        for (int i = 0; i < options.length(); i++) {
            char c = options.charAt(i);
            if (c == '\'') {
                quoted = !quoted;
            }
            if (quoted && c == '\\' && i + 1 < options.length()) {
                word.append(c).append(options.charAt(++i));
            } else if (Character.isWhitespace(c) && !quoted) {
                if (word.length() > 0) {
                    words.add(word.toString());
                    word.setLength(0);
                }
            } else {
                word.append(c);
            }
        }
        if (word.length() > 0) {
            words.add(word.toString());
        }
        return words;
    }

    /** ImageJ's macro options: key=value, key=[a value] or key='a value', separated by spaces. */
    private static List<String[]> split(String text) {
        List<String[]> options = new ArrayList<>();
        int at = 0;
        while (at < text.length()) {
            if (Character.isWhitespace(text.charAt(at))) {
                at++;
                continue;
            }
            int from = at;
            while (at < text.length() && text.charAt(at) != '=' && !Character.isWhitespace(text.charAt(at))) {
                at++;
            }
            String key = text.substring(from, at);
            if (at == text.length() || text.charAt(at) != '=') {
                options.add(new String[] {key, null});
                continue;
            }
            int end = valueEnd(text, ++at, key);
            boolean bare = at == end || !isOpening(text.charAt(at));
            options.add(new String[] {key, bare ? text.substring(at, end) : text.substring(at + 1, end - 1)});
            at = end;
        }
        return options;
    }

    private static boolean isOpening(char c) {
        return c == '[' || c == '\'';
    }

    /** Behind the value that begins at {@code at}. */
    private static int valueEnd(String text, int at, String key) {
        int end = at;
        if (at < text.length() && isOpening(text.charAt(at))) {
            boolean brackets = text.charAt(at) == '[';
            int depth = 0;
            do {
                if (end == text.length()) {
                    throw new Problem("Restore Focus: the value of " + key + " has no closing "
                            + (brackets ? "bracket." : "quote."));
                }
                char c = text.charAt(end++);
                if (brackets) {
                    depth += c == '[' ? 1 : c == ']' ? -1 : 0;
                } else if (c == '\'') {
                    depth += end - 1 == at ? 1 : -1;
                }
            } while (depth > 0);
            return end;
        }
        while (end < text.length() && !Character.isWhitespace(text.charAt(end))) {
            end++;
        }
        return end;
    }

    /** {@code &name} is a variable of the macro, as in ImageJ's own commands. */
    private static String variable(String value) {
        Interpreter macro = value.startsWith("&") ? Interpreter.getInstance() : null;
        String found = macro == null ? null : macro.getVariableAsString(value.substring(1));
        return found == null ? value : found;
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
