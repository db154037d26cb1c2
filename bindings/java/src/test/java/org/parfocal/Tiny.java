package org.parfocal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.Random;
import org.junit.jupiter.api.function.Executable;

/** The small model of the tests, and frames for it. */
final class Tiny {
    /** One thread: frames of a millisecond have nothing to share. */
    static final String OPTIONS = "device=cpu threads=1";

    private Tiny() {}

    static String model(String name) {
        Path folder = Paths.get(System.getProperty("parfocal.models"))
                .toAbsolutePath()
                .normalize();
        return folder.resolve(name).toString();
    }

    static ParfocalModel open() {
        return ParfocalModel.open(model("tiny.onnx"), OPTIONS);
    }

    static short[] shorts(int count, int seed) {
        Random random = new Random(seed);
        short[] pixels = new short[count];
        for (int i = 0; i < count; i++) {
            // Beyond 32767 too: 16 bits are unsigned.
            pixels[i] = (short) (30000 + 8000 * Math.sin(i / 9.0) + random.nextInt(500));
        }
        return pixels;
    }

    static byte[] bytes(int count, int seed) {
        byte[] pixels = new byte[count];
        short[] wide = shorts(count, seed);
        for (int i = 0; i < count; i++) {
            pixels[i] = (byte) ((wide[i] & 0xffff) >> 8);
        }
        return pixels;
    }

    static float[] floats(int count, int seed) {
        float[] pixels = new float[count];
        short[] wide = shorts(count, seed);
        for (int i = 0; i < count; i++) {
            pixels[i] = (wide[i] & 0xffff) / 1000f;
        }
        return pixels;
    }

    /** Many planes, so that there is time to do something meanwhile: a few seconds. */
    static short[][] longStack() {
        short[] plane = shorts(SIDE * SIDE, 3);
        short[][] stack = new short[1500][];
        java.util.Arrays.fill(stack, plane);
        return stack;
    }

    /** Of the planes of {@link #longStack}. */
    static final int SIDE = 128;

    static short[][] room(short[][] stack) {
        short[][] room = new short[stack.length][];
        for (int plane = 0; plane < room.length; plane++) {
            room[plane] = new short[stack[plane].length];
        }
        return room;
    }

    /** Fails with a message that has all the parts. */
    static ParfocalException assertFails(Status status, Executable call, String... parts) {
        ParfocalException e = assertThrows(ParfocalException.class, call);
        assertEquals(status, e.status(), e.getMessage());
        for (String part : parts) {
            assertTrue(e.getMessage().contains(part), e.getMessage());
        }
        return e;
    }
}
