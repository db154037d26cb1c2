package org.parfocal.fiji;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ij.IJ;
import ij.ImagePlus;
import ij.WindowManager;
import ij.gui.GenericDialog;
import ij.gui.OvalRoi;
import ij.gui.Overlay;
import ij.gui.Roi;
import ij.gui.YesNoCancelDialog;
import ij.io.FileSaver;
import ij.io.Opener;
import java.awt.Button;
import java.awt.Component;
import java.awt.Container;
import java.awt.Window;
import java.awt.event.ActionEvent;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The preview: what is seen is the restored plane, and what other commands get of the image meanwhile is the original.
 */
@Tag("window")
class PreviewWindowTest extends DialogWindow {
    @ParameterizedTest
    @CsvSource({"8,1,1,1", "16,1,4,1", "24,1,3,1", "32,1,1,3", "16,3,2,2", "8,2,1,1"})
    void thePreviewFollows(int bits, int channels, int slices, int frames) throws Exception {
        ImagePlus image = Images.hyperstack(bits, 190, 170, channels, slices, frames);
        Object[] before = Images.copies(image);
        open(image);
        preview(true);
        shown(image, before, image.getCurrentSlice());
        int planes = image.getStackSize();
        for (int plane = planes; plane >= 1 && planes > 1; plane -= Math.max(1, planes / 3)) {
            int n = plane;
            onEventThread(() -> image.setPosition(n));
            shown(image, before, n);
        }
        if (bits != 24) {
            onEventThread(() -> {
                image.setDisplayRange(image.getDisplayRangeMin(), image.getDisplayRangeMax() / 2);
                image.updateAndDraw();
            });
            shown(image, before, image.getCurrentSlice());
        }
        preview(false);
        original(image);
        preview(true);
        shown(image, before, image.getCurrentSlice());
        cancel();
        assertTrue(Images.equal(before, Images.pixels(image)), "after Cancel the image is as it was");
        onEventThread(() -> {});
        assertNull(image.getCanvas().getShowAllList());
        assertFalse(image.changes);
        assertEquals(1, WindowManager.getImageCount());
    }

    @Test
    void thePreviewOfAVirtualStack() throws Exception {
        Path file = folder.resolve("virtual.tif");
        ImagePlus memory = Images.hyperstack(16, 190, 170, 2, 3, 1);
        Object[] before = Images.copies(memory);
        assertTrue(new FileSaver(memory).saveAsTiffStack(file.toString()));
        ImagePlus image = IJ.openVirtual(file.toString());
        open(image);
        preview(true);
        shown(image, before, 1);
        onEventThread(() -> image.setPosition(2, 3, 1));
        shown(image, before, image.getStackIndex(2, 3, 1));
        preview(false);
        original(image);
        cancel();
    }

    @Test
    void thePreviewOfASelectionKeepsTheRest() throws Exception {
        ImagePlus image = Images.single(16, 190, 170);
        image.setRoi(new Roi(10, 10, 30, 20));
        Object[] before = Images.copies(image);
        open(image);
        int[] old = seen(image);
        choose(2, "crop to selection");
        preview(true);
        until("the preview shows", () -> dialog.previewShowing() && !Arrays.equals(old, seen(image)));
        int[] now = seen(image);
        for (int i = 0; i < now.length; i++) {
            assertTrue(image.getRoi().contains(i % 190, i / 190) || now[i] == old[i]);
        }
        onEventThread(() -> image.setRoi(new OvalRoi(50, 80, 30, 30)));
        until(
                "the preview has followed the selection",
                () -> seen(image)[17 * 190 + 17] == old[17 * 190 + 17]
                        && seen(image)[95 * 190 + 65] != old[95 * 190 + 65]);
        ok();
        assertTrue(Images.equal(before, Images.pixels(image)), "a new image: this one stays");
        assertEquals(30, WindowManager.getCurrentImage().getWidth());
    }

    private void previewed(ImagePlus image, Object[] before) {
        open(image);
        preview(true);
        shown(image, before, image.getCurrentSlice());
    }

    @Test
    void saveWritesTheOriginal() throws Exception {
        ImagePlus image = Images.stack(16, 190, 170, 2);
        Path file = folder.resolve("raw.tif");
        assertTrue(new FileSaver(image).saveAsTiffStack(file.toString()));
        ImagePlus opened = IJ.openImage(file.toString());
        Object[] before = Images.copies(opened);
        previewed(opened, before);
        opened.changes = true;
        IJ.run(opened, "Save", "");
        ImagePlus saved = new Opener().openImage(file.toString());
        assertTrue(Images.equal(before, Images.pixels(saved)));
        assertNull(saved.getOverlay(), "the preview is not in the file's drawings");
        assertFalse(opened.changes);
        shown(opened, before, 1);
        cancel();
    }

    @Test
    void drawingsOfTheManagerAreKept() throws Exception {
        ImagePlus image = Images.single(8, 190, 170);
        Object[] before = Images.copies(image);
        image.show();
        Overlay list = new Overlay(new Roi(3, 4, 5, 6));
        onEventThread(() -> image.getCanvas().setShowAllList(list));
        open(image);
        int[] old = seen(image);
        preview(true);
        until("the preview shows", () -> dialog.previewShowing() && !Arrays.equals(old, seen(image)));
        assertEquals(old[4 * 190 + 3], seen(image)[4 * 190 + 3], "they are drawn on top");
        assertEquals(1, FileSaver.getOverlay(image).length);
        onEventThread(() -> image.getCanvas().setShowAllList(null));
        shown(image, before, 1);
        onEventThread(() -> image.getCanvas().setShowAllList(list));
        until("it is back", dialog::previewShowing);
        cancel();
        onEventThread(() -> {});
        assertEquals(list, image.getCanvas().getShowAllList());
    }

    @Test
    void closeAndSaveWritesTheOriginal() throws Exception {
        ImagePlus image = Images.single(16, 190, 170);
        Path file = folder.resolve("raw.tif");
        assertTrue(new FileSaver(image).saveAsTiff(file.toString()));
        ImagePlus opened = IJ.openImage(file.toString());
        Object[] before = Images.copies(opened);
        previewed(opened, before);
        opened.changes = true;
        opened.setProperty("Info", "saved when it was closed");
        opened.getWindow().windowClosing(new java.awt.event.WindowEvent(opened.getWindow(), 201));
        until("ImageJ asks", () -> press(YesNoCancelDialog.class, "Save"));
        until("it asks whether to replace the file", () -> press(GenericDialog.class, "Replace"));
        command.join(PATIENCE_MS);
        assertFalse(command.isAlive(), "the dialog ends with its image");
        ImagePlus saved = new Opener().openImage(file.toString());
        assertEquals("saved when it was closed", saved.getInfoProperty());
        assertTrue(Images.equal(before, Images.pixels(saved)));
    }

    /** Presses a button of a window of a class; false if there is none. */
    private boolean press(Class<?> type, String label) {
        for (Window window : Window.getWindows()) {
            Button button =
                    type.isInstance(window) && window != dialog && window.isShowing() ? button(window, label) : null;
            if (button != null) {
                // A dialog that is closed before it waits for its end waits for ever.
                IJ.wait(500);
                onEventThread(() -> ((java.awt.event.ActionListener) window)
                        .actionPerformed(new ActionEvent(button, ActionEvent.ACTION_PERFORMED, label)));
                return true;
            }
        }
        return false;
    }

    private static Button button(Container in, String label) {
        for (Component each : in.getComponents()) {
            if (each instanceof Button && ((Button) each).getLabel().trim().equals(label)) {
                return (Button) each;
            }
            Button found = each instanceof Container ? button((Container) each, label) : null;
            if (found != null) {
                return found;
            }
        }
        return null;
    }

    @Test
    void aFilterWorksOnTheOriginalAndIsUndone() throws Exception {
        ImagePlus image = Images.single(16, 190, 170);
        Object[] before = Images.copies(image);
        ImagePlus same = Images.single(16, 190, 170);
        same.getProcessor().smooth();
        Object[] smooth = Images.copies(same);
        previewed(image, before);
        IJ.doCommand(image, "Smooth");
        until("it is smooth", () -> Images.equal(smooth, Images.pixels(image)));
        shown(image, smooth, 1);
        preview(false);
        original(image);
        onEventThread(ij.Undo::undo);
        assertTrue(Images.equal(before, Images.pixels(image)), "the filter is undone");
        preview(true);
        shown(image, before, 1);
        cancel();
        assertTrue(Images.equal(before, Images.pixels(image)));
    }

    @Test
    void copiesAndMeasurementsAreOfTheOriginal() throws Exception {
        ImagePlus image = Images.hyperstack(16, 190, 170, 2, 2, 1);
        Object[] before = Images.copies(image);
        double mean = image.getStatistics().mean;
        previewed(image, before);
        assertTrue(Images.equal(before, Images.pixels(image.duplicate())));
        assertEquals(mean, image.getStatistics().mean);
        int[] flat = (int[]) image.flatten().getProcessor().getPixels();
        assertFalse(Arrays.equals(flat, seen(image)), "nor does Flatten burn it in");
        image.updateImage();
        assertTrue(Arrays.equals(flat, picture(image, before[0])));
        cancel();
    }

    @Test
    void anImageThatChangesIsPreviewedAnew() throws Exception {
        ImagePlus image = Images.single(8, 190, 170);
        previewed(image, Images.copies(image));
        Object[] next = {Images.plane(8, 190, 170, 77).getPixels()};
        onEventThread(() -> {
            System.arraycopy(next[0], 0, image.getProcessor().getPixels(), 0, 190 * 170);
            image.updateAndDraw();
        });
        shown(image, next, 1);
        cancel();
        assertTrue(Images.equal(next, Images.pixels(image)));
    }

    /** By the model that is built in, without a window. */
    private static ImagePlus restored(ImagePlus image) {
        try (Progress progress = new Progress("", () -> null, false)) {
            return new Restorer(image, Settings.parse("device=cpu options=threads=1")).run(progress);
        }
    }

    @Test
    void cancelStopsAPreviewThatRuns() throws Exception {
        ImagePlus image = Images.single(16, 1500, 1500);
        Object[] before = Images.copies(image);
        // What the plane takes here and now: what stops at once does not take long against it.
        restored(Images.single(16, 32, 32));
        long start = System.nanoTime();
        restored(image);
        long planeMs = (System.nanoTime() - start) / 1_000_000;
        open(image);
        model("accurate");
        preview(true);
        until("it runs", () -> dialog.noteText().equals("Preview: restoring this plane..."));
        IJ.wait((int) Math.min(300, planeMs / 3));
        assertFalse(dialog.previewShowing(), "it was over before Cancel was pressed");
        long pressed = System.nanoTime();
        cancel();
        long ms = (System.nanoTime() - pressed) / 1_000_000;
        assertTrue(ms < planeMs / 2, "it took " + ms + " ms to stop, and the plane takes " + planeMs + " ms");
        assertTrue(Images.equal(before, Images.pixels(image)));
    }
}
