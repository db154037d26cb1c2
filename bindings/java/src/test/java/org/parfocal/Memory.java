package org.parfocal;

import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.function.BooleanSupplier;

/** The garbage collector and resident memory, for the tests. */
final class Memory {
    private static final Path STATUS = Paths.get("/proc/self/status");

    private Memory() {}

    /** Collects again and again; fails after 20 s. */
    static void collectUntil(BooleanSupplier done) throws InterruptedException {
        long end = System.nanoTime() + 20_000_000_000L;
        while (!done.getAsBoolean()) {
            if (System.nanoTime() > end) {
                fail("not collected within 20 s");
            }
            System.gc();
            Thread.sleep(20);
        }
    }

    /** Whether this system tells it. */
    static boolean isTold() {
        return Files.exists(STATUS);
    }

    /** Resident memory of this process in MiB. */
    static long residentMib() throws IOException {
        for (String line : Files.readAllLines(STATUS)) {
            if (line.startsWith("VmRSS:")) {
                return Long.parseLong(line.replaceAll("\\D", "")) / 1024;
            }
        }
        throw new IOException("no VmRSS in " + STATUS);
    }
}
