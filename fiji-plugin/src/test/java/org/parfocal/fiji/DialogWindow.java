package org.parfocal.fiji;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ij.IJ;
import ij.ImageJ;
import ij.ImagePlus;
import ij.WindowManager;
import ij.gui.GenericDialog;
import ij.gui.ImageCanvas;
import ij.gui.ImageWindow;
import ij.plugin.Duplicator;
import ij.plugin.frame.Recorder;
import java.awt.Checkbox;
import java.awt.Choice;
import java.awt.EventQueue;
import java.awt.Graphics;
import java.awt.Rectangle;
import java.awt.TextField;
import java.awt.event.ActionEvent;
import java.awt.event.ItemEvent;
import java.awt.image.BufferedImage;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** Works the dialog of Restore Focus in a running ImageJ, and looks at what is seen of the image. Needs a display. */
abstract class DialogWindow {
    static final long PATIENCE_MS = 60_000;

    Thread command;
    RestoreDialog dialog;

    @TempDir
    Path folder;

    @BeforeAll
    static void imageJ() {
        if (IJ.getInstance() == null) {
            new ImageJ(ImageJ.EMBEDDED);
        }
    }

    @BeforeEach
    @AfterEach
    void nothingIsOpen() throws Exception {
        if (command != null) {
            command.join(PATIENCE_MS);
            assertFalse(command.isAlive(), "the command has not returned");
        }
        for (int id : WindowManager.getIDList() == null ? new int[0] : WindowManager.getIDList()) {
            ImagePlus image = WindowManager.getImage(id);
            image.changes = false;
            EventQueue.invokeAndWait(image::close);
        }
        IJ.resetEscape();
    }

    static void until(String what, BooleanSupplier condition) {
        until(what, condition, () -> "");
    }

    static void until(String what, BooleanSupplier condition, Supplier<String> instead) {
        long end = System.currentTimeMillis() + PATIENCE_MS;
        while (!condition.getAsBoolean()) {
            assertTrue(System.currentTimeMillis() < end, () -> "waited in vain until " + what + "; " + instead.get());
            IJ.wait(10);
        }
    }

    /** Starts the command as ImageJ does from its menu, and waits for its dialog. */
    void open(ImagePlus image) {
        // ImageJ puts each window lower than the one before, and cuts those that reach below the screen.
        ImageWindow.setNextLocation(50, 200);
        image.show();
        start();
        until(
                "the dialog is there",
                () -> GenericDialog.getInstance() instanceof RestoreDialog
                        && GenericDialog.getInstance().isVisible());
        dialog = (RestoreDialog) GenericDialog.getInstance();
        model(ModelChoice.FILE);
        text(0, Images.TINY);
        choose(0, "cpu");
        // The dialog remembers what the test before has chosen.
        choose(1, "all");
        choose(2, "whole image");
        choose(3, "new image");
        text(last(), "threads=1");
    }

    void start() {
        command = new Thread(
                () -> {
                    if (Recorder.record) {
                        Recorder.setCommand("Restore Focus...");
                    }
                    new RestoreFocus().run("");
                    if (Recorder.record) {
                        Recorder.saveCommand();
                    }
                },
                "Restore Focus...");
        command.start();
    }

    int last() {
        return dialog.getStringFields().size() - 1;
    }

    static void onEventThread(Runnable act) {
        try {
            EventQueue.invokeAndWait(act);
        } catch (Exception failed) {
            throw new AssertionError(failed);
        }
    }

    void text(int field, String text) {
        onEventThread(() -> ((TextField) dialog.getStringFields().get(field)).setText(text));
        // AWT tells of a changed text later.
        onEventThread(() -> dialog.dialogItemChanged(dialog, null));
    }

    /** Chooses a model by its name, or {@link ModelChoice#FILE}. */
    void model(String item) {
        choose(-1, item);
    }

    /** The choices behind that of the model, from 0. */
    void choose(int choice, String item) {
        onEventThread(() -> {
            Choice box = (Choice) dialog.getChoices().get(choice + 1);
            box.select(item);
            assertEquals(item, box.getSelectedItem());
            dialog.itemStateChanged(new ItemEvent(box, ItemEvent.ITEM_STATE_CHANGED, item, ItemEvent.SELECTED));
        });
    }

    void preview(boolean on) {
        onEventThread(() -> {
            Checkbox box = (Checkbox) dialog.getCheckboxes().get(0);
            box.setState(on);
            dialog.itemStateChanged(new ItemEvent(box, ItemEvent.ITEM_STATE_CHANGED, box, ItemEvent.SELECTED));
        });
    }

    void press(int button) throws InterruptedException {
        onEventThread(() ->
                dialog.actionPerformed(new ActionEvent(dialog.getButtons()[button], ActionEvent.ACTION_PERFORMED, "")));
        command.join(PATIENCE_MS);
        assertFalse(command.isAlive());
    }

    void ok() throws InterruptedException {
        assertTrue(dialog.getButtons()[0].isEnabled(), dialog.noteText());
        press(0);
    }

    void cancel() throws InterruptedException {
        press(1);
    }

    /** What the image's window shows, as its canvas draws it. */
    static int[] seen(ImagePlus image) {
        ImageCanvas canvas = image.getCanvas();
        if (canvas.getWidth() != image.getWidth() || canvas.getHeight() != image.getHeight()) {
            // A window manager that is there may have cut the window by its title.
            onEventThread(() -> {
                canvas.setSize(image.getWidth(), image.getHeight());
                canvas.setSourceRect(new Rectangle(image.getWidth(), image.getHeight()));
                image.getWindow().pack();
            });
        }
        BufferedImage picture = new BufferedImage(canvas.getWidth(), canvas.getHeight(), BufferedImage.TYPE_INT_RGB);
        onEventThread(() -> {
            Graphics graphics = picture.getGraphics();
            canvas.paint(graphics);
            graphics.dispose();
        });
        return rgb(picture);
    }

    /** What its window would show with these pixels in its current plane. ImageJ draws it, of a copy. */
    static int[] picture(ImagePlus image, Object pixels) {
        ImagePlus copy = new Duplicator().run(image);
        copy.setPosition(image.getC(), image.getZ(), image.getT());
        // A copy of a plain image keeps no range of its own.
        copy.setDisplayRange(image.getDisplayRangeMin(), image.getDisplayRangeMax());
        Object target = copy.getStackSize() == 1
                ? copy.getProcessor().getPixels()
                : copy.getStack().getPixels(copy.getCurrentSlice());
        System.arraycopy(pixels, 0, target, 0, Pixels.length(target));
        copy.updateImage();
        return rgb((BufferedImage) copy.getImage());
    }

    private static String different(int[] expected, int[] seen) {
        int count = 0;
        int first = -1;
        for (int i = 0; i < Math.min(expected.length, seen.length); i++) {
            if (expected[i] != seen[i]) {
                first = count++ == 0 ? i : first;
            }
        }
        return count + " of " + seen.length + " pixels differ from " + expected.length
                + (count == 0
                        ? ""
                        : ": at " + first + " " + Integer.toHexString(seen[first]) + " for "
                                + Integer.toHexString(expected[first]));
    }

    private static int[] rgb(BufferedImage picture) {
        int[] rgb = picture.getRGB(0, 0, picture.getWidth(), picture.getHeight(), null, 0, picture.getWidth());
        for (int i = 0; i < rgb.length; i++) {
            rgb[i] |= 0xff000000;
        }
        return rgb;
    }

    /** Waits until the restored plane is seen, and nothing else of the image has changed. */
    void shown(ImagePlus image, Object[] before, int plane) {
        int[] expected = picture(image, RestoreTest.library(before[plane - 1], image.getWidth(), image.getHeight()));
        until(
                "plane " + plane + " shows the preview",
                () -> dialog.previewShowing() && Arrays.equals(expected, seen(image)),
                () -> dialog.noteText() + ", showing " + dialog.previewShowing() + ", "
                        + different(expected, seen(image)));
        assertTrue(Images.equal(before, Images.pixels(image)), "the pixels are the original's");
    }

    /** Waits until the image is seen as it is. */
    void original(ImagePlus image) {
        until("the preview is gone", () -> !dialog.previewShowing());
        until(
                "it is drawn anew",
                () -> Arrays.equals(picture(image, image.getProcessor().getPixels()), seen(image)));
    }
}
