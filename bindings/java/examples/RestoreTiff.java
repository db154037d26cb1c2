import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.Random;
import org.parfocal.Layout;
import org.parfocal.Parfocal;
import org.parfocal.ParfocalException;
import org.parfocal.ParfocalModel;
import org.parfocal.ParfocalTask;
import org.parfocal.PixelType;
import org.parfocal.Status;

/**
 * Restores a TIFF file, or without one a small stack of drawn beads; shows progress, and stops when a key is pressed.
 *
 * <pre>java -cp parfocal-java.jar:. RestoreTiff [INPUT.tif OUTPUT.tif [MODEL.onnx]]</pre>
 */
public final class RestoreTiff {
    private RestoreTiff() {}

    /** What the command line calls. */
    public static void main(String[] arguments) {
        try (ParfocalModel model = ParfocalModel.open(arguments.length > 2 ? arguments[2] : null, "device=auto");
                ParfocalTask task = new ParfocalTask()) {
            task.onProgress(
                    (done, total, planes) -> System.err.printf("\r%3d %%, %d planes ", 100 * done / total, planes));
            cancelWithEnter(task);
            if (arguments.length > 1) {
                file(model, task, Paths.get(arguments[0]), Paths.get(arguments[1]));
            } else {
                beads(model, task);
            }
        } catch (ParfocalException e) {
            // The message is made to be read: it says what, which value, what was expected and what to do.
            System.err.println(e.status() == Status.CANCELLED ? "Stopped; nothing was written." : e.getMessage());
            System.exit(1);
        }
    }

    /** Any thread may cancel: here one that waits for the Enter key. */
    private static void cancelWithEnter(ParfocalTask task) {
        Thread keys = new Thread(() -> {
            try {
                if (System.in.read() >= 0) {
                    task.cancel();
                }
            } catch (java.io.IOException | ParfocalException e) {
                // No keyboard, or the run is over.
            }
        });
        keys.setDaemon(true);
        keys.start();
    }

    private static void file(ParfocalModel model, ParfocalTask task, Path input, Path output) {
        model.restoreFile(input, output, null, task);
        System.out.println("restored " + task.planesDone() + " planes to " + output + " (" + size(output) + " bytes)");
    }

    private static long size(Path file) {
        try {
            return Files.size(file);
        } catch (java.io.IOException e) {
            return -1;
        }
    }

    /** Eight planes of blurred beads, 16 bits, each plane an array of its own as ImageJ has them. */
    private static void beads(ParfocalModel model, ParfocalTask task) {
        int width = 200;
        int height = 160;
        short[][] stack = new short[8][];
        short[][] restored = new short[8][width * height];
        Random random = new Random(7);
        for (int plane = 0; plane < stack.length; plane++) {
            stack[plane] = draw(width, height, 2 + plane / 2.0, random);
        }
        model.restorePlanes(stack, restored, Layout.of(width, height), null, task);
        double[] before = Parfocal.focusScore(
                PixelType.U16, stack, Layout.of(width, height).planes(stack.length));
        double[] after = Parfocal.focusScore(
                PixelType.U16, restored, Layout.of(width, height).planes(stack.length));
        for (int plane = 0; plane < stack.length; plane++) {
            System.out.printf("plane %d: focus score %.4f, restored %.4f%n", plane + 1, before[plane], after[plane]);
        }
    }

    private static short[] draw(int width, int height, double blur, Random random) {
        double[] light = new double[width * height];
        for (int bead = 0; bead < 40; bead++) {
            double x0 = random.nextDouble() * width;
            double y0 = random.nextDouble() * height;
            for (int i = 0; i < light.length; i++) {
                double square = Math.pow(i % width - x0, 2) + Math.pow(i / width - y0, 2);
                light[i] += 20000 / (blur * blur) * Math.exp(-square / (2 * blur * blur));
            }
        }
        short[] pixels = new short[light.length];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (short) Math.min(65535, 200 + light[i] + 15 * random.nextGaussian());
        }
        return pixels;
    }
}
