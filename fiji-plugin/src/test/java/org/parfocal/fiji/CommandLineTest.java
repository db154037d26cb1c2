package org.parfocal.fiji;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ij.IJ;
import ij.ImagePlus;
import ij.io.FileSaver;
import ij.io.Opener;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The plugin's result against that of the command {@code parfocal restore} on the same image, saved by ImageJ: the same
 * bytes at the same device, threads and tile. The system property {@code parfocal.command} is the command's path.
 */
class CommandLineTest {
    private static String command;

    @TempDir
    Path folder;

    @BeforeAll
    static void command() {
        command = System.getProperty("parfocal.command", "");
        assertFalse(
                command.isEmpty(),
                "the property parfocal.command is missing: it is the path of the command to compare with");
    }

    @ParameterizedTest
    @CsvSource({
        "8,1,1,1,auto",
        "16,1,1,1,auto",
        "24,1,1,1,auto",
        "32,1,1,1,auto",
        "8,1,4,1,auto",
        "16,2,2,2,auto",
        "24,1,3,1,auto",
        "32,3,2,1,auto",
        "16,1,3,1,64",
        "24,1,1,1,64",
        "8,2,1,3,64",
        "32,1,1,2,64"
    })
    void theSameBytes(int bits, int channels, int slices, int frames, String tile) throws Exception {
        ImagePlus image = Images.hyperstack(bits, 203, 131, channels, slices, frames);
        ImagePlus result = Images.restore(image, Images.CPU + "options=[threads=1 tile=" + tile + "]");
        assertSame(commandLine(image, "--tile", tile), result);
    }

    @ParameterizedTest
    @CsvSource({"8,1", "16,3", "24,2", "32,2"})
    void theSameBytesInATiffFile(int bits, int planes) throws Exception {
        ImagePlus image = Images.stack(bits, 99, 70, planes);
        Path file = folder.resolve("of the plugin.tif");
        Images.restore(image, Images.CPU + "output=[TIFF file] file=[" + file + "] options=threads=1");
        ImagePlus written = new Opener().openImage(file.toString());
        assertSame(commandLine(image), written);
        assertEquals("label 1", written.getStack().getSliceLabel(1));
    }

    @Test
    void theSameBytesOfAVirtualStack() throws Exception {
        ImagePlus image = Images.hyperstack(16, 99, 70, 2, 3, 1);
        Path file = save(image, "virtual.tif");
        ImagePlus virtual = IJ.openVirtual(file.toString());
        assertTrue(virtual.getStack().isVirtual());
        ImagePlus result = Images.restore(virtual, Images.CPU + "options=threads=1");
        assertFalse(result.getStack().isVirtual());
        assertArrayEquals(image.getDimensions(), result.getDimensions());
        assertSame(commandLine(image), result);
    }

    @Test
    void theSameBytesWithOneRangeForTheStack() throws Exception {
        ImagePlus image = Images.stack(16, 99, 70, 4);
        image.getStack().getProcessor(3).multiply(3);
        ImagePlus result = Images.restore(image, Images.CPU + "options=[threads=1 normalize=stack]");
        assertSame(commandLine(image, "--normalize", "stack"), result);
    }

    private static void assertSame(ImagePlus expected, ImagePlus result) {
        assertEquals(expected.getBitDepth(), result.getBitDepth());
        Object[] a = Images.copies(expected);
        Object[] b = Images.copies(result);
        if (expected.getBitDepth() == 24) {
            // ImageJ's files have no fourth byte.
            for (Object[] planes : Arrays.asList(a, b)) {
                for (Object plane : planes) {
                    for (int i = 0; i < ((int[]) plane).length; i++) {
                        ((int[]) plane)[i] |= 0xff000000;
                    }
                }
            }
        }
        assertTrue(Images.equal(a, b), "not the same bytes as the command's");
    }

    private Path save(ImagePlus image, String name) {
        Path file = folder.resolve(name);
        FileSaver saver = new FileSaver(image);
        assertTrue(
                image.getStackSize() > 1 ? saver.saveAsTiffStack(file.toString()) : saver.saveAsTiff(file.toString()));
        return file;
    }

    private ImagePlus commandLine(ImagePlus image, String... options) throws IOException, InterruptedException {
        Path input = save(image, "input.tif");
        Path output = folder.resolve("output.tif");
        List<String> words = new ArrayList<>(Arrays.asList(
                command,
                "restore",
                input.toString(),
                "-o",
                output.toString(),
                "--model",
                Images.TINY,
                "--device",
                "cpu",
                "--threads",
                "1",
                "--force"));
        words.addAll(Arrays.asList(options));
        ProcessBuilder builder = new ProcessBuilder(words)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("said.txt").toFile());
        File runtime = new File(
                new File(System.getProperty("parfocal.library")).getParentFile(), "libparfocal_onnxruntime.so");
        if (runtime.exists()) {
            // The same copy of ONNX Runtime on both sides.
            builder.environment().put("PARFOCAL_ONNXRUNTIME", runtime.getPath());
        }
        int status = builder.start().waitFor();
        String said = new String(Files.readAllBytes(folder.resolve("said.txt")), StandardCharsets.UTF_8);
        assertEquals(0, status, said);
        ImagePlus restored = new Opener().openImage(output.toString());
        assertEquals(image.getStackSize(), restored.getStackSize());
        return restored;
    }
}
