package org.parfocal.fiji;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The file that a result goes to: its name, who may read it, and the room that there is. */
class TiffOutputTest {
    @TempDir
    Path folder;

    private TiffOutput output(String name) {
        return new TiffOutput(folder.resolve(name).toString());
    }

    @Test
    @DisabledOnOs(
            value = OS.WINDOWS,
            disabledReason = "Windows has no permission bits: files take those of their folder")
    void othersMayReadItAsTheyMayReadAnyFileOfThisUser() throws IOException {
        TiffOutput output = output("result.tif");
        output.checkWritable();
        output.write(Images.single(8, 16, 12));
        Path ordinary = Files.createFile(folder.resolve("ordinary"));
        assertEquals(
                Files.getPosixFilePermissions(ordinary),
                Files.getPosixFilePermissions(output.file().toPath()));
        assertEquals(2, folder.toFile().list().length, "nothing else is left");
    }

    @Test
    void theEndingIsKnownInEveryLanguage() {
        Locale before = Locale.getDefault();
        try {
            Locale.setDefault(Locale.forLanguageTag("tr-TR"));
            assertEquals("A.TIF", output("A.TIF").file().getName());
            assertEquals("A.TIFF", output("A.TIFF").file().getName());
            assertEquals("A.tif", output("A").file().getName());
        } finally {
            Locale.setDefault(before);
        }
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void aFolderThatDoesNotTellItsRoomIsNotSaidToBeFull() {
        assumeTrue(new File("/proc").getUsableSpace() == 0);
        assertEquals(Long.MAX_VALUE, new TiffOutput("/proc/result.tif").space());
        assertTrue(output("result.tif").space() < Long.MAX_VALUE);
    }
}
