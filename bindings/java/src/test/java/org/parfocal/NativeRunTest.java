package org.parfocal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.parfocal.TestPixels.U16;
import static org.parfocal.TestPixels.shape;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Runs from several threads, long ones, stopped ones, and arrays that change hands meanwhile. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class NativeRunTest extends NativeModel {
    private static final int WIDTH = 40;
    private static final int HEIGHT = 32;
    private static final int AREA = WIDTH * HEIGHT;

    private static long[] progress(long task) {
        long[] progress = new long[3];
        Native.taskProgress(task, progress);
        return progress;
    }

    @Test
    void tenThousandPlanes() {
        int planes = 10_000;
        Object[] src = new Object[planes];
        Object[] dst = new Object[planes];
        for (int plane = 0; plane < planes; plane++) {
            src[plane] = TestPixels.shorts(16, plane);
            dst[plane] = new short[16];
        }
        long task = Native.taskCreate();
        Native.restore(model, task, U16, src, 0, null, dst, 0, null, shape(4, 4, 1, planes), "");
        assertArrayEquals(new long[] {planes, planes, planes}, progress(task));
        assertTrue(Native.taskDescribe(task).contains("\"planes_done\":10000,"));
        Native.taskClose(task);
        for (int plane : new int[] {0, 1, 4999, 9999}) {
            short[] expected = TestPixels.restored(model, (short[]) src[plane], shape(4, 4, 1, 1));
            assertArrayEquals(expected, (short[]) dst[plane], "plane " + plane);
        }
        double[] scores = new double[planes];
        Native.focusScore(U16, src, 0, null, shape(4, 4, 1, planes), scores);
        assertTrue(Arrays.stream(scores).allMatch(score -> score > 0));
    }

    @Test
    void aStackSharesARangeIfAsked() {
        Object[] src = {TestPixels.shorts(AREA, 1), new short[AREA]};
        for (int i = 0; i < AREA; i++) {
            ((short[]) src[1])[i] = (short) (TestPixels.value(i, 2) & 0xff);
        }
        short[] together = new short[2 * AREA];
        System.arraycopy(src[0], 0, together, 0, AREA);
        System.arraycopy(src[1], 0, together, AREA, AREA);
        short[] expected = new short[2 * AREA];
        Native.restore(
                model, 0, U16, together, 0, null, expected, 0, null, shape(WIDTH, HEIGHT, 1, 2), "normalize=stack");
        Object[] dst = {new short[AREA], new short[AREA]};
        Native.restore(
                model, 0, U16, src, 0, null, dst, 0, null, shape(WIDTH, HEIGHT, 1, 2), "normalize=stack tile=64");
        assertArrayEquals(Arrays.copyOf(expected, AREA), (short[]) dst[0]);
        assertArrayEquals(Arrays.copyOfRange(expected, AREA, 2 * AREA), (short[]) dst[1]);
    }

    @Test
    void fourThreadsWhileTheCollectorRuns() throws Exception {
        short[][] frames = new short[8][];
        short[][] expected = new short[8][];
        for (int i = 0; i < frames.length; i++) {
            frames[i] = TestPixels.shorts(256 * 256, i);
            expected[i] = TestPixels.restored(model, frames[i], shape(256, 256, 1, 1));
        }
        AtomicBoolean over = new AtomicBoolean();
        Thread collector = new Thread(() -> {
            List<byte[]> kept = new ArrayList<>();
            while (!over.get()) {
                kept.add(new byte[1 << 20]);
                if (kept.size() == 16) {
                    kept.clear();
                    System.gc();
                }
            }
        });
        collector.start();
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            List<Future<?>> runs = new ArrayList<>();
            for (int thread = 0; thread < 4; thread++) {
                int first = thread;
                runs.add(threads.submit(() -> {
                    for (int i = 0; i < 40; i++) {
                        int which = (first + i) % frames.length;
                        // Fresh arrays in and out: the young ones are those that the collector moves.
                        Object[] src = {frames[which].clone(), frames[(which + 1) % 8].clone()};
                        Object[] dst = {new short[256 * 256], new short[256 * 256]};
                        TestPixels.restore(model, U16, src, dst, shape(256, 256, 1, 2));
                        assertArrayEquals(expected[which], (short[]) dst[0]);
                        assertArrayEquals(expected[(which + 1) % 8], (short[]) dst[1]);
                    }
                }));
            }
            for (Future<?> run : runs) {
                run.get();
            }
        } finally {
            over.set(true);
            threads.shutdownNow();
            collector.join();
        }
    }

    @Test
    void cancelFromAnotherThreadLeavesTheRestAsItWas() throws Exception {
        long released = Native.modelOpen(null, "device=cpu threads=1");
        long task = Native.taskCreate();
        // A second plane is never begun; with the released model even the first takes seconds.
        Object[] src = {TestPixels.shorts(1024 * 1024, 1), TestPixels.shorts(1024 * 1024, 2)};
        Object[] dst = {new short[1024 * 1024], new short[1024 * 1024]};
        Thread stopper = new Thread(() -> {
            while (progress(task)[1] == 0) {
                Thread.yield();
            }
            sleep(300);
            Native.taskCancel(task);
        });
        stopper.start();
        long started = System.nanoTime();
        ParfocalException stopped = assertThrows(
                ParfocalException.class,
                () -> Native.restore(released, task, U16, src, 0, null, dst, 0, null, shape(1024, 1024, 1, 2), ""));
        double seconds = (System.nanoTime() - started) / 1e9;
        stopper.join();
        assertEquals(Status.CANCELLED, stopped.status(), stopped.getMessage());
        assertTrue(seconds < 20, seconds + " s");
        assertEquals(0, progress(task)[2]);
        assertArrayEquals(new short[1024 * 1024], (short[]) dst[0]);
        assertArrayEquals(TestPixels.shorts(1024 * 1024, 1), (short[]) src[0]);
        Native.taskClose(task);
        Native.modelClose(released);
    }

    @Test
    void aPlaneThatIsTakenAwayEndsTheRun() throws Exception {
        String[] wanted = {
            "src plane 1500 is null; expected short[]",
            "dst plane 1500 has 3 elements; shape 40x32",
            "src plane 1500 is float[]; expected short[] for 16-bit pixels"
        };
        for (int which = 0; which < wanted.length; which++) {
            int planes = 2000;
            Object[] src = new Object[planes];
            Object[] dst = new Object[planes];
            for (int plane = 0; plane < planes; plane++) {
                // The one in question is constant: such planes are copied without asking the network.
                src[plane] = plane == 1500 ? new short[AREA] : TestPixels.shorts(AREA, plane);
                dst[plane] = new short[AREA];
                ((short[]) dst[plane])[0] = 77;
            }
            Object[] changed = which == 1 ? dst : src;
            Object instead = new Object[] {null, new short[3], new float[AREA]}[which];
            short[] untouched = (short[]) dst[1500];
            long task = Native.taskCreate();
            Thread thief = new Thread(() -> {
                while (progress(task)[2] < 3) {
                    Thread.yield();
                }
                changed[1500] = instead;
            });
            thief.start();
            ParfocalException failed = assertThrows(
                    ParfocalException.class,
                    () -> Native.restore(
                            model, task, U16, src, 0, null, dst, 0, null, shape(WIDTH, HEIGHT, 1, planes), ""));
            thief.join();
            assertEquals(Status.INVALID_ARGUMENT, failed.status(), failed.getMessage());
            assertTrue(failed.getMessage().contains(wanted[which]), failed.getMessage());
            assertEquals(1500, progress(task)[2]);
            short[] last = TestPixels.restored(model, (short[]) src[1499], shape(WIDTH, HEIGHT, 1, 1));
            assertArrayEquals(last, (short[]) dst[1499]);
            assertEquals(77, untouched[0]);
            assertEquals(77, ((short[]) dst[1999])[0]);
            Native.taskClose(task);
        }
        // The model is as good as before.
        TestPixels.restored(model, TestPixels.shorts(AREA, 1), shape(WIDTH, HEIGHT, 1, 1));
    }

    @Test
    void filesWithNamesOfAllKinds(@TempDir Path folder) throws IOException {
        // Out under the name and in again: the engine alone meets it, since a JVM in the C locale has no such file
        // names.
        String input = TestPixels.file("tests/data/good/stack-u8.tif").toString();
        byte[] expected = null;
        for (String name : new String[] {"plain", "caf\u00e9", "\u65e5\u672c", "\ud83d\udd2c lens"}) {
            String named = folder + "/" + name + ".tif";
            Path again = folder.resolve("again.tif");
            long task = Native.taskCreate();
            Native.restoreFile(model, task, input, named, "tile=auto");
            assertTrue(Native.taskDescribe(task).contains("\"pixel_size_um\""), Native.taskDescribe(task));
            Native.taskClose(task);
            Native.restoreFile(model, 0, named, again.toString(), null);
            byte[] made = Files.readAllBytes(again);
            Files.delete(again);
            expected = expected == null ? made : expected;
            assertArrayEquals(expected, made, name);
        }
    }

    @Test
    void textsComeBackWhole() {
        // What a message repeats has gone in and out through Java's own encoding.
        String name = "/no such folder/caf\u00e9 \u65e5\u672c \ud83d\udd2c.onnx";
        ParfocalException missing = assertThrows(ParfocalException.class, () -> Native.modelOpen(name, ""));
        assertEquals(Status.NOT_FOUND, missing.status());
        assertTrue(missing.getMessage().startsWith(name + ": "), missing.getMessage());
    }

    @Test
    void versionsDoctorAndDescriptions() throws IOException {
        assertEquals(1, Native.abiVersion());
        assertTrue(Native.version().matches("\\d+\\.\\d+\\.\\d+"), Native.version());
        assertTrue(Native.doctor().contains("\"problems\""), Native.doctor());
        byte[] onnx = Files.readAllBytes(TestPixels.file("tests/models/tiny.onnx"));
        long same = Native.modelOpenMemory(onnx, "device=cpu threads=1");
        assertEquals(Native.modelDescribe(model), Native.modelDescribe(same));
        assertTrue(Native.modelDescribe(same).contains("\"threads\":1,"), Native.modelDescribe(same));
        Native.modelClose(same);
    }

    static void sleep(long milliseconds) {
        try {
            Thread.sleep(milliseconds);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
