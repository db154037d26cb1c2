package org.parfocal.fiji;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ij.IJ;
import ij.ImagePlus;
import java.nio.file.Path;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.scijava.Context;
import org.scijava.command.CommandService;

/** Restore Focus as SciJava finds and runs it: by its index in the jar, without a screen. */
class SciJavaTest {
    private static ImagePlus run(Object... inputs) throws Exception {
        Context context = new Context(CommandService.class);
        try {
            CommandService commands = context.service(CommandService.class);
            assertNotNull(commands.getCommand("org.parfocal.fiji.RestoreFocusCommand"), "not in SciJava's index");
            return (ImagePlus) commands.run("org.parfocal.fiji.RestoreFocusCommand", true, inputs)
                    .get()
                    .getOutput("restored");
        } finally {
            context.dispose();
        }
    }

    @Test
    void theSameAsTheMacroCommand() throws Exception {
        ImagePlus image = Images.stack(16, 60, 50, 3);
        ImagePlus expected = Images.restore(Images.stack(16, 60, 50, 3), Images.CPU + "slices=2-3 options=threads=1");
        ImagePlus found = run(
                "image", image, "model", Images.TINY, "device", "cpu", "slices", "2-3", "options", Images.ONE_THREAD);
        assertTrue(Images.equal(Images.pixels(expected), Images.pixels(found)));
        assertEquals("stack-restored", found.getTitle());
    }

    @Test
    void inPlaceAndToAFile(@TempDir Path folder) throws Exception {
        ImagePlus image = Images.single(16, 60, 50);
        ImagePlus expected = Images.restore(Images.single(16, 60, 50), Images.CPU + "options=threads=1");
        assertSame(
                image,
                run(
                        "image",
                        image,
                        "model",
                        Images.TINY,
                        "device",
                        "cpu",
                        "options",
                        "threads=1",
                        "output",
                        "in place"));
        assertTrue(Images.equal(Images.pixels(expected), Images.pixels(image)));
        String file = folder.resolve("a result.tif").toString();
        ImagePlus other = Images.single(16, 60, 50);
        String output = "TIFF file";
        assertNull(run(
                "image",
                other,
                "model",
                Images.TINY,
                "device",
                "cpu",
                "options",
                "threads=1",
                "output",
                output,
                "file",
                file));
        assertTrue(Images.equal(Images.pixels(expected), Images.pixels(IJ.openImage(file))));
    }

    /** SciJava keeps inputs for the next call unless it is told not to. */
    @Test
    void nothingIsKeptForTheNextCall() throws Exception {
        message("image", Images.single(16, 60, 50), "model", Images.TINY, "planes", "some");
        ImagePlus image = Images.single(16, 60, 50);
        assertNotNull(run("image", image, "model", Images.TINY, "device", "cpu", "options", "threads=1"));
    }

    @Test
    void badInputIsSaid() {
        ImagePlus image = Images.single(16, 60, 50);
        String said = message("image", image, "model", Images.TINY, "planes", "some");
        assertTrue(said.contains("planes=some cannot be; the choices are all, current, range."), said);
        said = message("image", image, "model", "quick", "device", "cpu");
        assertTrue(said.contains("or one of these names: accurate, fast"), said);
        said = message("image", image, "model", Images.TINY, "slices", "7");
        assertTrue(said.contains("Slices"), said);
    }

    private static String message(Object... inputs) {
        Throwable failure = assertThrows(ExecutionException.class, () -> run(inputs));
        StringBuilder said = new StringBuilder();
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            said.append(cause.getMessage()).append('\n');
        }
        return said.toString();
    }
}
