package org.parfocal.fiji;

import ij.ImagePlus;
import ij.gui.ImageCanvas;
import ij.gui.Roi;
import ij.process.ImageProcessor;
import java.awt.EventQueue;
import java.util.function.Consumer;

/**
 * Shows the restored current plane in the image's window while the dialog is open. The image itself is not changed: the
 * restored plane is drawn over it.
 *
 * <p>One thread does all the work. It starts again once the settings, the plane, its pixels or the selection have
 * changed and then stayed the same for a moment. A run that is no longer wanted stops within a node of the network.
 */
final class Preview implements AutoCloseable {
    private static final int LOOK_MS = 50;
    private static final int STILL_MS = 250;
    /** Pixels are compared only at every fifth look, because that takes time. */
    private static final int LOOKS_AT_PIXELS = 5;

    private static final String OFF = "off";

    private final ImagePlus image;
    private final Consumer<String> tell;
    private final Thread thread;
    private volatile Settings wanted;
    private volatile boolean closed;
    /** The overlay in the window; null if none. Only the thread writes it. */
    private volatile PreviewOverlay overlay;
    /** The plane shown, its restored and its original pixels. Only the thread uses them. */
    private int plane;

    private Object restored;
    private Object original;

    /** @param tell receives the state in a line, "" when the preview is shown or off; called on the preview's thread */
    Preview(ImagePlus image, Consumer<String> tell) {
        this.image = image;
        this.tell = tell;
        thread = new Thread(this::work, "Parfocal preview");
        thread.setDaemon(true);
        thread.start();
    }

    /** Sets what to show from now on; null for the image as it is. */
    void want(Settings settings) {
        Settings copy = settings == null ? null : settings.copy();
        if (copy != null) {
            // The destination of the result makes no difference to the preview.
            copy.output = Settings.Output.IMAGE;
            copy.file = "";
        }
        wanted = copy;
    }

    /** Whether a restored plane is drawn in the image's window. */
    boolean showing() {
        PreviewOverlay shown = overlay;
        return shown != null && shown.isShown();
    }

    /** Ends the preview and its thread. */
    @Override
    public void close() {
        closed = true;
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException later) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void work() {
        String done = OFF;
        int looks = 0;
        while (!closed) {
            Settings settings = wanted;
            String key = key(settings);
            if (!key.equals(done) || ++looks % LOOKS_AT_PIXELS == 0 && isOutdated()) {
                hide();
                done = OFF;
                if (settings == null) {
                    tell.accept("");
                } else if (isStill(key)) {
                    done = attempt(settings, key) ? key : OFF;
                }
            } else {
                keep();
                sleep(LOOK_MS);
            }
        }
        hide();
    }

    /** Returns false if something changed meanwhile, so that the preview must start again. */
    private boolean attempt(Settings settings, String key) {
        try {
            if (image.isLocked()) {
                // A command is working on the image.
                return false;
            }
            plane = image.getCurrentSlice();
            original = Pixels.copy(image.getProcessor().getPixels());
            if (image.getCurrentSlice() != plane) {
                return false;
            }
            if (image.getCanvas() == null) {
                tell.accept("Preview: this image has no window to show it in.");
                return true;
            }
            tell.accept("Preview: restoring this plane...");
            Object result;
            try (Progress progress = new Progress("", () -> isWanted(key) ? null : new Stopped("", true), false)) {
                result = new Restorer(image, settings).preview(plane, original, progress);
            }
            if (result == null) {
                tell.accept("Preview: this plane is not among the chosen ones.");
            } else if (isWanted(key)) {
                restored = result;
                keep();
                tell.accept(
                        Settings.normalizesStack(settings.runOptions())
                                ? "Preview: normalize=stack looks at this plane alone here; the result may be "
                                        + "brighter or darker."
                                : "");
            }
            return true;
        } catch (Stopped changed) {
            return false;
        } catch (RuntimeException | OutOfMemoryError | LinkageError failed) {
            tell.accept(isWanted(key) ? Messages.explain(failed) : "");
            return true;
        }
    }

    /** Draws the restored plane, also again if the image has a new window. */
    private void keep() {
        ImageCanvas canvas = image.getCanvas();
        if (restored == null || canvas == null || overlay != null && !overlay.isLost()) {
            return;
        }
        PreviewOverlay next = new PreviewOverlay(image, canvas, plane, restored);
        onEventThread(next::add);
        overlay = next;
    }

    private void hide() {
        PreviewOverlay shown = overlay;
        overlay = null;
        restored = null;
        original = null;
        if (shown != null) {
            onEventThread(shown::remove);
        }
    }

    /** Whether another command has changed the pixels since they were restored. */
    private boolean isOutdated() {
        if (image.isLocked()) {
            return false;
        }
        ImageProcessor processor = image.getProcessor();
        Object pixels = processor == null ? null : processor.getPixels();
        return restored != null
                && (pixels == null || pixels.getClass() != original.getClass() || !Pixels.equal(pixels, original));
    }

    /** Does not wait, because the event thread may be waiting for this thread to end. */
    private static void onEventThread(Runnable act) {
        EventQueue.invokeLater(act);
    }

    private boolean isWanted(String key) {
        return !closed && key.equals(key(wanted));
    }

    private boolean isStill(String key) {
        for (int waited = 0; waited < STILL_MS; waited += LOOK_MS) {
            sleep(LOOK_MS);
            if (!isWanted(key)) {
                return false;
            }
        }
        return true;
    }

    /** All settings that the preview depends on, as text. */
    private String key(Settings settings) {
        if (settings == null) {
            return OFF;
        }
        StringBuilder key = new StringBuilder();
        for (String[] option : settings.macroOptions()) {
            key.append(option[0]).append('=').append(option[1]).append('\n');
        }
        key.append(image.getCurrentSlice());
        Roi roi = settings.region == Settings.Part.WHOLE ? null : image.getRoi();
        return roi == null
                ? key.toString()
                : key.append(roi).append(roi.getLength()).toString();
    }

    private static void sleep(int ms) {
        try {
            Thread.sleep(ms);
        } catch (InterruptedException ignored) {
            // close() ends the loop.
        }
    }
}
