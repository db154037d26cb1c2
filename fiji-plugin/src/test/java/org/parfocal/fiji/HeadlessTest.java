package org.parfocal.fiji;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ij.IJ;
import ij.ImagePlus;
import ij.io.FileSaver;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Macros without a screen, through ij1-patcher as in Fiji: the next line sees the result, and an error stops the macro.
 */
@Tag("process")
class HeadlessTest {
    @TempDir
    Path folder;

    /** As ImageJ's recorder writes it: {@code RecorderWindowTest} compares. */
    static String recorded(String settings) {
        return "run(\"Restore Focus...\", \"" + settings + "\");\n";
    }

    private Path input() {
        ImagePlus image = Images.hyperstack(16, 70, 60, 2, 3, 1);
        Path file = folder.resolve("an image.tif");
        assertTrue(new FileSaver(image).saveAsTiffStack(file.toString()));
        return file;
    }

    @Test
    void aRecordedMacro() throws Exception {
        Path input = input();
        Path output = folder.resolve("result.tif");
        String said = new ImageJProcess(folder)
                .withLibrary()
                .headless("open(\"" + input + "\");\n"
                        + recorded("model=[" + Images.TINY
                                + "] device=cpu planes=range channels=2 slices=1-2 region=[whole image] "
                                + "output=[new image] options=threads=1")
                        + "getDimensions(w, h, c, z, t);\n"
                        + "print(getTitle() + \" \" + w + \" \" + h + \" \" + c + \" \" + z + \" \" + t + \" of \" "
                        + "+ nImages);\n"
                        + "saveAs(\"Tiff\", \"" + output + "\");\n");
        assertTrue(said.contains("an image-restored 70 60 1 2 1 of 2\n"), said);
        assertFalse(said.contains("Exception"), said);
        ImagePlus expected =
                Images.restore(IJ.openImage(input.toString()), Images.CPU + "options=threads=1 channels=2 slices=1-2");
        assertTrue(Images.equal(Images.pixels(expected), Images.pixels(IJ.openImage(output.toString()))));
    }

    @Test
    void aFileWithSpacesInItsName() throws Exception {
        Path input = input();
        Path output = folder.resolve("a result [2].tif");
        String said = new ImageJProcess(folder)
                .withLibrary()
                .headless("open(\"" + input + "\");\n"
                        + recorded("model=[" + Images.TINY
                                + "] device=cpu planes=all region=[whole image] output=[TIFF file] file=[" + output
                                + "] options=threads=1")
                        + "print(\"there: \" + File.exists(\"" + output + "\"));");
        assertTrue(said.contains("there: 1\n"), said);
        assertEquals(6, IJ.openImage(output.toString()).getStackSize());
    }

    @Test
    void anErrorStopsTheMacroWithItsMessage() throws Exception {
        String said = new ImageJProcess(folder)
                .withLibrary()
                .headless("newImage(\"test\", \"16-bit ramp\", 40, 30, 5);\n" + "print(\"before\");\n"
                        + recorded("model=[" + Images.TINY + "] device=cpu slices=7") + "print(\"after\");\n");
        assertTrue(said.contains("before\n"), said);
        assertTrue(said.contains("Slices: there is no 7 in \"7\"; this image has 1 to 5."), said);
        assertFalse(said.contains("after"), said);
    }

    @Test
    void noImageIsOpen() throws Exception {
        String said = new ImageJProcess(folder).withLibrary().headless(recorded("device=cpu") + "print(\"after\");\n");
        assertTrue(said.contains("No image is open. Open the image to restore"), said);
        assertFalse(said.contains("after"), said);
    }

    @Test
    void theLibraryIsMissing() throws Exception {
        Path gone = folder.resolve("lib/libparfocal.so");
        String macro =
                "newImage(\"test\", \"16-bit ramp\", 40, 30, 1);\n" + recorded("device=cpu") + "print(\"after\");\n";
        String said =
                new ImageJProcess(folder).add("-Dparfocal.library=" + gone).headless(macro);
        assertTrue(said.contains(gone + "', which does not exist"), said);
        assertFalse(said.contains("after"), said);
        said = new ImageJProcess(folder).headless(macro);
        assertTrue(said.contains("Parfocal's library for ") && said.contains(" was not found. Looked in"), said);
        said = new ImageJProcess(folder).add("-Dos.arch=riscv64").headless(macro);
        assertTrue(said.contains("Parfocal does not run on Linux with os.arch riscv64; expected one of "), said);
        assertFalse(said.contains("after"), said);
    }

    @Test
    void aScriptIsStoppedToo() throws Exception {
        // A script calls IJ.run() without the macro interpreter.
        Files.createDirectories(folder.resolve("plugins"));
        String said = new ImageJProcess(folder)
                .withLibrary()
                .add("-Djava.awt.headless=true")
                .add(
                        System.getProperty("java.version").startsWith("1.")
                                ? "-Dx=y"
                                : "--add-opens=java.base/java.lang=ALL-UNNAMED")
                .run(HeadlessScript.class.getName());
        assertTrue(said.contains("Frames: there is no 3 in \"3\"; this image has only 1."), said);
        assertTrue(said.contains("stopped: Macro canceled"), said);
        assertTrue(said.contains("restored: test-restored"), said);
        assertFalse(said.contains("went on"), said);
    }
}
