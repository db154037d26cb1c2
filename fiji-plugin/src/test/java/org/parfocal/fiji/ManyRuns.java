package org.parfocal.fiji;

import ij.ImagePlus;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Paths;

/** A program for tests: many runs of the command in one JVM; prints the resident memory after some and after all. */
public final class ManyRuns {
    private static final String RUN = Images.CPU + "options=threads=1 ";
    private static final String[] OUTPUTS = {
        "", "output=[in place]", "region=[inside selection]", "region=[crop to selection]"
    };

    private ManyRuns() {}

    /** Arguments: how many runs, and after how many to look first. */
    public static void main(String[] arguments) throws IOException {
        int runs = Integer.parseInt(arguments[0]);
        int first = Integer.parseInt(arguments[1]);
        ImagePlus image = Images.stack(16, 128, 128, 2);
        for (int run = 1; run <= runs; run++) {
            image.setRoi(20, 20, 50, 50);
            // What a macro does that has an image of its own each time.
            ImagePlus next = run % 2 == 0 ? image.duplicate() : image;
            next.setRoi(20, 20, 50, 50);
            next.setProperty("Info", null);
            Images.restore(next, RUN + OUTPUTS[run % OUTPUTS.length]);
            if (run == first || run == runs) {
                System.gc();
                System.out.println("resident " + run + " " + resident());
            }
        }
        System.exit(0);
    }

    /** Bytes. */
    private static long resident() throws IOException {
        for (String line :
                new String(Files.readAllBytes(Paths.get("/proc/self/status")), StandardCharsets.US_ASCII).split("\n")) {
            if (line.startsWith("VmRSS:")) {
                return Long.parseLong(line.replaceAll("\\D", "")) << 10;
            }
        }
        throw new IOException("no VmRSS in /proc/self/status");
    }
}
