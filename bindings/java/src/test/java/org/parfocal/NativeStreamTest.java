package org.parfocal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.parfocal.TestPixels.F32;
import static org.parfocal.TestPixels.U16;
import static org.parfocal.TestPixels.U8;
import static org.parfocal.TestPixels.shape;
import static org.parfocal.Tiny.assertFails;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Streams from Java: frames in, results out, failures with their tags. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class NativeStreamTest extends NativeModel {
    private static final long[] FRAME = shape(40, 32, 1, 1);
    private static final int AREA = 40 * 32;
    private static final int LONG = 60_000;

    @Test
    void framesComeBackInOrder() {
        long stream = Native.streamOpen(model, U16, FRAME, "depth=3");
        for (int i = 0; i < 3; i++) {
            Native.streamSubmit(stream, TestPixels.shorts(AREA, i), 0, null, 100 + i);
        }
        assertFails(
                Status.WOULD_BLOCK,
                () -> Native.streamSubmit(stream, new short[AREA], 0, null, 1),
                "receive one first");
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
        assertFails(Status.WOULD_BLOCK, () -> Native.streamReceive(stream, new short[AREA], 0, null, tag, 0));
        assertEquals(-1, tag[0]);
        assertFails(Status.TIMEOUT, () -> Native.streamReceive(stream, new short[AREA], 0, null, null, 10));
        assertTrue(Native.streamDescribe(stream).contains("\"received\":3,"), Native.streamDescribe(stream));
        Native.streamClose(stream);
        assertFails(Status.INVALID_HANDLE, () -> Native.streamDescribe(stream), "closed");
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
        assertFails(Status.UNSUPPORTED, () -> Native.streamReceive(stream, found, 0, null, tag, LONG), "frame 41: ");
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
        Status status = Status.INVALID_HANDLE;
        // On a busy machine the stream may be closed before this thread waits: then again, with more time for it.
        for (int patience = 50; status == Status.INVALID_HANDLE && patience <= 6400; patience *= 2) {
            long stream = Native.streamOpen(model, U16, FRAME, "mode=latest");
            int delay = patience;
            Thread closer = new Thread(() -> {
                NativeRunTest.sleep(delay);
                Native.streamClose(stream);
            });
            closer.start();
            ParfocalException closed = assertThrows(
                    ParfocalException.class, () -> Native.streamReceive(stream, new short[AREA], 0, null, null, -1));
            closer.join();
            assertTrue(closed.getMessage().contains("closed"), closed.getMessage());
            status = closed.status();
        }
        assertEquals(Status.CLOSED, status);
    }

    @Test
    void wrongFramesAreRefused() {
        long stream = Native.streamOpen(model, U16, FRAME, "");
        assertFails(
                Status.INVALID_ARGUMENT,
                () -> Native.streamSubmit(stream, new short[AREA + 1], 0, null, 1),
                "a frame of 1281 elements; this stream takes 1280 (40x32");
        assertFails(
                Status.INVALID_ARGUMENT,
                () -> Native.streamSubmit(stream, new short[AREA - 1], 0, null, 1),
                "frame has 1279 elements");
        assertFails(
                Status.INVALID_ARGUMENT,
                () -> Native.streamReceive(stream, new short[AREA], 1, null, null, LONG),
                "frame has 1280 elements");
        assertFails(
                Status.INVALID_ARGUMENT,
                () -> Native.streamSubmit(stream, null, 0, null, 1),
                "frame is null; expected short[]");
        assertFails(
                Status.INVALID_ARGUMENT,
                () -> Native.streamSubmit(stream, new byte[2 * AREA], 0, null, 1),
                "frame is byte[]; expected short[]");
        assertFails(
                Status.INVALID_ARGUMENT,
                () -> Native.streamSubmit(stream, new short[AREA], 0, null, -1),
                "tag = -1, which stands for no frame");
        assertFails(
                Status.INVALID_ARGUMENT,
                () -> Native.streamReceive(stream, new short[AREA], 0, null, new long[0], LONG),
                "tag has no element");
        assertFails(
                Status.INVALID_ARGUMENT,
                () -> Native.streamReceive(stream, new short[AREA], 0, null, null, -7),
                "timeout_ms = -7; expected milliseconds");
        assertFails(
                Status.INVALID_ARGUMENT,
                () -> Native.streamSubmit(stream, new short[AREA], 0, new long[2], 1),
                "strides has 2 numbers; expected 4: x, y, channel, plane");
        assertFails(Status.INVALID_ARGUMENT, () -> Native.streamOpen(model, 9, FRAME, ""), "pixel_type = 9");
        assertFails(Status.INVALID_ARGUMENT, () -> Native.streamOpen(model, U16, null, ""), "frame shape is null");
        assertFails(
                Status.INVALID_ARGUMENT,
                () -> Native.streamOpen(model, U16, shape(4, 4, 1, 2), ""),
                "expected 1: submit plane by plane");
        assertFails(Status.BAD_OPTION, () -> Native.streamOpen(model, U16, FRAME, "depth=0"), "depth");
        assertFails(Status.INVALID_HANDLE, () -> Native.streamOpen(stream, U16, FRAME, ""), "stream");
        Native.streamClose(stream);
        assertFails(Status.INVALID_HANDLE, () -> Native.streamClose(stream), "closed");
    }
}
