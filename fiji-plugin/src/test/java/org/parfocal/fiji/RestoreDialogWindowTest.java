package org.parfocal.fiji;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ij.IJ;
import ij.ImageJ;
import ij.ImagePlus;
import ij.WindowManager;
import ij.gui.GenericDialog;
import ij.gui.MessageDialog;
import ij.io.FileSaver;
import ij.plugin.frame.Recorder;
import java.awt.Dialog;
import java.awt.EventQueue;
import java.awt.Window;
import java.awt.event.ActionEvent;
import java.awt.event.KeyEvent;
import java.awt.event.WindowEvent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The dialog in a running ImageJ: preview, wrong values, recorder, Esc, undo, the end of the image. Needs a display.
 */
@Tag("window")
class RestoreDialogWindowTest extends DialogWindow {
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
        until("the note says it", () -> dialog.noteText()
                .equals("Slices: there is no 9 in \"3-9\"; this image has 1 to 5."));
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
        text(0, "");
        assertTrue(dialog.noteText().startsWith("Model: no file is chosen"), dialog.noteText());
        text(0, Images.TINY);
        text(last(), "nonsense=1");
        preview(true);
        until("the plane is none of them", () -> dialog.noteText()
                .equals("Preview: this plane is not among the chosen ones."));
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
            String said = new ImageJProcess(folder)
                    .withLibrary()
                    .headless("open(\"" + input + "\");\n" + line + "saveAs(\"Tiff\", \"" + output + "\");\n");
            assertTrue(Files.exists(output), said);
            assertTrue(Images.equal(
                    Images.pixels(WindowManager.getCurrentImage()), Images.pixels(IJ.openImage(output.toString()))));
        } finally {
            recorder.close();
        }
    }

    @Test
    void aModelIsChosenByItsName() throws Exception {
        Recorder recorder = new Recorder(false);
        try {
            ImagePlus image = Images.single(16, 40, 30);
            open(image);
            model("fast");
            assertFalse(dialog.noteText().startsWith("Model"), dialog.noteText());
            ok();
            String info = WindowManager.getCurrentImage().getInfoProperty();
            assertTrue(info.contains("parfocal-w8"), info);
            until("it is recorded", () -> recorder.getText().contains("model=fast device=cpu"));
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
            assertTrue(
                    recorder.getText().contains("output=[TIFF file] file=[" + file + "] options=threads=1\");"),
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
        ImagePlus image =
                Images.hyperstack(Integer.parseInt(n[0]), 50, 40, Integer.parseInt(n[1]), Integer.parseInt(n[2]), 1);
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
        ImagePlus image = Images.stack(16, 700, 700, 6);
        Object[] before = Images.copies(image);
        open(image);
        model("accurate");
        choose(3, "in place");
        onEventThread(() ->
                dialog.actionPerformed(new ActionEvent(dialog.getButtons()[0], ActionEvent.ACTION_PERFORMED, "")));
        until("it runs", image::isLocked);
        until("the status line tells how long it takes", () -> ImageJ.getStatusBarText()
                .matches("Restore Focus: plane [2-6] of 6, \\d+ s left \\(Esc stops\\)"));
        onEventThread(() -> IJ.getInstance()
                .keyPressed(new KeyEvent(
                        IJ.getInstance(), KeyEvent.KEY_PRESSED, 0, 0, KeyEvent.VK_ESCAPE, KeyEvent.CHAR_UNDEFINED)));
        command.join(PATIENCE_MS);
        assertTrue(Images.equal(before, Images.pixels(image)));
        assertFalse(image.isLocked());
    }

    @Test
    void oneDialogForAnImage() throws Exception {
        ImagePlus image = Images.single(16, 50, 40);
        open(image);
        IJ.redirectErrorMessages(true);
        WindowManager.setTempCurrentImage(image);
        new RestoreFocus().run("");
        WindowManager.setTempCurrentImage(null);
        assertEquals(
                "Restore Focus is already at work on \"single.tif\". Finish or cancel it there first.",
                IJ.getErrorMessage());
        cancel();
    }

    @Test
    void theWindowIsClosedDuringARun() throws Exception {
        ImagePlus image = Images.stack(16, 900, 900, 2);
        open(image);
        model("accurate");
        onEventThread(() ->
                dialog.actionPerformed(new ActionEvent(dialog.getButtons()[0], ActionEvent.ACTION_PERFORMED, "")));
        until("it runs", image::isLocked);
        IJ.wait(700);
        assertTrue(command.isAlive(), "it was over before the window was closed");
        image.getWindow().windowClosing(new WindowEvent(image.getWindow(), WindowEvent.WINDOW_CLOSING));
        until("the message is there", () -> pressOk("Parfocal"));
        command.join(PATIENCE_MS);
        assertFalse(command.isAlive());
        assertNull(image.getProcessor(), "its memory is given back");
        assertNull(WindowManager.getCurrentImage());
    }

    private static boolean pressOk(String title) {
        for (Window window : Window.getWindows()) {
            if (window.isShowing() && window instanceof MessageDialog && title.equals(((Dialog) window).getTitle())) {
                // A dialog that is closed before it waits for its end waits for ever.
                IJ.wait(500);
                onEventThread(() -> ((MessageDialog) window).actionPerformed(null));
                return true;
            }
        }
        return false;
    }

    @Test
    void undoDoesNotBringADeletedPlaneBack() throws Exception {
        ImagePlus image = Images.stack(16, 50, 40, 4);
        open(image);
        choose(3, "in place");
        ok();
        onEventThread(() -> image.setSlice(2));
        IJ.run(image, "Delete Slice", "");
        Object[] now = Images.copies(image);
        assertEquals(3, now.length);
        onEventThread(ij.Undo::undo);
        assertTrue(Images.equal(now, Images.pixels(image)), "nothing is undone");
    }

    @Test
    void onePlaneAsAFileIsOpenedAsAnImage() throws Exception {
        open(Images.stack(8, 30, 20, 3));
        choose(1, "current");
        choose(3, "TIFF file");
        text(2, folder.resolve("one.tif").toString());
        ok();
        ImagePlus opened = WindowManager.getCurrentImage();
        assertEquals("one.tif", opened.getTitle());
        assertEquals(1, opened.getStackSize());
        assertFalse(opened.getStack().isVirtual());
    }

    @Test
    void fromTheEventThreadTheDialogComesToo() throws Exception {
        ImagePlus image = Images.stack(16, 50, 40, 2);
        image.show();
        onEventThread(() -> new RestoreFocus().run(""));
        until(
                "the dialog is there",
                () -> GenericDialog.getInstance() instanceof RestoreDialog
                        && GenericDialog.getInstance().isVisible());
        dialog = (RestoreDialog) GenericDialog.getInstance();
        onEventThread(() ->
                dialog.actionPerformed(new ActionEvent(dialog.getButtons()[1], ActionEvent.ACTION_PERFORMED, "")));
        until("it is gone", () -> !dialog.isVisible());
        assertEquals(1, WindowManager.getImageCount());
    }

    @Test
    void onTheEventThreadAMacrosOptionsRunToTheirEnd() throws Exception {
        ImagePlus image = Images.stack(16, 300, 300, 3);
        image.show();
        AtomicReference<ImagePlus> result = new AtomicReference<>();
        EventQueue.invokeLater(() -> result.set(Images.restore(image, "device=cpu options=threads=1")));
        until("it is done", () -> result.get() != null);
        assertEquals("stack-restored", result.get().getTitle());
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
        String said = new ImageJProcess(folder)
                .withLibrary()
                .batch("newImage(\"test\", \"16-bit ramp\", 40, 30, 5);\n"
                        + "print(\"before\");\n"
                        + HeadlessTest.recorded("model=[" + Images.TINY + "] device=cpu slices=7")
                        + "print(\"after\");\n");
        assertTrue(said.contains("before\n"), said);
        assertTrue(said.contains("Parfocal: Slices: there is no 7 in \"7\"; this image has 1 to 5."), said);
        assertFalse(said.contains("after"), said);
    }

    @Test
    void plainImageJRunsTheMacro() throws Exception {
        String said = new ImageJProcess(folder)
                .withLibrary()
                .batch("newImage(\"test\", \"16-bit ramp\", 40, 30, 5);\n"
                        + HeadlessTest.recorded("model=[" + Images.TINY + "] device=cpu slices=2-3")
                        + "print(getTitle(), nSlices);\n");
        assertTrue(said.contains("test-restored 2"), said);
    }
}
