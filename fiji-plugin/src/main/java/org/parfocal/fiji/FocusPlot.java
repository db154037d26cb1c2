package org.parfocal.fiji;

import ij.IJ;
import ij.ImagePlus;
import ij.WindowManager;
import ij.gui.Plot;
import ij.measure.Calibration;
import java.awt.Color;
import java.awt.GraphicsEnvironment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import java.util.function.ToIntFunction;

/** Draws focus scores over z, or over time or channel if there is only one z. The other axes give one curve each. */
final class FocusPlot {
    private static final Color[] COLOURS = {
        new Color(0x1f77b4),
        new Color(0xd62728),
        new Color(0x2ca02c),
        new Color(0x9467bd),
        new Color(0xff7f0e),
        new Color(0x8c564b),
        new Color(0xe377c2),
        new Color(0x17becf)
    };
    private static final Color MARK = new Color(0x606060);

    private final List<PlaneScore> scores;
    private final ImagePlus image;

    FocusPlot(ImagePlus image, List<PlaneScore> scores) {
        this.image = image;
        this.scores = scores;
    }

    /** The axis of the plot. */
    private enum Axis {
        Z,
        FRAME,
        CHANNEL
    }

    private Axis axis() {
        if (several(score -> score.z)) {
            return Axis.Z;
        }
        return several(score -> score.frame) || !several(score -> score.channel) ? Axis.FRAME : Axis.CHANNEL;
    }

    private boolean several(ToIntFunction<PlaneScore> number) {
        return scores.stream().mapToInt(number).distinct().count() > 1;
    }

    /** The planes of each curve, by its name in the legend. */
    Map<String, List<PlaneScore>> curves() {
        Axis axis = axis();
        boolean channels = axis != Axis.CHANNEL && several(score -> score.channel);
        boolean frames = axis == Axis.Z && several(score -> score.frame);
        Map<String, List<PlaneScore>> curves = new LinkedHashMap<>();
        for (PlaneScore score : scores) {
            String name = (channels ? "channel " + score.channel : "")
                    + (channels && frames ? ", " : "")
                    + (frames ? "frame " + score.frame : "");
            curves.computeIfAbsent(name, key -> new ArrayList<>()).add(score);
        }
        return curves;
    }

    Plot draw() {
        Axis axis = axis();
        boolean calibrated = isCalibrated(image.getCalibration());
        String across = "Frame";
        ToDoubleFunction<PlaneScore> place = score -> score.frame;
        if (axis == Axis.Z) {
            across = calibrated ? "z (" + image.getCalibration().getZUnit() + ")" : "z (slice)";
            place = calibrated ? score -> score.position : score -> score.z;
        } else if (axis == Axis.CHANNEL) {
            across = "Channel";
            place = score -> score.channel;
        }
        Plot plot = new Plot("Focus score of " + image.getTitle(), across, "Focus score");
        Map<String, List<PlaneScore>> curves = curves();
        limits(plot, place);
        int number = 0;
        for (List<PlaneScore> curve : curves.values()) {
            Color colour = COLOURS[number++ % COLOURS.length];
            plot.setColor(colour);
            plot.setLineWidth(2);
            plot.add("line", values(curve, place), values(curve, score -> score.score));
        }
        if (number > 1 && number <= COLOURS.length) {
            plot.setColor(Color.BLACK);
            plot.setLineWidth(1);
            plot.addLegend(String.join("\n", curves.keySet()));
        }
        // After the legend, whose labels go to the curves added first.
        number = 0;
        for (List<PlaneScore> curve : curves.values()) {
            mark(plot, curve, place, COLOURS[number++ % COLOURS.length], curves.size() == 1);
        }
        return plot;
    }

    private static void mark(
            Plot plot, List<PlaneScore> curve, ToDoubleFunction<PlaneScore> place, Color colour, boolean named) {
        PlaneScore best = FocusScores.sharpest(curve);
        if (best == null) {
            return;
        }
        double x = place.applyAsDouble(best);
        if (named) {
            plot.setColor(MARK);
            plot.setLineWidth(1);
            plot.drawDottedLine(x, 0, x, best.score, 3);
        }
        plot.setColor(colour, colour);
        plot.setLineWidth(4);
        plot.addPoints(new double[] {x}, new double[] {best.score}, Plot.CIRCLE);
        plot.setLineWidth(1);
    }

    private void limits(Plot plot, ToDoubleFunction<PlaneScore> place) {
        double low = scores.stream().mapToDouble(place).min().orElse(0);
        double high = scores.stream().mapToDouble(place).max().orElse(1);
        double top = scores.stream()
                .mapToDouble(score -> score.score)
                .filter(s -> !Double.isNaN(s))
                .max()
                .orElse(0);
        double beside = high > low ? 0.02 * (high - low) : 0.5;
        plot.setLimits(low - beside, high + beside, 0, top > 0 ? 1.08 * top : 1);
    }

    private static double[] values(List<PlaneScore> curve, ToDoubleFunction<PlaneScore> value) {
        return curve.stream().mapToDouble(value).toArray();
    }

    static boolean isCalibrated(Calibration calibration) {
        String unit = calibration.getZUnit();
        return unit != null && !unit.isEmpty() && !unit.startsWith("pixel");
    }

    /** Opens a window. In a macro without a screen the plot becomes the current image, as ImageJ's own plots do. */
    static void show(Plot plot) {
        if (!GraphicsEnvironment.isHeadless() || IJ.macroRunning() && IJ.getInstance() == null) {
            plot.show();
            return;
        }
        ImagePlus drawn = plot.getImagePlus();
        WindowManager.setTempCurrentImage(drawn);
    }
}
