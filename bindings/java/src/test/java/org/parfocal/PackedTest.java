package org.parfocal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** Packed pixels of cameras. */
@NeedsLibrary
class PackedTest {
    private static byte[] bytes(int... values) {
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            bytes[i] = (byte) values[i];
        }
        return bytes;
    }

    /** Two pixels, 0xABC and 0x123, in both layouts of 12 bits; 0x2AF and 0x155 in both of 10. */
    @Test
    void layoutsAreNotEachOther() {
        byte[] twelveP = bytes(0xbc, 0x3a, 0x12);
        byte[] twelvePacked = bytes(0xab, 0x3c, 0x12);
        short[] twelve = {0xabc, 0x123};
        assertArrayEquals(twelve, Parfocal.unpack(Packing.MONO12P, twelveP, 2, 1, 0));
        assertArrayEquals(twelve, Parfocal.unpack(Packing.MONO12_PACKED, twelvePacked, 2, 1, 0));
        assertFalse(Arrays.equals(twelve, Parfocal.unpack(Packing.MONO12P, twelvePacked, 2, 1, 0)));
        short[] ten = {0x2af, 0x155};
        assertArrayEquals(ten, Parfocal.unpack(Packing.MONO10P, bytes(0xaf, 0x56, 0x05), 2, 1, 0));
        assertArrayEquals(ten, Parfocal.unpack(Packing.MONO10_PACKED, bytes(0xab, 0x13, 0x55), 2, 1, 0));
    }

    @Test
    void rowsMayHaveGaps() {
        byte[] rows = bytes(0xbc, 0x3a, 0x12, 99, 0xbc, 0x3a, 0x12);
        assertArrayEquals(new short[] {0xabc, 0x123, 0xabc, 0x123}, Parfocal.unpack(Packing.MONO12P, rows, 2, 2, 4));
    }

    @Test
    void badSizesAreRefused() {
        refused(
                Packing.MONO12P,
                new byte[5],
                2,
                2,
                0,
                "5 bytes of packed pixels; expected 6 for 2x2 pixels as Mono12p");
        refused(Packing.MONO12P, new byte[9], 2, 2, 2, "row_bytes = 2; expected at least 3");
        refused(Packing.MONO12P, new byte[9], 2, 2, -1, "row bytes = -1; expected 0");
        refused(Packing.MONO12P, new byte[9], 0, 2, 0, "width x height is 0 x 2; expected sizes of at least 1");
        refused(Packing.MONO12P, new byte[9], 1 << 20, 1 << 20, 0, "fewer pixels than bytes");
        refused(Packing.MONO12P, null, 2, 2, 0, "bytes is null");
        refused(null, new byte[9], 2, 2, 0, "packing is null; expected a Packing");
    }

    private static void refused(Packing packing, byte[] bytes, int width, int height, long rowBytes, String words) {
        ParfocalException e =
                assertThrows(ParfocalException.class, () -> Parfocal.unpack(packing, bytes, width, height, rowBytes));
        assertEquals(Status.INVALID_ARGUMENT, e.status());
        assertTrue(e.getMessage().contains(words), e.getMessage());
    }
}
