package org.parfocal.fiji;

import java.util.function.Consumer;

import ij.CompositeImage;
import ij.ImagePlus;
import ij.gui.Roi;

/**
 * Shows the restored current plane in the image itself for as long as the dialog wants it, and puts the original pixels back
 * exactly.
 *
 * <p>One thread does all of it. It begins anew when the settings, the plane or the selection change, once they have been still
 * for a moment, and stops a run that is no longer wanted within a node of the network.
 */
final class Preview implements AutoCloseable {
    private static final int LOOK_MS = 50;
    private static final int STILL_MS = 250;
    private static final String OFF = "off";

    private final ImagePlus image;
    private final Consumer<String> tell;
    private final Thread thread;
    private volatile Settings wanted;
    private volatile boolean closed;
    private volatile boolean showing;
    /** Arrays of the image that show the preview, and what they held. Of the thread alone. */
    private Object[] targets = new Object[0];
    private Object[] originals = new Object[0];

    /**
     * @param tell gets a line on how it stands: "" when the preview is there or off; called by a thread of its own
     */
    Preview(ImagePlus image, Consumer<String> tell) {
        this.image = image;
        this.tell = tell;
        thread = new Thread(this::work, "Parfocal preview");
        thread.setDaemon(true);
        thread.start();
    }

    /** What to show from now on; null for the original. */
    void want(Settings settings) {
        Settings copy = settings == null ? null : settings.copy();
        if (copy != null) {
            // Where the result will go makes no difference here.
            copy.output = Settings.Output.IMAGE;
            copy.file = "";
        }
        wanted = copy;
    }

    /** True while the image shows a restored plane. */
    boolean showing() {
        return showing;
    }

    /** Ends the preview; the image is as it was when this returns. */
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
        while (!closed) {
            Settings settings = wanted;
            String key = key(settings);
            if (!key.equals(done)) {
                putBack();
                done = OFF;
                if (settings == null) {
                    tell.accept("");
                } else if (isStill(key)) {
                    done = attempt(settings, key) ? key : OFF;
                }
            } else {
                sleep(LOOK_MS);
            }
        }
        putBack();
    }

    /** True if a preview is shown, or cannot be; false if something changed meanwhile. */
    private boolean attempt(Settings settings, String key) {
        try {
            int plane = image.getCurrentSlice();
            Object pixels = image.getProcessor().getPixels();
            if (image.getCurrentSlice() != plane) {
                return false;
            }
            tell.accept("Preview: restoring this plane...");
            Object original = Pixels.copy(pixels);
            Object restored;
            try (Progress progress = new Progress("", () -> isWanted(key) ? null : new Stopped("", true), false)) {
                restored = new Restorer(image, settings).preview(plane, original, progress);
            }
            if (restored == null) {
                tell.accept("Preview: this plane is not among the chosen ones.");
            } else if (isWanted(key)) {
                show(pixels, original, restored);
                tell.accept(settings.runOptions().contains("normalize=stack")
                        ? "Preview: normalize=stack looks at this plane alone here; the result may be brighter or darker." : "");
            }
            return true;
        } catch (Stopped changed) {
            return false;
        } catch (RuntimeException | OutOfMemoryError | LinkageError failed) {
            tell.accept(isWanted(key) ? Messages.explain(failed) : "");
            return true;
        }
    }

    private void show(Object pixels, Object original, Object restored) {
        Object composite = image instanceof CompositeImage ? ((CompositeImage) image).getChannelProcessor().getPixels() : pixels;
        // In memory the composite shows the same array; a virtual stack's has one of its own.
        boolean other = composite != null && composite != pixels && composite.getClass() == pixels.getClass()
                && Pixels.equal(composite, original);
        targets = other ? new Object[] {pixels, composite} : new Object[] {pixels};
        originals = other ? new Object[] {original, original} : new Object[] {original};
        for (Object target : targets) {
            System.arraycopy(restored, 0, target, 0, Pixels.length(target));
        }
        showing = true;
        image.updateAndDraw();
    }

    private void putBack() {
        if (targets.length == 0) {
            return;
        }
        for (int i = 0; i < targets.length; i++) {
            System.arraycopy(originals[i], 0, targets[i], 0, Pixels.length(targets[i]));
        }
        targets = new Object[0];
        originals = new Object[0];
        showing = false;
        if (image.getProcessor() != null) {
            image.updateAndDraw();
        }
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

    /** What the preview depends on. */
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
        return roi == null ? key.toString() : key.append(roi).append(roi.getLength()).toString();
    }

    private static void sleep(int ms) {
        try {
            Thread.sleep(ms);
        } catch (InterruptedException ignored) {
            // close() ends the loop.
        }
    }
}
