package org.parfocal.fiji;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ij.IJ;
import ij.ImagePlus;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Resident memory does not grow with the number of runs. */
@Tag("process")
class MemoryTest {
    private static final int RUNS = 2000;
    private static final int FIRST = 500;
    /** A plane that is not given back would be 48 MB after the runs between. */
    private static final long LIMIT = 12L << 20;

    @TempDir
    Path folder;

    @Test
    void aVirtualStackIsNeverLoadedWhole() throws Exception {
        Path file = folder.resolve("streamed.tif");
        // 40 planes of 1 MB in a heap of 24 MB.
        String said = new ImageJProcess(folder)
                .withLibrary()
                .add("-Xmx24m", "-Djava.awt.headless=true")
                .run(StreamRun.class.getName(), file.toString());
        assertTrue(said.contains("new image: The result needs 39 MB of memory, and ImageJ has "), said);
        assertTrue(said.contains("file: written"), said);
        assertTrue(said.contains("Parfocal planes left as they were, because all pixels are equal: 1"), said);
        ImagePlus written = IJ.openVirtual(file.toString());
        assertEquals(40, written.getStackSize());
        ImagePlus plane = new ImagePlus("", StreamRun.plane(7));
        Images.restore(plane, Images.CPU + "output=[in place] options=threads=1");
        assertTrue(Pixels.equal(
                plane.getProcessor().getPixels(),
                written.getStack().getProcessor(7).getPixels()));
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void isFlatOverTwoThousandRuns() throws Exception {
        String said = new ImageJProcess(folder)
                .withLibrary()
                .add("-Xmx96m", "-Xms96m", "-XX:+UseSerialGC", "-XX:+AlwaysPreTouch", "-Djava.awt.headless=true")
                .run(ManyRuns.class.getName(), "" + RUNS, "" + FIRST);
        Matcher matcher = Pattern.compile("resident (\\d+) (\\d+)").matcher(said);
        assertTrue(matcher.find(), said);
        assertEquals("" + FIRST, matcher.group(1));
        long before = Long.parseLong(matcher.group(2));
        assertTrue(matcher.find(), said);
        assertEquals("" + RUNS, matcher.group(1));
        long growth = Long.parseLong(matcher.group(2)) - before;
        assertTrue(
                growth < LIMIT, "resident memory grew by " + (growth >> 10) + " KiB from run " + FIRST + " to " + RUNS);
    }
}
