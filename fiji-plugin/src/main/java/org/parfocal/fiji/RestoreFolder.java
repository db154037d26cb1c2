package org.parfocal.fiji;

import ij.IJ;
import ij.Macro;
import ij.gui.GenericDialog;
import ij.measure.ResultsTable;
import ij.plugin.PlugIn;
import ij.plugin.filter.Analyzer;
import ij.plugin.frame.Recorder;
import java.awt.Choice;
import java.awt.GraphicsEnvironment;
import java.awt.TextField;
import java.io.File;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.parfocal.ParfocalException;
import org.parfocal.Status;

/**
 * The command {@code Plugins > Parfocal > Restore Folder...}: restores every TIFF file of a folder to another file,
 * with a progress bar, and lists them in ImageJ's Results table. Files are read and written by the engine, page by
 * page, so that none has to fit into memory.
 */
public final class RestoreFolder implements PlugIn {
    private static final String NAME = "Restore Folder";
    private static final String ENDING = "-restored.tif";

    @Override
    public void run(String argument) {
        Messages.command(NAME, RestoreFolder::command);
    }

    private static void command() {
        String options = Macro.getOptions();
        if (options == null && GraphicsEnvironment.isHeadless()) {
            throw new Problem(NAME + ": without a screen it needs its options: input=[folder] output=[folder].");
        }
        Choices choices = options == null ? ask() : parse(options);
        if (choices == null) {
            return;
        }
        Analyzer.resetCounter();
        IJ.resetEscape();
        restore(choices);
    }

    private static final class Choices {
        String input = "";
        String output = "";
        final Settings settings = new Settings();
    }

    private static Choices parse(String options) {
        MacroOptions macro = new MacroOptions(NAME, options, "input", "output", "model", "device", "options");
        Choices choices = new Choices();
        choices.input = macro.text("input", "");
        choices.output = macro.text("output", choices.input);
        choices.settings.model = macro.text("model", "");
        choices.settings.device = macro.text("device", choices.settings.device);
        choices.settings.options = macro.text("options", "");
        return choices;
    }

    /** Null if the dialog was cancelled. */
    private static Choices ask() {
        GenericDialog dialog = new GenericDialog(NAME);
        dialog.addDirectoryField("Input folder", "", 36);
        dialog.addDirectoryField("Output folder", "", 36);
        ModelChoice.add(dialog, "", 36);
        dialog.addChoice("Device", new String[] {"auto", "cpu", "cuda"}, "auto");
        dialog.addStringField("Options (key=value)", "", 36);
        dialog.addMessage("Every TIFF file is restored to <name>" + ENDING + ". No file is overwritten.");
        dialog.showDialog();
        if (dialog.wasCanceled()) {
            return null;
        }
        // Not by getNextString: two of the fields are one key of a macro.
        List<String> texts = new ArrayList<>();
        for (Object field : dialog.getStringFields()) {
            texts.add(((TextField) field).getText().trim());
        }
        String model = ((Choice) dialog.getChoices().get(0)).getSelectedItem();
        Choices choices = new Choices();
        choices.input = texts.get(0);
        choices.output = texts.get(1).isEmpty() ? choices.input : texts.get(1);
        choices.settings.model = ModelChoice.read(model, texts.get(2));
        choices.settings.device = ((Choice) dialog.getChoices().get(1)).getSelectedItem();
        choices.settings.options = texts.get(3);
        if (Recorder.record) {
            record("input", choices.input);
            record("output", choices.output);
            record("model", choices.settings.model);
            record("device", choices.settings.device);
            record("options", choices.settings.options);
        }
        return choices;
    }

    private static void record(String key, String value) {
        if (!value.isEmpty()) {
            Recorder.recordOption(key, Recorder.fixString(IJ.isWindows() ? value.replace('\\', '/') : value));
        }
    }

    private static void restore(Choices choices) {
        File[] files = files(choices.input);
        File output = new File(choices.output);
        if (!output.isDirectory()) {
            throw new Problem(NAME + ": the output folder " + output + " does not exist. Make it first.");
        }
        int done = 0;
        ResultsTable table = Analyzer.getResultsTable();
        try (Models.Lease lease = Models.lease(choices.settings.model, choices.settings.openOptions());
                Progress progress = new Progress(NAME, RestoreFolder::stop, true, "file")) {
            for (int i = 0; i < files.length; i++) {
                if (restore(lease, progress, files[i], output, choices.settings.runOptions(), i, files.length, table)) {
                    done++;
                }
            }
        } finally {
            table.show("Results");
        }
        IJ.showStatus(NAME + ": " + done + " of " + files.length + " files restored"
                + (done < files.length ? "; the table says why others were not" : ""));
    }

    private static Stopped stop() {
        return IJ.escapePressed()
                ? new Stopped("Stopped by Esc. Files that were done stay, and are in the table.", true)
                : null;
    }

    /** The TIFF files of a folder, results of earlier runs left out, in the order of their names. */
    private static File[] files(String folder) {
        File[] found = folder.isEmpty() ? null : new File(folder).listFiles(RestoreFolder::isInput);
        if (found == null) {
            throw new Problem(NAME + ": there is no folder \"" + folder + "\". Choose one with TIFF files.");
        }
        if (found.length == 0) {
            throw new Problem(NAME + ": \"" + folder + "\" has no TIFF file (.tif or .tiff). Choose another folder.");
        }
        Arrays.sort(found);
        return found;
    }

    private static boolean isInput(File file) {
        String name = file.getName().toLowerCase(Locale.ROOT);
        return (name.endsWith(".tif") || name.endsWith(".tiff")) && !name.endsWith(ENDING) && file.isFile();
    }

    /** Restores one file and adds its row. Returns whether it was restored; a file that fails does not stop others. */
    private static boolean restore(
            Models.Lease lease,
            Progress progress,
            File file,
            File folder,
            String options,
            int number,
            int count,
            ResultsTable table) {
        String name = file.getName();
        File output = new File(folder, name.substring(0, name.lastIndexOf('.')) + ENDING);
        long start = System.nanoTime();
        long[] planes = new long[1];
        String outcome = "restored";
        try {
            progress.run(number, 1, count, task -> {
                lease.model().restoreFile(file.toPath(), output.toPath(), options, task);
                planes[0] = task.planesDone();
            });
        } catch (ParfocalException failed) {
            if (failed.status() == Status.BAD_OPTION) {
                // The same for every file.
                throw failed;
            }
            outcome = failed.getMessage();
        }
        table.incrementCounter();
        table.addLabel(name);
        table.addValue("Planes", planes[0]);
        table.addValue("Seconds", (System.nanoTime() - start) / 1e9);
        table.addValue("Outcome", outcome);
        table.setDecimalPlaces(table.getColumnIndex("Planes"), 0);
        return planes[0] > 0;
    }
}
