package org.parfocal.fiji;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ij.IJ;
import ij.io.FileSaver;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Folders, in macros without a screen: every TIFF, a table, a file that fails, and what is said about wrong ones. */
@Tag("process")
class RestoreFolderTest {
    @TempDir
    Path folder;

    private String run(String options) throws Exception {
        String row =
                "getResultLabel(i) + \" | \" + getResult(\"Planes\", i) + \" | \" + getResultString(\"Outcome\", i)";
        String rows = "for (i = 0; i < nResults; i++) print(" + row + ");\nprint(\"the end\");\n";
        String command = "run(\"Restore Folder...\", \"" + options + "\");\n";
        return new ImageJProcess(folder).withLibrary().headless(command + rows);
    }

    @Test
    void everyTiffOfAFolder() throws Exception {
        Path in = Files.createDirectory(folder.resolve("to do"));
        Path out = Files.createDirectory(folder.resolve("done"));
        assertTrue(new FileSaver(Images.stack(16, 40, 30, 3))
                .saveAsTiffStack(in.resolve("b.tif").toString()));
        assertTrue(new FileSaver(Images.single(8, 40, 30))
                .saveAsTiff(in.resolve("a.TIFF").toString()));
        Files.write(in.resolve("broken.tif"), "no image".getBytes(StandardCharsets.US_ASCII));
        Files.write(in.resolve("notes.txt"), new byte[3]);
        String options =
                "input=[" + in + "] output=[" + out + "] model=[" + Images.TINY + "] device=cpu " + "options=threads=1";
        String said = run(options);
        assertTrue(said.contains("a.TIFF | 1 | restored\nb.tif | 3 | restored\nbroken.tif | 0 | "), said);
        assertTrue(said.contains("not a TIFF file") && said.contains("the end"), said);
        assertTrue(Images.equal(
                Images.pixels(Images.restore(Images.stack(16, 40, 30, 3), Images.CPU + "options=threads=1")),
                Images.pixels(IJ.openImage(out.resolve("b-restored.tif").toString()))));
        // Again: nothing is overwritten.
        said = run(options);
        assertTrue(said.contains("b.tif | 0 | ") && said.contains("exists"), said);
        assertEquals(2, Files.list(out).count());
    }

    @Test
    void wrongFoldersAreSaid() throws Exception {
        Path empty = Files.createDirectory(folder.resolve("empty"));
        String said = run("input=[" + folder.resolve("none") + "]");
        assertTrue(said.contains("there is no folder \"" + folder.resolve("none") + "\". Choose one"), said);
        said = run("input=[" + empty + "]");
        assertTrue(said.contains("has no TIFF file (.tif or .tiff). Choose another folder."), said);
        assertTrue(new FileSaver(Images.single(8, 40, 30))
                .saveAsTiff(empty.resolve("a.tif").toString()));
        said = run("input=[" + empty + "] output=[" + folder.resolve("gone") + "] device=cpu");
        assertTrue(said.contains("gone does not exist. Make it first"), said);
        said = run("folder=[" + empty + "]");
        assertTrue(said.contains("\"folder\" is not one of its keys, which are input, output, model"), said);
        said = run("input=[" + empty + "] model=[" + Images.TINY + "] device=cpu options=nonsense=1");
        assertTrue(said.contains("unknown option 'nonsense'"), said);
        assertFalse(said.contains("the end"), said);
    }
}
