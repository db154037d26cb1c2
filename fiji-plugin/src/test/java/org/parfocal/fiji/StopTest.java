package org.parfocal.fiji;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ij.IJ;
import ij.ImagePlus;
import ij.WindowManager;
import java.awt.event.KeyEvent;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Esc, the end of an image, and two commands at once: what runs stops soon, and the image is as it was. */
class StopTest {
    /** The built-in model, because one run of it takes seconds. */
    private static final String SLOW = "device=cpu options=[threads=1 tile=auto] ";

    private static final int SIZE = 900;

    /** What one plane takes here and now: what stops at once does not take long against it. */
    private static long planeMs;

    @TempDir
    Path folder;

    @BeforeAll
    static void measure() {
        Images.restore(Images.single(16, 32, 32), SLOW);
        long start = System.nanoTime();
        Images.restore(Images.single(16, SIZE, SIZE), SLOW);
        planeMs = (System.nanoTime() - start) / 1_000_000;
    }

    @BeforeEach
    @AfterEach
    void reset() {
        IJ.resetEscape();
    }

    private static ImagePlus large() {
        return Images.stack(16, SIZE, SIZE, 3);
    }

    private static void afterAMoment(Runnable act) {
        Thread thread = new Thread(() -> {
            IJ.wait((int) (planeMs / 3));
            act.run();
        });
        thread.setDaemon(true);
        thread.start();
    }

    private void stopped(String output) {
        ImagePlus image = large();
        Object[] before = Images.copies(image);
        long[] pressed = new long[1];
        afterAMoment(() -> {
            pressed[0] = System.nanoTime();
            IJ.setKeyDown(KeyEvent.VK_ESCAPE);
        });
        assertSame(image, Images.restore(image, SLOW + output));
        long ms = (System.nanoTime() - pressed[0]) / 1_000_000;
        assertTrue(pressed[0] != 0, "the run was over before Esc was pressed");
        assertTrue(ms < planeMs / 2, "it took " + ms + " ms to stop, and a plane takes " + planeMs + " ms");
        assertTrue(Images.equal(before, Images.pixels(image)), "the image is as it was");
        assertFalse(image.isLocked());
        assertFalse(image.changes);
        assertNull(image.getInfoProperty());
    }

    @ParameterizedTest
    @ValueSource(strings = {"output=[new image]", "output=[in place]"})
    void escStopsWithinTheNetwork(String output) {
        stopped(output);
    }

    @Test
    void escLeavesNoFile() {
        stopped("output=[TIFF file] file=[" + folder.resolve("out.tif") + "]");
        assertEquals(0, folder.toFile().list().length);
    }

    @Test
    void theImageIsClosedDuringARun() {
        ImagePlus image = large();
        long[] closed = new long[1];
        afterAMoment(() -> {
            closed[0] = System.nanoTime();
            image.flush();
        });
        String message = Images.message(image, SLOW + "output=[in place]");
        assertEquals(
                "\"stack.tif\" was closed while it was being restored, so there is no result. Open it again and "
                        + "repeat.",
                message);
        assertTrue((System.nanoTime() - closed[0]) / 1_000_000 < planeMs / 2);
        assertNull(image.getProcessor(), "its memory is given back");
    }

    @Test
    void theCommandTwiceAtOnceOnOneImage() throws InterruptedException {
        ImagePlus image = large();
        String[] second = new String[1];
        Thread thread = new Thread(() -> {
            IJ.wait((int) (planeMs / 3));
            WindowManager.setTempCurrentImage(Thread.currentThread(), image);
            Thread.currentThread().setName("Run$_second");
            ij.Macro.setOptions(SLOW);
            new RestoreFocus().run("");
            second[0] = IJ.getErrorMessage();
            IJ.setKeyDown(KeyEvent.VK_ESCAPE);
        });
        thread.start();
        Images.restore(image, SLOW);
        thread.join();
        assertEquals("Restore Focus is already at work on \"stack.tif\". Finish or cancel it there first.", second[0]);
        assertFalse(image.isLocked());
    }

    @Test
    void twoImagesAtOnce() throws InterruptedException {
        ImagePlus[] images = {Images.stack(16, 64, 64, 20), Images.stack(8, 64, 64, 20)};
        ImagePlus[] results = new ImagePlus[2];
        Thread[] threads = new Thread[2];
        for (int i = 0; i < 2; i++) {
            int at = i;
            threads[i] = new Thread(() -> {
                try (Progress progress = new Progress("", () -> null, false)) {
                    results[at] =
                            new Restorer(images[at], Settings.parse(Images.CPU + "options=threads=1")).run(progress);
                }
            });
            threads[i].start();
        }
        for (int i = 0; i < 2; i++) {
            threads[i].join();
            assertTrue(Images.equal(RestoreTest.library(images[i]), Images.pixels(results[i])));
        }
    }
}
