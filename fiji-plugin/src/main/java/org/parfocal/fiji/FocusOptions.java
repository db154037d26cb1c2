package org.parfocal.fiji;

import ij.ImagePlus;
import ij.Macro;
import ij.gui.GenericDialog;
import java.awt.GraphicsEnvironment;
import java.util.Arrays;
import java.util.stream.IntStream;

/** The choices of {@link FocusScore}, from its dialog or from a macro, which needs no screen. */
final class FocusOptions {
    private static final String ALONG_Z = "along z";
    private static final String ALL = "all";
    // The first word of a label is its key in macros.
    private static final String PLANES_LABEL = "Planes";
    private static final String PLOT_LABEL = "Plot over z";
    private static final String CLEAR_LABEL = "Clear results";
    private static final String GO_LABEL = "Go to the sharpest slice";

    final boolean all;
    final boolean plot;
    final boolean clear;
    final boolean go;

    private FocusOptions(boolean all, boolean plot, boolean clear, boolean go) {
        this.all = all;
        this.plot = plot;
        this.clear = clear;
        this.go = go;
    }

    /** Null if the dialog was cancelled. */
    static FocusOptions ask(ImagePlus image) {
        boolean hasZ = image.getNSlices() > 1;
        String options = Macro.getOptions();
        if (options == null && GraphicsEnvironment.isHeadless()) {
            return new FocusOptions(!hasZ, true, true, false);
        }
        if (options != null) {
            MacroOptions macro = new MacroOptions("Focus Score", options, "planes", "plot", "clear", "go");
            boolean all = macro.choice("planes", new String[] {ALONG_Z, ALL}, hasZ ? ALONG_Z : ALL)
                    .equals(ALL);
            return new FocusOptions(all, macro.ticked("plot"), macro.ticked("clear"), macro.ticked("go"));
        }
        GenericDialog dialog = new GenericDialog("Focus Score");
        dialog.addChoice(PLANES_LABEL, new String[] {ALONG_Z, ALL}, hasZ ? ALONG_Z : ALL);
        dialog.addCheckbox(PLOT_LABEL, true);
        dialog.addCheckbox(CLEAR_LABEL, true);
        dialog.addCheckbox(GO_LABEL, false);
        dialog.addMessage("along z: the planes at the channel and time that are shown.\n"
                + "Larger scores are sharper. They compare planes of one field and\n"
                + "one channel, not different specimens.");
        dialog.showDialog();
        if (dialog.wasCanceled()) {
            return null;
        }
        boolean all = dialog.getNextChoice().equals(ALL);
        return new FocusOptions(all, dialog.getNextBoolean(), dialog.getNextBoolean(), dialog.getNextBoolean());
    }

    /** The chosen slices, numbered as ImageJ does. */
    int[] slices(ImagePlus image) {
        if (all) {
            return IntStream.rangeClosed(1, image.getStackSize()).toArray();
        }
        int[] slices = new int[image.getNSlices()];
        Arrays.setAll(slices, z -> image.getStackIndex(image.getC(), z + 1, image.getT()));
        return slices;
    }
}
