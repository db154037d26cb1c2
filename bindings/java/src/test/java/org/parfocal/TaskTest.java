package org.parfocal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.parfocal.Tiny.assertFails;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** Progress and cancel. */
class TaskTest extends TinyModel {
    private static final Layout PLANE = Layout.of(Tiny.SIDE, Tiny.SIDE);

    private static void waitForPlanes(ParfocalTask task, long planes) {
        while (task.planesDone() < planes) {
            Thread.yield();
        }
    }

    @Test
    void cancelLeavesThePlanesThatWereNotDone() throws InterruptedException {
        short[][] stack = Tiny.longStack();
        short[][] restored = Tiny.room(stack);
        try (ParfocalTask task = new ParfocalTask()) {
            Thread canceller = new Thread(() -> {
                waitForPlanes(task, 3);
                task.cancel();
            });
            canceller.start();
            assertFails(
                    Status.CANCELLED, () -> model.restorePlanes(stack, restored, PLANE, null, task), "cancelled after");
            canceller.join();
            int done = (int) task.planesDone();
            assertTrue(done >= 3 && done < stack.length, done + " planes");
            short[] expected = model.restore(stack[0], Tiny.SIDE, Tiny.SIDE);
            short[] untouched = new short[Tiny.SIDE * Tiny.SIDE];
            for (int plane = 0; plane < stack.length; plane++) {
                assertArrayEquals(
                        plane < done ? expected : untouched, restored[plane], "plane " + plane + " of " + done);
            }
            assertTrue(task.describe().contains("\"cancelled\":true"), task.describe());
        }
    }

    @Test
    void cancelBeforeTheRunForbidsIt() {
        short[] frame = Tiny.shorts(16 * 16, 1);
        short[] kept = frame.clone();
        try (ParfocalTask task = new ParfocalTask()) {
            task.cancel();
            assertFails(
                    Status.CANCELLED,
                    () -> model.restore(PixelType.U16, frame, Layout.of(16, 16), frame, Layout.of(16, 16), null, task));
        }
        assertArrayEquals(kept, frame);
    }

    @Test
    void aSecondRunIsRefused() {
        short[] frame = Tiny.shorts(16 * 16, 1);
        Layout layout = Layout.of(16, 16);
        try (ParfocalTask task = new ParfocalTask()) {
            assertEquals(0, task.total());
            model.restore(PixelType.U16, frame, layout, frame, layout, null, task);
            assertEquals(1, task.planesDone());
            assertEquals(task.total(), task.done());
            assertTrue(task.describe().contains("\"report\":{"), task.describe());
            assertFails(
                    Status.INVALID_ARGUMENT,
                    () -> model.restore(PixelType.U16, frame, layout, frame, layout, null, task),
                    "belongs to an earlier run",
                    "create a task for each run");
        }
    }

    /** The model's expected error is a quarter of what the network sees; in reflected light that is not changed. */
    @Test
    void theErrorMapHasEachPlaneInTheImagesUnits() {
        float[][] stack = {Tiny.floats(20 * 12, 1), Tiny.floats(20 * 12, 2)};
        float[][] restored = {new float[20 * 12], new float[20 * 12]};
        try (ParfocalModel told = ParfocalModel.open(Tiny.model("told.onnx"), Tiny.OPTIONS);
                ParfocalTask task = new ParfocalTask()) {
            String options = "error_map=on light=reflected normalize=0:100";
            told.restorePlanes(stack, restored, Layout.of(20, 12), options, task);
            for (int plane = 0; plane < 2; plane++) {
                float[] errors = task.errorMap(plane);
                assertEquals(20 * 12, errors.length);
                for (int i = 0; i < errors.length; i++) {
                    assertEquals(0.25 * stack[plane][i], errors[i], 1e-3);
                }
            }
            assertFails(Status.INVALID_ARGUMENT, () -> task.errorMap(2), "plane 2: expected 0 to 1");
            assertFails(Status.INVALID_ARGUMENT, () -> task.errorMap(-1), "plane -1: expected 0 to 1");
            assertFails(
                    Status.INVALID_ARGUMENT,
                    () -> told.restorePlanes(stack, restored, Layout.of(20, 12), options, null),
                    "error_map=on without a task");
        }
        try (ParfocalTask task = new ParfocalTask()) {
            assertFails(Status.INVALID_ARGUMENT, () -> task.errorMap(0), "the task has no error map");
        }
    }

    @Test
    void onceClosedEveryCallSaysSo() {
        ParfocalTask task = new ParfocalTask();
        task.close();
        task.close();
        String words = "this task is closed; expected an open one";
        assertFails(Status.INVALID_HANDLE, task::cancel, words);
        assertFails(Status.INVALID_HANDLE, task::done, words);
        assertFails(Status.INVALID_HANDLE, task::total, words);
        assertFails(Status.INVALID_HANDLE, task::planesDone, words);
        assertFails(Status.INVALID_HANDLE, task::describe, words);
        assertFails(Status.INVALID_HANDLE, () -> task.errorMap(0), words);
        short[] frame = new short[16];
        assertFails(
                Status.INVALID_HANDLE,
                () -> model.restore(PixelType.U16, frame, Layout.of(4, 4), frame, Layout.of(4, 4), null, task),
                words);
    }

    @Test
    void closingDuringTheRunLetsItGoOn() throws InterruptedException {
        short[][] stack = java.util.Arrays.copyOf(Tiny.longStack(), 200);
        short[][] restored = Tiny.room(stack);
        ParfocalTask task = new ParfocalTask();
        Thread closer = new Thread(() -> {
            waitForPlanes(task, 1);
            task.close();
        });
        closer.start();
        model.restorePlanes(stack, restored, PLANE, null, task);
        closer.join();
        assertArrayEquals(restored[0], restored[199]);
    }

    @Test
    void theListenerHearsOnADaemonThreadNotTooOftenAndTheEnd() throws InterruptedException {
        short[][] stack = Tiny.longStack();
        short[][] restored = Tiny.room(stack);
        List<long[]> heard = Collections.synchronizedList(new ArrayList<>());
        AtomicReference<Thread> thread = new AtomicReference<>();
        CountDownLatch last = new CountDownLatch(1);
        try (ParfocalTask task = new ParfocalTask().onProgress((done, total, planes) -> {
            thread.set(Thread.currentThread());
            heard.add(new long[] {done, total, planes, System.nanoTime()});
            if (done == total) {
                last.countDown();
            }
        })) {
            model.restorePlanes(stack, restored, PLANE, null, task);
        }
        assertTrue(last.await(10, TimeUnit.SECONDS), "no call with done == total");
        assertTrue(thread.get().isDaemon());
        assertEquals("Parfocal progress", thread.get().getName());
        assertTrue(heard.size() > 2, heard.size() + " calls");
        for (int i = 1; i < heard.size(); i++) {
            assertTrue(heard.get(i)[0] >= heard.get(i - 1)[0], "done does not shrink");
            long gap = heard.get(i)[3] - heard.get(i - 1)[3];
            assertTrue(gap >= 45_000_000L, gap + " ns between two calls");
        }
        long[] end = heard.get(heard.size() - 1);
        assertEquals(stack.length, end[2]);
        assertEquals(end[1], end[0]);
        int calls = heard.size();
        Thread.sleep(200);
        assertEquals(calls, heard.size(), "nothing after the last");
    }

    @Test
    void aShortRunIsHeardOnce() throws InterruptedException {
        BlockingQueue<String> heard = new LinkedBlockingQueue<>();
        short[] frame = Tiny.shorts(16 * 16, 1);
        try (ParfocalTask task =
                new ParfocalTask().onProgress((done, total, planes) -> heard.add(done + "/" + total + " " + planes))) {
            model.restore(PixelType.U16, frame, Layout.of(16, 16), frame, Layout.of(16, 16), null, task);
            String end = task.done() + "/" + task.total() + " 1";
            String said = heard.poll(10, TimeUnit.SECONDS);
            while (said != null && !said.equals(end)) {
                said = heard.poll(10, TimeUnit.SECONDS);
            }
            assertEquals(end, said, "not heard within 10 s");
            Thread.sleep(200);
            assertEquals(null, heard.poll(), "nothing after the last");
        }
    }

    @Test
    void aListenerThatThrowsHurtsNeitherTheRunNorOthers() throws InterruptedException {
        short[][] stack = java.util.Arrays.copyOf(Tiny.longStack(), 300);
        short[][] restored = Tiny.room(stack);
        AtomicInteger calls = new AtomicInteger();
        AtomicInteger handled = new AtomicInteger();
        CountDownLatch other = new CountDownLatch(1);
        Thread.UncaughtExceptionHandler before = Thread.getDefaultUncaughtExceptionHandler();
        Thread.setDefaultUncaughtExceptionHandler((thread, thrown) -> handled.incrementAndGet());
        try (ParfocalTask task = new ParfocalTask();
                ParfocalTask second = new ParfocalTask()) {
            task.onProgress((done, total, planes) -> {
                calls.incrementAndGet();
                throw new IllegalStateException("a fault of the host's");
            });
            second.onProgress((done, total, planes) -> {
                if (done == total) {
                    other.countDown();
                }
            });
            model.restorePlanes(stack, restored, PLANE, null, task);
            model.restorePlanes(stack, restored, PLANE, null, second);
            assertTrue(other.await(10, TimeUnit.SECONDS));
            assertEquals(stack.length, task.planesDone());
        } finally {
            Thread.setDefaultUncaughtExceptionHandler(before);
        }
        assertEquals(1, calls.get(), "once is enough");
        assertEquals(1, handled.get(), "and is not lost");
        assertFalse(java.util.Arrays.equals(stack[0], restored[0]));
    }

    @Test
    void cancelFromTheListenerStopsTheRun() throws InterruptedException {
        short[][] stack = Tiny.longStack();
        short[][] restored = Tiny.room(stack);
        AtomicReference<long[]> last = new AtomicReference<>();
        try (ParfocalTask task = new ParfocalTask()) {
            task.onProgress((done, total, planes) -> {
                last.set(new long[] {done, total});
                task.cancel();
            });
            assertFails(Status.CANCELLED, () -> model.restorePlanes(stack, restored, PLANE, null, task));
            assertNotEquals(stack.length, task.planesDone());
            Thread.sleep(120);
            assertTrue(last.get()[0] < last.get()[1], "a run that was stopped is not told as done");
        }
    }
}
