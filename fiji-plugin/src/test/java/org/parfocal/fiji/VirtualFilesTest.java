package org.parfocal.fiji;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ij.IJ;
import ij.ImagePlus;
import ij.VirtualStack;
import ij.io.FileSaver;
import ij.plugin.FileInfoVirtualStack;
import ij.plugin.FolderOpener;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Virtual stacks whose files are missing, cut or unlike the others: no command takes what ImageJ puts in their place.
 */
class VirtualFilesTest {
    @TempDir
    Path folder;

    private ImagePlus folderStack(int bits, int odd, int oddWidth, int oddBits) {
        for (int i = 1; i <= 4; i++) {
            ImagePlus plane = new ImagePlus(
                    "", i == odd ? Images.plane(oddBits, oddWidth, 30, i) : Images.plane(bits, 40, 30, i));
            assertTrue(new FileSaver(plane)
                    .saveAsTiff(folder.resolve("plane" + i + ".tif").toString()));
        }
        ImagePlus image = FolderOpener.open(folder.toString(), "virtual");
        assertEquals(VirtualStack.class, image.getStack().getClass());
        assertEquals(4, image.getStackSize());
        return image;
    }

    private static void refused(ImagePlus image, int plane, String why) {
        String message = Images.message(image, Images.CPU);
        assertTrue(
                message.startsWith("Plane " + plane + " of \"")
                        && message.contains("cannot be read, or is not like the others. ")
                        && message.contains(why)
                        && message.contains("(Planes: range)"),
                message);
        try {
            FocusScores.of(image, new int[] {1, plane}, new java.awt.Rectangle(0, 0, 40, 30));
        } catch (Problem refused) {
            assertEquals(message, refused.getMessage());
            return;
        }
        throw new AssertionError("the focus score took it");
    }

    @Test
    void aFileOfAFolderIsDeleted() throws IOException {
        ImagePlus image = folderStack(16, 0, 0, 0);
        assertEquals(4, Images.restore(image, Images.CPU).getStackSize());
        Files.delete(folder.resolve("plane3.tif"));
        refused(image, 3, "plane3.tif is not there. ");
        assertEquals(3, Images.restore(image, Images.CPU + "slices=1-2,4").getStackSize());
    }

    @Test
    void aFileOfAnotherSize() {
        refused(
                folderStack(16, 2, 50, 16),
                2,
                "plane2.tif has 50 x 30 pixels of 16 bits, the stack 40 x 30 pixels of 16 bits. ");
    }

    @Test
    void aFileOfAnotherDepth() {
        refused(
                folderStack(16, 2, 40, 8),
                2,
                "plane2.tif has 40 x 30 pixels of 8 bits, the stack 40 x 30 pixels of 16 bits. ");
    }

    @Test
    void aFileThatIsNoImage() throws IOException {
        ImagePlus image = folderStack(8, 0, 0, 0);
        Files.write(folder.resolve("plane4.tif"), new byte[] {1, 2, 3});
        refused(image, 4, "plane4.tif has no image that ImageJ can read");
    }

    private ImagePlus fileStack() {
        Path file = folder.resolve("stack.tif");
        assertTrue(new FileSaver(Images.stack(16, 40, 30, 4)).saveAsTiffStack(file.toString()));
        ImagePlus image = IJ.openVirtual(file.toString());
        assertEquals(FileInfoVirtualStack.class, image.getStack().getClass());
        return image;
    }

    @Test
    void theFileOfAStackIsDeleted() throws IOException {
        ImagePlus image = fileStack();
        assertEquals(4, Images.restore(image, Images.CPU).getStackSize());
        Files.delete(folder.resolve("stack.tif"));
        refused(image, 1, "stack.tif is not there. ");
    }

    @Test
    void theFileOfAStackIsCut() throws IOException {
        ImagePlus image = fileStack();
        try (FileChannel file = FileChannel.open(folder.resolve("stack.tif"), StandardOpenOption.WRITE)) {
            file.truncate(file.size() - 3000);
        }
        refused(image, 3, "and this plane ends at byte ");
        assertEquals(2, Images.restore(image, Images.CPU + "slices=1-2").getStackSize());
    }
}
