package org.parfocal.fiji.window;

import ij.IJ;
import ij.ImagePlus;
import ij.WindowManager;
import ij.gui.Plot;
import ij.measure.ResultsTable;
import ij.plugin.frame.Recorder;
import java.awt.Window;
import java.io.File;

/** What users do with the commands that only look at images and models. */
final class Scenarios {
    private Scenarios() {}

    /** Scores a stack by the dialog with the recorder on, then plays the recorded line again. */
    static String focusScore(Screen screen, File folder) throws Exception {
        Recorder recorder = Driver.record(screen);
        ImagePlus stack = Specimen.stack();
        stack.show();
        stack.setSlice(3);
        screen.place(stack.getWindow(), 10, 10);
        Driver.menu("Focus Score...");
        Window dialog = screen.window("Focus Score");
        screen.place(dialog, 430, 10);
        screen.tick(dialog, "Go to", true);
        screen.picture(new File(folder, "focus-score-dialog.png"), dialog);
        screen.press(dialog, "OK");
        Window plot = screen.window("Focus score of cells.tif");
        Window table = screen.window("Results");
        screen.place(plot, 10, 10);
        screen.place(table, 10 + plot.getWidth() + 8, 10);
        table.setSize(520, plot.getHeight());
        table.validate();
        screen.place(stack.getWindow(), 10, 700);
        screen.picture(new File(folder, "focus-score.png"), plot, table);
        String recorded = lastLine(recorder);
        String first = table();
        int sharpest = stack.getCurrentSlice();

        ((ij.gui.ImageWindow) plot).close();
        stack.setSlice(1);
        WindowManager.setCurrentWindow(stack.getWindow());
        IJ.runMacro(recorded);
        String again = table();
        return "recorded: " + recorded + "\nsharpest: " + sharpest + "\nagain: " + stack.getCurrentSlice() + "\nsame: "
                + first.equals(again) + "\nrows: "
                + ResultsTable.getResultsTable().size() + "\nplot: "
                + plotted() + "\njar: " + Driver.loader("org.parfocal.fiji.FocusScore") + "\n" + first;
    }

    private static String plotted() {
        ImagePlus current = WindowManager.getCurrentImage();
        Plot plot = current == null ? null : (Plot) current.getProperty(Plot.PROPERTY_KEY);
        return plot == null ? "none" : plot.getXValues().length + " points";
    }

    static String modelInformation(Screen screen, File folder) throws Exception {
        Recorder recorder = Driver.record(screen);
        Driver.menu("Model Information...");
        Window dialog = screen.window("Model Information");
        screen.place(dialog, 10, 10);
        screen.press(dialog, "OK");
        Window text = screen.window("Parfocal: Model");
        screen.place(text, 10, 10);
        screen.picture(new File(folder, "model-information.png"), text);
        String recorded = lastLine(recorder);
        IJ.runMacro(recorded);
        return "recorded: " + recorded + "\n" + IJ.getLog();
    }

    static String diagnostics(Screen screen, File folder) throws Exception {
        Driver.menu("About and Diagnostics...");
        Window text = screen.window("Parfocal: About");
        screen.place(text, 10, 10);
        screen.picture(new File(folder, "diagnostics.png"), text);
        return copied(screen, text);
    }

    static String updateSite(Screen screen, File folder) throws Exception {
        Driver.menu("About and Diagnostics...");
        return copied(screen, screen.window("Parfocal: About"));
    }

    private static String copied(Screen screen, Window text) throws Exception {
        screen.press(text, "Copy");
        String copied =
                (String) text.getToolkit().getSystemClipboard().getData(java.awt.datatransfer.DataFlavor.stringFlavor);
        screen.press(text, "Close");
        screen.await("the text to close", () -> !screen.isOpen("Parfocal: About"));
        return copied;
    }

    /** The recorder writes a command when its dialog has been answered. */
    static String lastLine(Recorder recorder) throws InterruptedException {
        for (int tries = 0; recorder.getText().trim().isEmpty() && tries < 100; tries++) {
            Thread.sleep(50);
        }
        String[] lines = recorder.getText().trim().split("\n");
        return lines[lines.length - 1];
    }

    private static String table() {
        ResultsTable table = ResultsTable.getResultsTable();
        StringBuilder text = new StringBuilder(table.getColumnHeadings()).append('\n');
        for (int row = 0; row < table.size(); row++) {
            text.append(table.getRowAsString(row)).append('\n');
        }
        return text.toString();
    }
}
