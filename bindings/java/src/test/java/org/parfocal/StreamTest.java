package org.parfocal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.parfocal.Tiny.assertFails;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.ShortBuffer;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** Frames in, results out. */
class StreamTest extends TinyModel {
    private static final int WIDTH = 48;
    private static final int HEIGHT = 32;
    private static final int COUNT = WIDTH * HEIGHT;
    private static final Layout FRAME = Layout.of(WIDTH, HEIGHT);

    @Test
    void everyFrameComesOutInOrderWithItsTag() {
        try (ParfocalStream stream = ParfocalStream.open(model, PixelType.U16, FRAME, "mode=every depth=3")) {
            short[] result = new short[COUNT];
            for (int i = 0; i < 3; i++) {
                stream.submit(Tiny.shorts(COUNT, i), 100 + i);
            }
            ParfocalException full = assertFails(Status.WOULD_BLOCK, () -> stream.submit(Tiny.shorts(COUNT, 9), 9));
            assertEquals(-1, full.frameTag());
            for (int i = 0; i < 3; i++) {
                assertEquals(100 + i, stream.receive(result, -1));
                assertArrayEquals(model.restore(Tiny.shorts(COUNT, i), WIDTH, HEIGHT), result);
            }
            assertEquals(ParfocalStream.NOTHING, stream.receive(result, 0));
            assertEquals(ParfocalStream.NOTHING, stream.receive(result, 20));
            assertTrue(stream.describe().contains("\"received\":3"), stream.describe());
            assertTrue(stream.describe().contains("\"refused\":1"), stream.describe());
        }
    }

    @Test
    void everyTypeIsTheModels() {
        try (ParfocalStream stream = ParfocalStream.open(model, PixelType.U8, FRAME, null)) {
            byte[] frame = Tiny.bytes(COUNT, 1);
            byte[] result = new byte[COUNT];
            stream.submit(frame, 0);
            assertEquals(0, stream.receive(result, -1));
            assertArrayEquals(model.restore(frame, WIDTH, HEIGHT), result);
        }
        try (ParfocalStream stream = ParfocalStream.open(model, PixelType.F32, FRAME, null)) {
            float[] frame = Tiny.floats(COUNT, 1);
            float[] result = new float[COUNT];
            stream.submit(frame, Long.MIN_VALUE);
            assertEquals(Long.MIN_VALUE, stream.receive(result, -1));
            assertArrayEquals(model.restore(frame, WIDTH, HEIGHT), result);
        }
        try (ParfocalStream stream = ParfocalStream.open(model, PixelType.U8, FRAME.channels(3), null)) {
            int[] frame = new int[COUNT];
            byte[] bytes = Tiny.bytes(COUNT, 5);
            for (int i = 0; i < COUNT; i++) {
                frame[i] = 0x7f000000 | (bytes[i] & 0xff) << 16 | i % 200;
            }
            int[] result = new int[COUNT];
            stream.submit(frame, 1);
            assertEquals(1, stream.receive(result, -1));
            int[] expected = model.restore(frame, WIDTH, HEIGHT);
            for (int i = 0; i < COUNT; i++) {
                assertEquals(expected[i] & 0xffffff, result[i], "alpha stays as the room has it");
            }
        }
    }

    @Test
    void aDriversBufferWithPaddedRowsGoesInAndOut() {
        int pitch = 64;
        Layout padded = FRAME.strides(1, pitch, 0, 0);
        short[] frame = Tiny.shorts(COUNT, 2);
        ShortBuffer driver = ByteBuffer.allocateDirect(2 * pitch * HEIGHT)
                .order(ByteOrder.nativeOrder())
                .asShortBuffer();
        ShortBuffer room = ByteBuffer.allocateDirect(2 * pitch * HEIGHT)
                .order(ByteOrder.nativeOrder())
                .asShortBuffer();
        for (int i = 0; i < COUNT; i++) {
            driver.put(i / WIDTH * pitch + i % WIDTH, frame[i]);
        }
        try (ParfocalStream stream = ParfocalStream.open(model, PixelType.U16, padded, null)) {
            stream.submit(driver, 5);
            assertEquals(5, stream.receive(room, -1));
        }
        short[] expected = model.restore(frame, WIDTH, HEIGHT);
        for (int i = 0; i < COUNT; i++) {
            assertEquals(expected[i], room.get(i / WIDTH * pitch + i % WIDTH));
        }
    }

    @Test
    void latestKeepsTheNewestAndCountsTheRest() {
        try (ParfocalStream stream = ParfocalStream.open(model, PixelType.U16, Layout.of(256, 256), "mode=latest")) {
            short[] frame = Tiny.shorts(256 * 256, 1);
            for (int i = 0; i < 50; i++) {
                stream.submit(frame, i);
            }
            short[] result = new short[256 * 256];
            long tag = stream.receive(result, -1);
            while (tag != 49) {
                long next = stream.receive(result, 20_000);
                assertTrue(next > tag, next + " after " + tag);
                tag = next;
            }
            assertArrayEquals(model.restore(frame, 256, 256), result);
            assertTrue(stream.describe().contains("\"submitted\":50"), stream.describe());
            assertTrue(!stream.describe().contains("\"dropped\":0,"), stream.describe());
        }
    }

    @Test
    void closeWakesAReceiverThatWaits() throws InterruptedException {
        ParfocalStream stream = closedWhileAReceiverWaits();
        stream.close();
        String words = "this stream is closed; expected an open one: open another with ParfocalStream.open";
        assertFails(Status.INVALID_HANDLE, () -> stream.submit(new short[COUNT], 1), words);
        assertFails(Status.INVALID_HANDLE, () -> stream.receive(new short[COUNT], 0), words);
        assertFails(Status.INVALID_HANDLE, stream::describe, words);
    }

    /**
     * On a busy machine the receiver may come too late and find the stream closed: then again, with more time for it.
     */
    private static ParfocalStream closedWhileAReceiverWaits() throws InterruptedException {
        for (int patience = 50; ; patience *= 2) {
            ParfocalStream stream = ParfocalStream.open(model, PixelType.U16, FRAME, null);
            AtomicReference<Throwable> thrown = new AtomicReference<>();
            Thread receiver = new Thread(() -> stream.receive(new short[COUNT], -1));
            receiver.setUncaughtExceptionHandler((thread, e) -> thrown.set(e));
            receiver.start();
            Thread.sleep(patience);
            assertTrue(receiver.isAlive());
            stream.close();
            receiver.join(20_000);
            Status status = ((ParfocalException) thrown.get()).status();
            if (status != Status.INVALID_HANDLE || patience > 6400) {
                assertEquals(Status.CLOSED, status, String.valueOf(thrown.get()));
                return stream;
            }
        }
    }

    @Test
    void goesOnWithoutItsModel() {
        ParfocalModel own = Tiny.open();
        try (ParfocalStream stream = ParfocalStream.open(own, PixelType.U16, FRAME, null)) {
            own.close();
            short[] frame = Tiny.shorts(COUNT, 3);
            stream.submit(frame, 1);
            short[] result = new short[COUNT];
            assertEquals(1, stream.receive(result, -1));
            assertArrayEquals(model.restore(frame, WIDTH, HEIGHT), result);
        }
    }

    @Test
    void aFrameThatFailsIsNamedAndTheStreamGoesOn() {
        // One over what it sees: infinite where that is 0.
        try (ParfocalModel inverse = ParfocalModel.open(Tiny.model("inverse.onnx"), Tiny.OPTIONS);
                ParfocalStream stream =
                        ParfocalStream.open(inverse, PixelType.F32, Layout.of(16, 16), "normalize=0:1")) {
            float[] good = new float[256];
            for (int i = 0; i < good.length; i++) {
                good[i] = 1 + i % 7;
            }
            float[] bad = good.clone();
            bad[9] = 0;
            stream.submit(bad, 7);
            stream.submit(good, 8);
            float[] result = new float[256];
            ParfocalException e = assertFails(Status.MODEL, () -> stream.receive(result, -1), "frame 7");
            assertEquals(7, e.frameTag());
            assertArrayEquals(new float[256], result);
            assertEquals(8, stream.receive(result, -1));
            assertEquals(0.5f, result[1]);
        }
    }

    @Test
    void badFramesAreRefusedInWords() {
        try (ParfocalStream stream = ParfocalStream.open(model, PixelType.U16, FRAME, null)) {
            assertFails(
                    Status.INVALID_ARGUMENT,
                    () -> stream.submit(new short[COUNT + 1], 1),
                    "a frame of 1537 elements; this stream takes 1536");
            assertFails(
                    Status.INVALID_ARGUMENT, () -> stream.submit(new short[COUNT - 1], 1), "frame has 1535 elements");
            assertFails(Status.INVALID_ARGUMENT, () -> stream.submit(new byte[COUNT], 1), "byte[]", "short[]");
            assertFails(Status.INVALID_ARGUMENT, () -> stream.submit((short[]) null, 1), "frame is null");
            assertFails(Status.INVALID_ARGUMENT, () -> stream.submit(new short[COUNT], -1), "tag = -1");
            assertFails(Status.INVALID_ARGUMENT, () -> stream.receive(new short[COUNT], -2), "timeout_ms = -2");
        }
        assertFails(
                Status.INVALID_ARGUMENT,
                () -> ParfocalStream.open(null, PixelType.U8, FRAME, null),
                "model is null; expected an open ParfocalModel");
        assertFails(Status.INVALID_ARGUMENT, () -> ParfocalStream.open(model, null, FRAME, null), "type is null");
        assertFails(
                Status.INVALID_ARGUMENT, () -> ParfocalStream.open(model, PixelType.U8, null, null), "layout is null");
        assertFails(
                Status.BAD_OPTION, () -> ParfocalStream.open(model, PixelType.U8, FRAME, "mode=some"), "mode", "every");
        assertFails(
                Status.INVALID_ARGUMENT,
                () -> ParfocalStream.open(model, PixelType.U8, FRAME.planes(2), null),
                "planes");
    }
}
