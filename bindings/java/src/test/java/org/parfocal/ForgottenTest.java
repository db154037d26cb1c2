package org.parfocal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** What is not closed is closed after it was collected, and not while the engine is at work for it. */
@NeedsLibrary
class ForgottenTest {
    @Test
    void modelsTasksAndStreamsAreClosed() throws InterruptedException {
        int before = Handle.open();
        for (int i = 0; i < 50; i++) {
            forget();
        }
        assertTrue(Handle.open() > before, "collected before there was a reason to");
        Memory.collectUntil(() -> Handle.open() == before);
    }

    @SuppressWarnings("resource")
    private static void forget() {
        ParfocalModel model = Tiny.open();
        ParfocalStream stream = ParfocalStream.open(model, PixelType.U16, Layout.of(16, 16), null);
        stream.submit(Tiny.shorts(256, 1), 1);
        ParfocalTask task = new ParfocalTask();
        assertEquals(0, task.done());
    }

    @Test
    void aModelThatOnlyItsRunHoldsIsKeptUntilTheRunEnds() throws InterruptedException {
        int before = Handle.open();
        short[][] stack = java.util.Arrays.copyOf(Tiny.longStack(), 400);
        short[][] restored = Tiny.room(stack);
        AtomicReference<Throwable> failure = new AtomicReference<>();
        ParfocalTask task = new ParfocalTask();
        Thread runner = new Thread(
                () -> Tiny.open().restorePlanes(stack, restored, Layout.of(Tiny.SIDE, Tiny.SIDE), null, task));
        runner.setUncaughtExceptionHandler((thread, thrown) -> failure.set(thrown));
        runner.start();
        while (task.planesDone() < 1) {
            Thread.sleep(1);
        }
        while (runner.isAlive()) {
            System.gc();
            int open = Handle.open();
            // Looked at again, because the run may have ended between the two.
            assertTrue(open > before || !runner.isAlive() || task.planesDone() == stack.length);
            Thread.sleep(20);
        }
        assertEquals(null, failure.get());
        assertEquals(stack.length, task.planesDone());
        task.close();
        Memory.collectUntil(() -> Handle.open() == before);
    }
}
