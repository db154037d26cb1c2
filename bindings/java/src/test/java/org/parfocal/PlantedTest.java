package org.parfocal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Faults inside the library become exceptions. Only where a library with planted ones is given: {@code cargo xtask test
 * hard}.
 */
@Tag("planted")
class PlantedTest {
    @BeforeAll
    static void load() {
        Parfocal.version();
    }

    @Test
    void aPanicIsAnExceptionAndSpoilsItsModelOnly() {
        long spoiled = TestPixels.tiny("");
        long other = TestPixels.tiny("");
        ParfocalException panic = assertThrows(ParfocalException.class, () -> Planted.panic(spoiled));
        assertEquals(Status.INTERNAL, panic.status());
        assertTrue(panic.getMessage().contains("planted, at src/jni/plant.rs"), panic.getMessage());
        assertTrue(panic.getMessage().contains("this model cannot be used any more"), panic.getMessage());
        ParfocalException later = assertThrows(ParfocalException.class, () -> Native.modelDescribe(spoiled));
        assertTrue(later.getMessage().contains("has spoiled this model"), later.getMessage());
        Native.modelClose(spoiled);
        TestPixels.restored(other, TestPixels.shorts(80, 1), TestPixels.shape(10, 8, 1, 1));
        Native.modelClose(other);
    }

    @Test
    void aJavaExceptionIsNotLeftSilently() {
        ParfocalException found = assertThrows(ParfocalException.class, Planted::exception);
        assertEquals(Status.INTERNAL, found.status());
        assertTrue(
                found.getMessage().contains("the JVM threw java.util.ConcurrentModificationException inside this call"),
                found.getMessage());
    }

    @Test
    void aFullHeapIsNoFaultOfParfocal() {
        ParfocalException found = assertThrows(ParfocalException.class, Planted::noMemory);
        assertEquals(Status.OUT_OF_MEMORY, found.status());
        assertEquals(
                "the JVM has no memory left for this call: close what is not needed, or give it a larger heap (-Xmx)",
                found.getMessage());
    }
}
