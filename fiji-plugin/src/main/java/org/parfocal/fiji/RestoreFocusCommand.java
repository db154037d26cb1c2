package org.parfocal.fiji;

import ij.ImagePlus;
import java.util.LinkedHashMap;
import java.util.Map;
import org.scijava.ItemIO;
import org.scijava.command.Command;
import org.scijava.plugin.Parameter;
import org.scijava.plugin.Plugin;

/**
 * Restore Focus for SciJava, which scripts of Fiji and PyImageJ call:
 * {@code commandService.run("org.parfocal.fiji.RestoreFocusCommand", true, "image", image, "model", "fast")}. Its
 * inputs are the keys of the macro command, with the same defaults and messages; SciJava must not keep them for the
 * next call. It has no entry in the menu, where ImageJ's command is. Plain ImageJ never loads this class, which needs
 * SciJava.
 */
@Plugin(type = Command.class, headless = true, label = "Restore Focus (Parfocal)", visible = false)
public class RestoreFocusCommand implements Command {
    @Parameter(persist = false)
    private ImagePlus image;

    @Parameter(required = false, persist = false)
    private String model;

    @Parameter(required = false, persist = false)
    private String device;

    @Parameter(required = false, persist = false)
    private String planes;

    @Parameter(required = false, persist = false)
    private String channels;

    @Parameter(required = false, persist = false)
    private String slices;

    @Parameter(required = false, persist = false)
    private String frames;

    @Parameter(required = false, persist = false)
    private String region;

    @Parameter(required = false, persist = false)
    private String output;

    @Parameter(required = false, persist = false)
    private String file;

    @Parameter(required = false, persist = false)
    private String options;

    /** The result; the image itself where it was restored in place, null where a file was written. */
    @Parameter(type = ItemIO.OUTPUT)
    private ImagePlus restored;

    @Override
    public void run() {
        Map<String, String> given = new LinkedHashMap<>();
        give(given, "model", model);
        give(given, "device", device);
        give(given, "planes", planes);
        give(given, "channels", channels);
        give(given, "slices", slices);
        give(given, "frames", frames);
        give(given, "region", region);
        give(given, "output", output);
        give(given, "file", file);
        give(given, "options", options);
        Settings settings = Settings.of(given);
        ImagePlus result = RestoreFocus.restored(image, settings);
        restored = settings.output == Settings.Output.IN_PLACE ? image : result;
    }

    private static void give(Map<String, String> given, String key, String value) {
        if (value != null && !value.isEmpty()) {
            given.put(key, value);
        }
    }
}
