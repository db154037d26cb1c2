package org.parfocal.fiji;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.Checkbox;
import java.awt.Choice;
import java.awt.EventQueue;
import java.awt.TextField;
import java.awt.event.ActionEvent;
import java.awt.event.ItemEvent;
import java.awt.event.KeyEvent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.BooleanSupplier;

import ij.IJ;
import ij.ImageJ;
import ij.ImagePlus;
import ij.WindowManager;
import ij.gui.GenericDialog;
import ij.gui.OvalRoi;
import ij.gui.Roi;
import ij.io.FileSaver;
import ij.plugin.frame.Recorder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The dialog in a running ImageJ: preview, wrong values, recorder, Esc, undo, the end of the image. Needs a display. */
@Tag("window")
class RestoreDialogWindowTest {
    private static final long PATIENCE_MS = 60_000;

    private Thread command;
    private RestoreDialog dialog;

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

    private static void until(String what, BooleanSupplier condition) {
        long end = System.currentTimeMillis() + PATIENCE_MS;
        while (!condition.getAsBoolean()) {
            assertTrue(System.currentTimeMillis() < end, () -> "waited in vain until " + what);
            IJ.wait(10);
        }
    }

    /** Starts the command as ImageJ does from its menu, and waits for its dialog. */
    private void open(ImagePlus image) {
        image.show();
        start();
        until("the dialog is there", () -> GenericDialog.getInstance() instanceof RestoreDialog
                && GenericDialog.getInstance().isVisible());
        dialog = (RestoreDialog) GenericDialog.getInstance();
        text(0, Images.TINY);
        choose(0, "cpu");
        // The dialog remembers what the test before has chosen.
        choose(1, "all");
        choose(2, "whole image");
        choose(3, "new image");
        text(last(), "threads=1");
    }

    private void start() {
        command = new Thread(() -> {
            if (Recorder.record) {
                Recorder.setCommand("Restore Focus...");
            }
            new RestoreFocus().run("");
            if (Recorder.record) {
                Recorder.saveCommand();
            }
        }, "Restore Focus...");
        command.start();
    }

    private int last() {
        return dialog.getStringFields().size() - 1;
    }

    private static void onEventThread(Runnable act) {
        try {
            EventQueue.invokeAndWait(act);
        } catch (Exception failed) {
            throw new AssertionError(failed);
        }
    }

    private void text(int field, String text) {
        onEventThread(() -> ((TextField) dialog.getStringFields().get(field)).setText(text));
        // AWT tells of a changed text later.
        onEventThread(() -> dialog.dialogItemChanged(dialog, null));
    }

    private void choose(int choice, String item) {
        onEventThread(() -> {
            Choice box = (Choice) dialog.getChoices().get(choice);
            box.select(item);
            assertEquals(item, box.getSelectedItem());
            dialog.itemStateChanged(new ItemEvent(box, ItemEvent.ITEM_STATE_CHANGED, item, ItemEvent.SELECTED));
        });
    }

    private void preview(boolean on) {
        onEventThread(() -> {
            Checkbox box = (Checkbox) dialog.getCheckboxes().get(0);
            box.setState(on);
            dialog.itemStateChanged(new ItemEvent(box, ItemEvent.ITEM_STATE_CHANGED, box, ItemEvent.SELECTED));
        });
    }

    private void press(int button) throws InterruptedException {
        onEventThread(() -> dialog.actionPerformed(new ActionEvent(dialog.getButtons()[button], ActionEvent.ACTION_PERFORMED, "")));
        command.join(PATIENCE_MS);
        assertFalse(command.isAlive());
    }

    private void ok() throws InterruptedException {
        assertTrue(dialog.getButtons()[0].isEnabled(), dialog.noteText());
        press(0);
    }

    private void cancel() throws InterruptedException {
        press(1);
    }

    private void shown(ImagePlus image, Object[] before, int plane) {
        Object expected = RestoreTest.library(before[plane - 1], image.getWidth(), image.getHeight());
        until("plane " + plane + " shows the preview: " + dialog.noteText(),
                () -> dialog.previewShowing() && Pixels.equal(expected, image.getProcessor().getPixels()));
    }

    @ParameterizedTest
    @CsvSource({"8,1,1,1", "16,1,4,1", "24,1,3,1", "32,1,1,3", "16,3,2,2", "8,2,1,1"})
    void thePreviewFollowsAndPutsTheOriginalBack(int bits, int channels, int slices, int frames) throws Exception {
        ImagePlus image = Images.hyperstack(bits, 90, 70, channels, slices, frames);
        Object[] before = Images.copies(image);
        open(image);
        preview(true);
        shown(image, before, image.getCurrentSlice());
        int planes = image.getStackSize();
        for (int plane = planes; plane >= 1 && planes > 1; plane -= Math.max(1, planes / 3)) {
            int n = plane;
            onEventThread(() -> image.setPosition(n));
            shown(image, before, n);
            for (int other = 1; other <= planes; other++) {
                assertTrue(other == n || Pixels.equal(before[other - 1], Images.pixels(image)[other - 1]), "plane " + other);
            }
        }
        preview(false);
        until("the original is back", () -> !dialog.previewShowing());
        assertTrue(Images.equal(before, Images.pixels(image)));
        preview(true);
        shown(image, before, image.getCurrentSlice());
        cancel();
        assertTrue(Images.equal(before, Images.pixels(image)), "after Cancel the image is as it was");
        assertFalse(image.changes);
        assertEquals(1, WindowManager.getImageCount());
    }

    @Test
    void thePreviewOfACompositeIsSeen() throws Exception {
        ImagePlus image = Images.hyperstack(16, 64, 48, 2, 2, 1);
        image.show();
        onEventThread(() -> image.setPosition(2, 1, 1));
        int[] before = rgb(image);
        open(image);
        preview(true);
        until("the preview shows", dialog::previewShowing);
        until("the composite is drawn anew", () -> !java.util.Arrays.equals(before, rgb(image)));
        preview(false);
        until("the composite is as it was", () -> java.util.Arrays.equals(before, rgb(image)));
        cancel();
    }

    private static int[] rgb(ImagePlus image) {
        return image.getBufferedImage().getRGB(0, 0, image.getWidth(), image.getHeight(), null, 0, image.getWidth());
    }

    @Test
    void thePreviewOfAVirtualStack() throws Exception {
        Path file = folder.resolve("virtual.tif");
        ImagePlus memory = Images.hyperstack(16, 90, 70, 2, 3, 1);
        Object[] before = Images.copies(memory);
        assertTrue(new FileSaver(memory).saveAsTiffStack(file.toString()));
        ImagePlus image = IJ.openVirtual(file.toString());
        open(image);
        preview(true);
        shown(image, before, 1);
        onEventThread(() -> image.setPosition(2, 3, 1));
        shown(image, before, image.getStackIndex(2, 3, 1));
        preview(false);
        until("the original is back", () -> !dialog.previewShowing());
        assertTrue(Pixels.equal(before[image.getCurrentSlice() - 1], image.getProcessor().getPixels()));
        cancel();
    }

    @Test
    void thePreviewOfASelectionKeepsTheRest() throws Exception {
        ImagePlus image = Images.single(16, 90, 70);
        image.setRoi(new Roi(10, 10, 30, 20));
        Object[] before = Images.copies(image);
        open(image);
        choose(2, "crop to selection");
        preview(true);
        until("the preview shows", dialog::previewShowing);
        short[] now = (short[]) image.getProcessor().getPixels();
        short[] old = (short[]) before[0];
        int changed = 0;
        for (int i = 0; i < now.length; i++) {
            boolean inside = image.getRoi().contains(i % 90, i / 90);
            assertTrue(inside || now[i] == old[i]);
            changed += now[i] == old[i] ? 0 : 1;
        }
        assertTrue(changed > 100, "" + changed);
        onEventThread(() -> image.setRoi(new OvalRoi(50, 30, 30, 30)));
        until("the preview has followed the selection",
                () -> now[11 * 90 + 11] == old[11 * 90 + 11] && now[45 * 90 + 65] != old[45 * 90 + 65]);
        ok();
        assertTrue(Images.equal(before, Images.pixels(image)), "a new image: this one stays");
        assertEquals(30, WindowManager.getCurrentImage().getWidth());
    }

    @Test
    void okGivesTheResultAndThePreviewIsGone() throws Exception {
        ImagePlus image = Images.hyperstack(16, 90, 70, 2, 3, 1);
        Object[] before = Images.copies(image);
        Object[] expected = RestoreTest.library(image);
        open(image);
        preview(true);
        shown(image, before, 1);
        ok();
        ImagePlus result = WindowManager.getCurrentImage();
        assertNotSame(image, result);
        assertEquals("hyperstack-restored", result.getTitle());
        assertTrue(Images.equal(expected, Images.pixels(result)));
        assertTrue(Images.equal(before, Images.pixels(image)));
        assertTrue(result.isDisplayedHyperStack());
    }

    @Test
    void wrongValuesAreSaidInTheDialog() throws Exception {
        ImagePlus image = Images.stack(16, 50, 40, 5);
        open(image);
        choose(1, "range");
        text(1, "3-9");
        until("the note says it", () -> dialog.noteText().equals("Slices: there is no 9 in \"3-9\"; this image has 1 to 5."));
        assertFalse(dialog.getButtons()[0].isEnabled() && dialog.dialogItemChanged(dialog, null));
        text(1, "3-4");
        until("the note is empty", () -> dialog.noteText().isEmpty());
        choose(2, "crop to selection");
        assertTrue(dialog.noteText().contains("needs a selection"), dialog.noteText());
        assertFalse(dialog.getButtons()[0].isEnabled());
        onEventThread(() -> image.setRoi(5, 5, 20, 20));
        until("OK is there", () -> dialog.getButtons()[0].isEnabled());
        text(0, folder.resolve("gone.onnx").toString());
        assertTrue(dialog.noteText().startsWith("Model: there is no file "), dialog.noteText());
        text(0, Images.TINY);
        text(last(), "nonsense=1");
        preview(true);
        until("the plane is none of them", () -> dialog.noteText().equals("Preview: this plane is not among the chosen ones."));
        onEventThread(() -> image.setSlice(3));
        until("the engine's message is there", () -> dialog.noteText().startsWith("unknown option 'nonsense'"));
        text(last(), "threads=1");
        until("the preview shows", dialog::previewShowing);
        cancel();
        assertEquals(1, WindowManager.getImageCount());
    }

    @Test
    void whatIsRecordedRunsWithoutAScreen() throws Exception {
        Recorder recorder = new Recorder(false);
        try {
            ImagePlus image = Images.hyperstack(16, 70, 60, 2, 3, 1);
            open(image);
            choose(1, "range");
            text(1, "2");
            text(2, "1-2");
            ok();
            String model = Images.TINY.indexOf(' ') < 0 ? Images.TINY : "[" + Images.TINY + "]";
            String line = HeadlessTest.recorded("model=" + model + " device=cpu planes=range channels=2 slices=1-2 "
                    + "region=[whole image] output=[new image] options=threads=1");
            until("it is recorded", () -> recorder.getText().contains("Restore"));
            assertTrue(recorder.getText().endsWith(line), recorder.getText());
            Path input = folder.resolve("input.tif");
            Path output = folder.resolve("output.tif");
            assertTrue(new FileSaver(image).saveAsTiffStack(input.toString()));
            String said = new ImageJProcess(folder).withLibrary().headless("open(\"" + input + "\");\n" + line
                    + "saveAs(\"Tiff\", \"" + output + "\");\n");
            assertTrue(Files.exists(output), said);
            assertTrue(Images.equal(Images.pixels(WindowManager.getCurrentImage()),
                    Images.pixels(IJ.openImage(output.toString()))));
        } finally {
            recorder.close();
        }
    }

    @Test
    void pathsWithSpacesAreRecorded() throws Exception {
        Recorder recorder = new Recorder(false);
        try {
            Path file = folder.resolve("my result.tif");
            open(Images.stack(8, 30, 20, 3));
            choose(3, "TIFF file");
            text(2, folder.resolve("none/out.tif").toString());
            assertTrue(dialog.noteText().contains("none does not exist. Make it first"), dialog.noteText());
            text(2, file.toString());
            ok();
            assertTrue(recorder.getText().contains("output=[TIFF file] file=[" + file + "] options=threads=1\");"),
                    recorder.getText());
            ImagePlus opened = WindowManager.getCurrentImage();
            assertTrue(opened.getStack().isVirtual(), "the file is opened as a virtual stack");
            assertEquals(3, opened.getStackSize());
        } finally {
            recorder.close();
        }
    }

    @Test
    void oneOfSeveralPlanesIntoAFile() throws Exception {
        Path file = folder.resolve("one.tif");
        open(Images.stack(8, 30, 20, 3));
        choose(1, "current");
        choose(3, "TIFF file");
        text(2, file.toString());
        ok();
        assertEquals("one.tif", WindowManager.getCurrentImage().getTitle());
        assertEquals(1, WindowManager.getCurrentImage().getStackSize());
    }

    @ParameterizedTest
    @ValueSource(strings = {"8,1,1", "16,1,4", "24,1,3", "32,2,2"})
    void undoBringsAnImageBackThatWasRestoredInPlace(String size) throws Exception {
        String[] n = size.split(",");
        ImagePlus image = Images.hyperstack(Integer.parseInt(n[0]), 50, 40, Integer.parseInt(n[1]), Integer.parseInt(n[2]), 1);
        image.setProperty("Info", "as it was");
        Object[] before = Images.copies(image);
        open(image);
        double min = image.getDisplayRangeMin();
        choose(3, "in place");
        assertTrue(dialog.noteText().contains("Edit > Undo"), dialog.noteText());
        ok();
        assertSame(image, WindowManager.getCurrentImage());
        assertFalse(Images.equal(before, Images.pixels(image)));
        assertTrue(image.getInfoProperty().contains("Parfocal model"));
        onEventThread(ij.Undo::undo);
        assertTrue(Images.equal(before, Images.pixels(image)), "the pixels are back");
        assertEquals("as it was", image.getInfoProperty());
        assertEquals(min, image.getDisplayRangeMin());
        if (image.getStackSize() > 1) {
            assertEquals("label 1", image.getStack().getSliceLabel(1));
        }
    }

    @Test
    void escInTheImageStopsTheRun() throws Exception {
        ImagePlus image = Images.stack(16, 900, 900, 2);
        Object[] before = Images.copies(image);
        open(image);
        text(0, "");
        choose(3, "in place");
        onEventThread(() -> dialog.actionPerformed(new ActionEvent(dialog.getButtons()[0], ActionEvent.ACTION_PERFORMED, "")));
        until("it runs", image::isLocked);
        IJ.wait(500);
        assertTrue(command.isAlive());
        onEventThread(() -> IJ.getInstance().keyPressed(new KeyEvent(IJ.getInstance(), KeyEvent.KEY_PRESSED, 0, 0,
                KeyEvent.VK_ESCAPE, KeyEvent.CHAR_UNDEFINED)));
        command.join(PATIENCE_MS);
        assertTrue(Images.equal(before, Images.pixels(image)));
        assertFalse(image.isLocked());
    }

    @Test
    void cancelStopsAPreviewWithinTheNetwork() throws Exception {
        ImagePlus image = Images.single(16, 900, 900);
        Object[] before = Images.copies(image);
        long start = System.nanoTime();
        try (Progress progress = new Progress("", () -> null, false)) {
            new Restorer(image, Settings.parse("device=cpu options=threads=1")).run(progress);
        }
        long planeMs = (System.nanoTime() - start) / 1_000_000;
        open(image);
        text(0, "");
        preview(true);
        until("the preview is under way", () -> dialog.noteText().equals("Preview: restoring this plane..."));
        IJ.wait((int) (planeMs / 8));
        assertFalse(dialog.previewShowing());
        start = System.nanoTime();
        cancel();
        long ms = (System.nanoTime() - start) / 1_000_000;
        assertTrue(ms < planeMs / 2, "it took " + ms + " ms to stop, and a plane takes " + planeMs + " ms");
        assertTrue(Images.equal(before, Images.pixels(image)));
    }

    @Test
    void oneDialogForAnImage() throws Exception {
        ImagePlus image = Images.single(16, 50, 40);
        open(image);
        IJ.redirectErrorMessages(true);
        WindowManager.setTempCurrentImage(image);
        new RestoreFocus().run("");
        WindowManager.setTempCurrentImage(null);
        assertEquals("Restore Focus is already at work on \"single.tif\". Finish or cancel it there first.", IJ.getErrorMessage());
        cancel();
    }

    @Test
    void theDialogEndsWithItsImage() throws Exception {
        ImagePlus image = Images.stack(16, 50, 40, 2);
        open(image);
        preview(true);
        until("the preview shows", dialog::previewShowing);
        onEventThread(image::close);
        command.join(PATIENCE_MS);
        assertFalse(command.isAlive());
        assertFalse(dialog.isVisible());
        assertNull(WindowManager.getCurrentImage());
    }

    @Test
    void anErrorInABatchNeedsNoButton() throws Exception {
        String said = new ImageJProcess(folder).withLibrary().batch("newImage(\"test\", \"16-bit ramp\", 40, 30, 5);\n"
                + "print(\"before\");\n"
                + HeadlessTest.recorded("model=[" + Images.TINY + "] device=cpu slices=7") + "print(\"after\");\n");
        assertTrue(said.contains("before\n"), said);
        assertTrue(said.contains("Parfocal: Slices: there is no 7 in \"7\"; this image has 1 to 5."), said);
        assertFalse(said.contains("after"), said);
    }

    @Test
    void plainImageJRunsTheMacro() throws Exception {
        String said = new ImageJProcess(folder).withLibrary().batch("newImage(\"test\", \"16-bit ramp\", 40, 30, 5);\n"
                + HeadlessTest.recorded("model=[" + Images.TINY + "] device=cpu slices=2-3") + "print(getTitle(), nSlices);\n");
        assertTrue(said.contains("test-restored 2"), said);
    }
}
