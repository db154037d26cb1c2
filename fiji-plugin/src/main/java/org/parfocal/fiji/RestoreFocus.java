package org.parfocal.fiji;

import ij.IJ;
import ij.ImagePlus;
import ij.Macro;
import ij.WindowManager;
import ij.macro.Interpreter;
import ij.plugin.PlugIn;
import ij.plugin.frame.Recorder;
import java.awt.EventQueue;
import java.awt.GraphicsEnvironment;
import java.util.HashSet;
import java.util.Set;

/**
 * The command {@code Plugins > Parfocal > Restore Focus...}: a dialog on the screen, options in a macro. It returns
 * when the result is there.
 *
 * <p>A plain PlugIn: ImageJ's filter runner swallows exceptions, runs headless with defaults on one slice, and hides
 * the preview of composite images.
 */
public final class RestoreFocus implements PlugIn {
    private static final String COMMAND = "Restore Focus...";

    /** The images that this command is working on. Guarded by itself. */
    private static final Set<Integer> BUSY = new HashSet<>();

    @Override
    public void run(String argument) {
        ImagePlus image = WindowManager.getCurrentImage();
        if (EventQueue.isDispatchThread() && Macro.getOptions() == null) {
            // The dialog waits for the user, and the event thread must not: ImageJ's own menu commands run on a thread,
            // too.
            Thread thread = new Thread(() -> command(image), COMMAND);
            if (image != null) {
                WindowManager.setTempCurrentImage(thread, image);
            }
            thread.start();
            return;
        }
        command(image);
    }

    private static void command(ImagePlus image) {
        Messages.command("Restore Focus", () -> alone(image, () -> run(image)));
    }

    /** Does work on an image that nobody else is at work on. */
    private static void alone(ImagePlus image, Runnable work) {
        if (image == null) {
            throw new Problem("No image is open. Open the image to restore, or click into its window, and repeat.");
        }
        synchronized (BUSY) {
            if (!BUSY.add(image.getID())) {
                throw new Problem("Restore Focus is already at work on \"" + image.getTitle()
                        + "\". Finish or cancel it " + "there first.");
            }
        }
        try {
            work.run();
        } finally {
            synchronized (BUSY) {
                BUSY.remove(image.getID());
            }
        }
    }

    private static void run(ImagePlus image) {
        String options = Macro.getOptions();
        boolean batch = GraphicsEnvironment.isHeadless() || IJ.getInstance() == null && IJ.isMacro();
        boolean interactive = options == null && !batch;
        Settings settings;
        if (interactive) {
            Pixels.type(image);
            settings = RestoreDialog.ask(image);
            if (settings == null) {
                return;
            }
            IJ.resetEscape();
        } else {
            settings = options == null ? new Settings() : Settings.parse(options);
        }
        record(settings);
        ImagePlus result = restore(image, settings, interactive);
        if (result != null) {
            show(result);
        }
    }

    /** Restores an image without a dialog, for callers other than ImageJ's menu. Returns null for a file. */
    static ImagePlus restored(ImagePlus image, Settings settings) {
        ImagePlus[] result = new ImagePlus[1];
        alone(image, () -> result[0] = restore(image, settings, false));
        return result[0];
    }

    private static ImagePlus restore(ImagePlus image, Settings settings, boolean open) {
        try (LockedImage held = new LockedImage(image, "restored");
                Progress progress = Progress.command("Restore Focus", held::gone)) {
            Restorer restorer = new Restorer(image, settings);
            ImagePlus result = restorer.run(progress);
            progress.done();
            String remarks = restorer.file() == null ? "" : Metadata.remarks(restorer.report());
            if (!remarks.isEmpty()) {
                IJ.log("Parfocal: " + restorer.file() + "\n" + remarks.trim());
            }
            if (open && restorer.file() != null) {
                String path = restorer.file().getPath();
                result = restorer.planes() > 1 ? IJ.openVirtual(path) : IJ.openImage(path);
            }
            return result;
        }
    }

    private static void show(ImagePlus result) {
        if (GraphicsEnvironment.isHeadless() && !Interpreter.isBatchMode()) {
            // Without a screen the caller finds the result as the current image.
            WindowManager.setTempCurrentImage(result);
        } else {
            result.show();
        }
    }

    /** Records the macro line that repeats this. */
    private static void record(Settings settings) {
        if (!Recorder.record) {
            return;
        }
        if (!COMMAND.equals(Recorder.getCommand())) {
            // Another command has run while the dialog was open.
            Recorder.setCommand(COMMAND);
        }
        Recorder.resetCommandOptions();
        for (String[] option : settings.macroOptions()) {
            String value = Recorder.fixString(IJ.isWindows() ? option[1].replace('\\', '/') : option[1]);
            boolean bare = value.indexOf(' ') >= 0 || !(value.startsWith("[") || value.startsWith("'"));
            Recorder.recordOption(option[0], bare ? value : "[" + value + "]");
        }
    }
}
