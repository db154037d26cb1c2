package org.parfocal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.parfocal.TestPixels.F32;
import static org.parfocal.TestPixels.U16;
import static org.parfocal.TestPixels.U8;
import static org.parfocal.TestPixels.shape;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;

/** Streams from Java: frames in, results out, failures with their tags. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class NativeStreamTest {
    private static final long[] FRAME = shape(40, 32, 1, 1);
    private static final int AREA = 40 * 32;
    private static final int LONG = 60_000;
    private static long model;

    @BeforeAll
    static void open() {
        Parfocal.version();
        model = TestPixels.tiny("");
    }

    @AfterAll
    static void close() {
        Native.modelClose(model);
    }

    private static ParfocalException fails(Status status, String words, Executable call) {
        ParfocalException failed = assertThrows(ParfocalException.class, call);
        assertEquals(status, failed.status(), failed.getMessage());
        assertTrue(failed.getMessage().contains(words), failed.getMessage());
        return failed;
    }

    @Test
    void framesComeBackInOrder() {
        long stream = Native.streamOpen(model, U16, FRAME, "depth=3");
        for (int i = 0; i < 3; i++) {
            Native.streamSubmit(stream, TestPixels.shorts(AREA, i), 0, null, 100 + i);
        }
        fails(Status.WOULD_BLOCK, "receive one first", () -> Native.streamSubmit(stream, new short[AREA], 0, null, 1));
        for (int i = 0; i < 3; i++) {
            short[] frame = new short[5 + 2 * AREA];
            long[] tag = {0};
            Native.streamReceive(stream, frame, 5, new long[] {2, 80, 0, 0}, tag, LONG);
            assertEquals(100 + i, tag[0]);
            short[] expected = TestPixels.restored(model, TestPixels.shorts(AREA, i), FRAME);
            short[] found = new short[AREA];
            for (int at = 0; at < AREA; at++) {
                found[at] = frame[5 + 2 * at];
                assertEquals(0, frame[6 + 2 * at - 2]);
            }
            assertArrayEquals(expected, found);
        }
        long[] tag = {5};
        fails(Status.WOULD_BLOCK, "", () -> Native.streamReceive(stream, new short[AREA], 0, null, tag, 0));
        assertEquals(-1, tag[0]);
        fails(Status.TIMEOUT, "", () -> Native.streamReceive(stream, new short[AREA], 0, null, null, 10));
        assertTrue(Native.streamDescribe(stream).contains("\"received\":3,"), Native.streamDescribe(stream));
        Native.streamClose(stream);
        fails(Status.INVALID_HANDLE, "closed", () -> Native.streamDescribe(stream));
    }

    @Test
    void coloursAndBuffers() {
        long stream = Native.streamOpen(model, U8, shape(40, 32, 3, 1), "");
        int[] frame = new int[AREA];
        for (int i = 0; i < AREA; i++) {
            frame[i] = TestPixels.value(i, 3);
        }
        Native.streamSubmit(stream, frame, 0, null, -2);
        ByteBuffer found = ByteBuffer.allocateDirect(3 * AREA);
        long[] tag = {0};
        Native.streamReceive(stream, found, 0, null, tag, -1);
        assertEquals(-2, tag[0]);
        TestPixels.restore(model, U8, frame, frame, shape(40, 32, 3, 1));
        for (int i = 0; i < AREA; i++) {
            assertEquals((byte) (frame[i] >> 16), found.get(3 * i));
            assertEquals((byte) frame[i], found.get(3 * i + 2));
        }
        Native.streamClose(stream);
    }

    @Test
    void aFrameThatFailsKeepsItsTag() {
        long stream = Native.streamOpen(model, F32, FRAME, "");
        // So far apart that their difference is no 32-bit float.
        float[] frame = new float[AREA];
        for (int i = 0; i < AREA; i++) {
            frame[i] = TestPixels.value(i, 4) % 2 == 0 ? 3.4e38f : -3.4e38f;
        }
        Native.streamSubmit(stream, frame, 0, null, 41);
        Native.streamSubmit(stream, TestPixels.floats(AREA, 5), 0, null, 42);
        float[] found = new float[AREA];
        Arrays.fill(found, 7);
        long[] tag = {0};
        fails(Status.UNSUPPORTED, "frame 41: ", () -> Native.streamReceive(stream, found, 0, null, tag, LONG));
        assertEquals(41, tag[0]);
        assertEquals(7, found[AREA / 2]);
        Native.streamReceive(stream, found, 0, null, tag, LONG);
        assertEquals(42, tag[0]);
        float[] expected = TestPixels.floats(AREA, 5);
        TestPixels.restore(model, F32, expected, expected, FRAME);
        assertArrayEquals(expected, found);
        Native.streamClose(stream);
    }

    @Test
    void closingWakesTheReceiver() throws Exception {
        long stream = Native.streamOpen(model, U16, FRAME, "mode=latest");
        Thread closer = new Thread(() -> {
            NativeRunTest.sleep(200);
            Native.streamClose(stream);
        });
        closer.start();
        fails(Status.CLOSED, "closed", () -> Native.streamReceive(stream, new short[AREA], 0, null, null, -1));
        closer.join();
    }

    @Test
    void wrongFramesAreRefused() {
        long stream = Native.streamOpen(model, U16, FRAME, "");
        fails(Status.INVALID_ARGUMENT, "a frame of 1281 elements; this stream takes 1280 (40x32",
                () -> Native.streamSubmit(stream, new short[AREA + 1], 0, null, 1));
        fails(Status.INVALID_ARGUMENT, "frame has 1279 elements",
                () -> Native.streamSubmit(stream, new short[AREA - 1], 0, null, 1));
        fails(Status.INVALID_ARGUMENT, "frame has 1280 elements",
                () -> Native.streamReceive(stream, new short[AREA], 1, null, null, LONG));
        fails(Status.INVALID_ARGUMENT, "frame is null; expected short[]",
                () -> Native.streamSubmit(stream, null, 0, null, 1));
        fails(Status.INVALID_ARGUMENT, "frame is byte[]; expected short[]",
                () -> Native.streamSubmit(stream, new byte[2 * AREA], 0, null, 1));
        fails(Status.INVALID_ARGUMENT, "tag = -1, which stands for no frame",
                () -> Native.streamSubmit(stream, new short[AREA], 0, null, -1));
        fails(Status.INVALID_ARGUMENT, "tag has no element",
                () -> Native.streamReceive(stream, new short[AREA], 0, null, new long[0], LONG));
        fails(Status.INVALID_ARGUMENT, "timeout_ms = -7; expected milliseconds",
                () -> Native.streamReceive(stream, new short[AREA], 0, null, null, -7));
        fails(Status.INVALID_ARGUMENT, "strides has 2 numbers; expected 4: x, y, channel, plane",
                () -> Native.streamSubmit(stream, new short[AREA], 0, new long[2], 1));
        fails(Status.INVALID_ARGUMENT, "pixel_type = 9", () -> Native.streamOpen(model, 9, FRAME, ""));
        fails(Status.INVALID_ARGUMENT, "frame shape is null", () -> Native.streamOpen(model, U16, null, ""));
        fails(Status.INVALID_ARGUMENT, "expected 1: submit plane by plane",
                () -> Native.streamOpen(model, U16, shape(4, 4, 1, 2), ""));
        fails(Status.BAD_OPTION, "depth", () -> Native.streamOpen(model, U16, FRAME, "depth=0"));
        fails(Status.INVALID_HANDLE, "stream", () -> Native.streamOpen(stream, U16, FRAME, ""));
        Native.streamClose(stream);
        fails(Status.INVALID_HANDLE, "closed", () -> Native.streamClose(stream));
    }
}
