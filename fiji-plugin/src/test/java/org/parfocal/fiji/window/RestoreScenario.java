package org.parfocal.fiji.window;

import ij.IJ;
import ij.ImagePlus;
import ij.WindowManager;
import ij.gui.ImageWindow;
import ij.plugin.frame.Recorder;
import ij.process.FloatProcessor;
import ij.process.ImageProcessor;
import java.awt.Window;
import java.io.File;
import java.util.Arrays;

/** A user restores an out-of-focus plane: dialog, preview, OK; and plays again what the recorder wrote. */
final class RestoreScenario {
    /** So far from the focus as a stage may drift: 3.2 micrometres, a disc of 10 pixels. */
    private static final int BLURRED = 2;

    private RestoreScenario() {}

    static String play(Screen screen, File folder) throws Exception {
        Recorder recorder = Driver.record(screen);
        ImagePlus stack = Specimen.stack();
        stack.show();
        stack.setSlice(BLURRED);
        screen.place(stack.getWindow(), 10, 10);
        short[] original = pixels(stack).clone();

        Driver.menu("Restore Focus...");
        Window dialog = screen.window("Restore Focus");
        screen.place(dialog, 18 + stack.getWindow().getWidth(), 10);
        screen.choose(dialog, "current");
        screen.tick(dialog, "Preview", true);
        screen.await("the preview", () -> stack.getCanvas().getShowAllList() != null);
        screen.settle();
        screen.picture(new File(folder, "restore-preview.png"), stack.getWindow(), dialog);
        screen.press(dialog, "OK");
        ImageWindow restored = (ImageWindow) screen.window("cells-restored");
        String recorded = Scenarios.lastLine(recorder);
        boolean kept = Arrays.equals(original, pixels(stack));
        ImagePlus result = restored.getImagePlus();
        screen.place(restored, 18 + stack.getWindow().getWidth(), 10);
        screen.picture(new File(folder, "restore-before-after.png"), stack.getWindow(), restored);
        short[] first = pixels(result).clone();
        String told = "gain: " + gain(original, first) + "\ncalibration: "
                + result.getCalibration().equals(stack.getCalibration());

        result.changes = false;
        result.close();
        IJ.selectWindow(stack.getID());
        IJ.runMacro(recorded);
        ImagePlus again = WindowManager.getCurrentImage();
        return "recorded: " + recorded + "\nkept: " + kept + "\ntitle: " + again.getTitle() + "\nsame: "
                + Arrays.equals(first, pixels(again)) + "\n" + told + "\njar: "
                + Driver.loader("org.parfocal.fiji.RestoreFocus")
                + "\nlibrary jar: " + Driver.loader("org.parfocal.Parfocal");
    }

    private static short[] pixels(ImagePlus image) {
        return (short[]) image.getStack().getPixels(image.getCurrentSlice());
    }

    /** How much nearer to the specimen in focus the restored plane is, in dB of peak signal-to-noise ratio. */
    private static double gain(short[] blurred, short[] restored) {
        FloatProcessor truth = Specimen.inFocus();
        return 10 * Math.log10(error(blurred, truth) / error(restored, truth));
    }

    private static double error(short[] pixels, ImageProcessor truth) {
        double sum = 0;
        for (int i = 0; i < pixels.length; i++) {
            double difference = (pixels[i] & 0xffff) - truth.getf(i);
            sum += difference * difference;
        }
        return sum / pixels.length;
    }
}
