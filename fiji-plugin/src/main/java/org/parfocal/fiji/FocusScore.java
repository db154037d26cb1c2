package org.parfocal.fiji;

import ij.IJ;
import ij.ImagePlus;
import ij.WindowManager;
import ij.gui.Roi;
import ij.measure.ResultsTable;
import ij.plugin.PlugIn;
import ij.plugin.filter.Analyzer;
import java.awt.Rectangle;
import java.util.List;
import java.util.stream.Collectors;

/** The command {@code Plugins > Parfocal > Focus Score...}: how sharp each slice is, as a table and a plot over z. */
public final class FocusScore implements PlugIn {
    @Override
    public void run(String argument) {
        Messages.command("Focus Score", () -> score(WindowManager.getCurrentImage()));
    }

    private static void score(ImagePlus image) {
        Rectangle area = area(image);
        FocusOptions options = FocusOptions.ask(image);
        if (options == null) {
            return;
        }
        IJ.showStatus("Scoring the focus of " + image.getTitle() + "...");
        List<PlaneScore> scores = FocusScores.of(image, options.slices(image), area);
        if (options.clear && !Analyzer.resetCounter()) {
            return;
        }
        tabulate(scores, image);
        PlaneScore sharpest = FocusScores.sharpest(here(scores, image));
        if (options.go && sharpest != null) {
            image.setPosition(sharpest.channel, sharpest.z, sharpest.frame);
        }
        if (options.plot) {
            FocusPlot.show(new FocusPlot(image, scores).draw());
        }
        IJ.showStatus(summary(sharpest, image));
    }

    /** The part that is scored: the bounds of the selection, else the whole image. */
    private static Rectangle area(ImagePlus image) {
        if (image == null) {
            throw new Problem(
                    "No image is open. Open the image or stack to score, or click into its window, and repeat.");
        }
        if (image.getType() == ImagePlus.COLOR_256) {
            throw new Problem("\"" + image.getTitle()
                    + "\" is an 8-bit colour image: its numbers are places in a colour table, not "
                    + "brightness, and have no focus score. Convert it first: Image > Type > RGB Color (or 8-bit, "
                    + "if the colours "
                    + "mean nothing).");
        }
        Rectangle whole = new Rectangle(0, 0, image.getWidth(), image.getHeight());
        Roi roi = image.getRoi();
        if (roi == null) {
            return whole;
        }
        Rectangle area = roi.getBounds().intersection(whole);
        if (area.isEmpty()) {
            throw new Problem(
                    "The selection has no pixels inside \"" + image.getTitle() + "\". Draw another one, or remove it "
                            + "(Edit > Selection > Select None) to score whole planes.");
        }
        return area;
    }

    /** Adds rows to ImageJ's Results table, which macros read with and without a screen. */
    private static void tabulate(List<PlaneScore> scores, ImagePlus image) {
        ResultsTable table = Analyzer.getResultsTable();
        String unit = image.getCalibration().getZUnit();
        for (PlaneScore plane : scores) {
            table.incrementCounter();
            table.addLabel(plane.label);
            table.addValue("C", plane.channel);
            table.addValue("Z", plane.z);
            table.addValue("T", plane.frame);
            table.addValue("Position", plane.position);
            table.addValue("Unit", unit);
            table.addValue("Score", plane.score);
        }
        for (String column : new String[] {"C", "Z", "T"}) {
            table.setDecimalPlaces(table.getColumnIndex(column), 0);
        }
        table.setDecimalPlaces(table.getColumnIndex("Score"), 6);
        table.show("Results");
    }

    /** The planes along z (else all) at the channel and time shown: scores of others cannot be compared with these. */
    private static List<PlaneScore> here(List<PlaneScore> scores, ImagePlus image) {
        int channel = image.getC();
        int frame = image.getT();
        boolean stack = scores.stream().mapToInt(score -> score.z).distinct().count() > 1;
        return scores.stream()
                .filter(score -> score.channel == channel && (!stack || score.frame == frame))
                .collect(Collectors.toList());
    }

    /** For the status bar. */
    static String summary(PlaneScore sharpest, ImagePlus image) {
        if (sharpest == null) {
            return "Focus Score: the planes are constant, none is sharper than another";
        }
        String place = FocusPlot.isCalibrated(image.getCalibration())
                ? " (" + IJ.d2s(sharpest.position, 2) + " "
                        + image.getCalibration().getZUnit() + ")"
                : "";
        return "Sharpest: slice " + sharpest.slice + " of " + image.getStackSize() + place + ", score "
                + IJ.d2s(sharpest.score, 4);
    }
}
