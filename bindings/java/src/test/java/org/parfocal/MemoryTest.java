package org.parfocal;

import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Resident memory does not grow, in a Java whose heap is all taken at the start. */
@NeedsLibrary
@EnabledOnOs(OS.LINUX)
@Tag("process")
class MemoryTest {
    /**
     * What allocators and the compiler of Java's code take as they please; one model of each round kept would be far
     * more.
     */
    private static final long SLACK_MIB = 12;

    @ParameterizedTest
    @CsvSource({"restore, 2000", "open, 200", "forget, 30"})
    void isFlat(String what, String times) {
        String said = new ChildJvm()
                .withLibrary()
                .option("-Xms64m")
                .option("-Xmx64m")
                .option("-XX:+AlwaysPreTouch")
                .run(MemoryMain.class, what, times);
        String[] mib = said.split(" ");
        long early = Long.parseLong(mib[0]);
        long end = Long.parseLong(mib[1]);
        assertTrue(end - early < SLACK_MIB, what + ": " + early + " MiB after half of it, " + end + " at the end");
    }
}
