package org.parfocal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.parfocal.Tiny.assertFails;

import java.nio.file.Paths;
import org.junit.jupiter.api.Test;

/** What there is without a model. */
@NeedsLibrary
class ParfocalTest {
    @Test
    void tellsVersionsAndFile() {
        assertTrue(Parfocal.version().matches("\\d+\\.\\d+\\.\\d+.*"), Parfocal.version());
        assertEquals(Libraries.ABI, Parfocal.abiVersion());
        assertEquals(Paths.get(System.getProperty("parfocal.library")), Parfocal.libraryPath());
        assertTrue(Parfocal.doctor().startsWith("{\"ok\":true,"), Parfocal.doctor());
    }

    @Test
    void sharperIsMore() {
        int side = 96;
        float[] sharp = new float[side * side];
        float[] soft = new float[side * side];
        byte[] sharpBytes = new byte[side * side];
        short[] sharpShorts = new short[side * side];
        for (int i = 0; i < sharp.length; i++) {
            double x = i % side;
            double y = i / side;
            sharp[i] = (float) (100 + 50 * Math.sin(x / 2) * Math.sin(y / 2));
            soft[i] = (float) (100 + 50 * Math.sin(x / 20) * Math.sin(y / 20));
            sharpBytes[i] = (byte) Math.round(sharp[i]);
            sharpShorts[i] = (short) Math.round(sharp[i] * 300);
        }
        double score = Parfocal.focusScore(sharp, side, side);
        assertTrue(score > 2 * Parfocal.focusScore(soft, side, side));
        // Neither gain nor type changes it, but for rounding.
        assertEquals(score, Parfocal.focusScore(sharpBytes, side, side), 0.02 * score);
        assertEquals(score, Parfocal.focusScore(sharpShorts, side, side), 0.001 * score);
        assertEquals(0, Parfocal.focusScore(new float[side * side], side, side));
        double[] both = Parfocal.focusScore(
                PixelType.F32,
                new float[][] {sharp, soft},
                Layout.of(side, side).planes(2));
        assertArrayEquals(new double[] {score, Parfocal.focusScore(soft, side, side)}, both);
    }

    @Test
    void badInputIsRefusedInWords() {
        assertFails(
                Status.INVALID_ARGUMENT,
                () -> Parfocal.focusScore(new byte[3], 2, 2),
                "pixels has 3 elements, width x height is 2 x 2");
        assertFails(Status.INVALID_ARGUMENT, () -> Parfocal.focusScore((short[]) null, 2, 2), "pixels is null");
        assertFails(
                Status.INVALID_ARGUMENT,
                () -> Parfocal.focusScore(
                        PixelType.U8, new byte[4], Layout.of(2, 2).planes(-1)),
                "planes");
        assertFails(
                Status.INVALID_ARGUMENT, () -> Parfocal.focusScore(PixelType.U8, new byte[4], null), "layout is null");
        assertFails(
                Status.INVALID_ARGUMENT, () -> Parfocal.focusScore(null, new byte[4], Layout.of(2, 2)), "type is null");
    }
}
