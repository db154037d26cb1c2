package org.parfocal.fiji;

import ij.ImagePlus;
import java.util.Arrays;
import java.util.Locale;
import org.parfocal.Layout;
import org.parfocal.ParfocalModel;
import org.parfocal.ParfocalTask;
import org.parfocal.PixelType;

/**
 * A program: what the plugin costs beside the network, against the bare library on the same pixels. Prints lines of a
 * name, a value and a unit.
 *
 * <p>Plugin and library take turns, so that a machine that gets slower does so for both; each value is the median of
 * the rounds. The time inside ONNX Runtime, from each run's own report, is taken away. Arguments: width, height,
 * planes, rounds; without them a stack of 2048 x 2048 x 20, and 3 rounds. A heap of 2 GB is enough ({@code -Xmx2g}).
 */
public final class PluginBench {
    private static final Settings SETTINGS = Settings.parse(Images.CPU + "options=threads=2");

    private PluginBench() {}

    /** See the class. */
    public static void main(String[] arguments) {
        int width = number(arguments, 0, 2048);
        int height = number(arguments, 1, 2048);
        int planes = number(arguments, 2, 20);
        int rounds = number(arguments, 3, 3);
        firstResults();
        ImagePlus image = Images.stack(16, width, height, planes);
        double pixels = (double) width * height * planes;
        double[] plugin = new double[rounds];
        double[] inPlace = new double[rounds];
        double[] library = new double[rounds];
        double[] network = new double[rounds];
        plugin(image, Settings.Output.IMAGE);
        for (int round = 0; round < rounds; round++) {
            double[] bare = library(image);
            library[round] = bare[0] - bare[1];
            network[round] = bare[1];
            double[] command = plugin(image, Settings.Output.IMAGE);
            plugin[round] = command[0] - command[1];
            command = plugin(image, Settings.Output.IN_PLACE);
            inPlace[round] = command[0] - command[1];
        }
        print("plugin_outside_network", median(plugin) / pixels, "ns/pixel");
        print("plugin_in_place_outside_network", median(inPlace) / pixels, "ns/pixel");
        print("library_outside_network", median(library) / pixels, "ns/pixel");
        print("network", median(network) / pixels, "ns/pixel");
        System.exit(0);
    }

    /** From the command to its result in a JVM that has just started, and once more: the model inside the library. */
    private static void firstResults() {
        ImagePlus image = Images.single(16, 256, 256);
        double[] cached = new double[5];
        print("first_result_cold", command(image) / 1e6, "ms");
        for (int i = 0; i < cached.length; i++) {
            cached[i] = command(image) / 1e6;
        }
        print("first_result_cached", median(cached), "ms");
    }

    private static double command(ImagePlus image) {
        long start = System.nanoTime();
        Images.restore(image, "device=cpu");
        return System.nanoTime() - start;
    }

    /** Nanoseconds of the whole, and of the network. */
    private static double[] plugin(ImagePlus image, Settings.Output output) {
        Settings settings = SETTINGS.copy();
        settings.output = output;
        image.setProperty("Info", null);
        System.gc();
        long start = System.nanoTime();
        try (Progress progress = Progress.command("Restore Focus", () -> null)) {
            Restorer restorer = new Restorer(image, settings);
            restorer.run(progress);
            return new double[] {System.nanoTime() - start, restorer.report().networkMs() * 1e6};
        }
    }

    private static double[] library(ImagePlus image) {
        Object[] planes = Images.pixels(image);
        Layout layout = Layout.of(image.getWidth(), image.getHeight()).planes(planes.length);
        System.gc();
        try (Models.Lease lease = Models.lease(SETTINGS.model, SETTINGS.openOptions());
                ParfocalTask task = new ParfocalTask()) {
            ParfocalModel model = lease.model();
            long start = System.nanoTime();
            Object[] restored = new Object[planes.length];
            for (int i = 0; i < restored.length; i++) {
                restored[i] = new short[image.getWidth() * image.getHeight()];
            }
            model.restore(PixelType.U16, planes, layout, restored, layout, "", task);
            double whole = System.nanoTime() - start;
            return new double[] {whole, RunReport.parse(task.describe()).networkMs() * 1e6};
        }
    }

    private static int number(String[] arguments, int at, int otherwise) {
        return arguments.length > at ? Integer.parseInt(arguments[at]) : otherwise;
    }

    private static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }

    private static void print(String name, double value, String unit) {
        System.out.printf(Locale.ROOT, "%s %.3f %s%n", name, value, unit);
    }
}
