package org.parfocal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Closing, calls and forgotten owners, without the engine. */
@Timeout(60)
class HandleTest {
    private final List<Long> closed = Collections.synchronizedList(new ArrayList<>());

    private Handle handle(Object owner, long number) {
        return new Handle(owner, number, closed::add, "this thing is closed");
    }

    @Test
    void isClosedOnceAndRefusesCallsAfterwards() {
        Handle handle = handle(this, 7);
        assertEquals(7, handle.enter(this));
        handle.leave();
        handle.closeAfterCalls();
        handle.closeAfterCalls();
        handle.close();
        assertEquals(Collections.singletonList(7L), closed);
        ParfocalException e = assertThrows(ParfocalException.class, () -> handle.enter(this));
        assertEquals(Status.INVALID_HANDLE, e.status());
        assertEquals("this thing is closed", e.getMessage());
    }

    @Test
    void closingWaitsForCallsAndRefusesNewOnes() throws InterruptedException {
        Handle handle = handle(this, 8);
        handle.enter(this);
        Thread closer = new Thread(handle::closeAfterCalls);
        closer.start();
        Thread second = new Thread(handle::closeAfterCalls);
        second.start();
        waitFor(closer, Thread.State.WAITING);
        waitFor(second, Thread.State.WAITING);
        assertThrows(ParfocalException.class, () -> handle.enter(this));
        assertTrue(closed.isEmpty());
        // An interrupt does not leave it open.
        closer.interrupt();
        waitFor(closer, Thread.State.WAITING);
        handle.leave();
        closer.join();
        second.join();
        assertEquals(Collections.singletonList(8L), closed);
    }

    @Test
    void anInterruptIsKeptForWhoSentIt() throws InterruptedException {
        Handle handle = handle(this, 9);
        handle.enter(this);
        boolean[] interrupted = new boolean[1];
        Thread closer = new Thread(() -> {
            handle.closeAfterCalls();
            interrupted[0] = Thread.currentThread().isInterrupted();
        });
        closer.start();
        waitFor(closer, Thread.State.WAITING);
        closer.interrupt();
        handle.leave();
        closer.join();
        assertTrue(interrupted[0]);
    }

    @Test
    void closingWithoutWaitingLeavesCallsToTheEngine() {
        Handle handle = handle(this, 10);
        handle.enter(this);
        handle.close();
        assertEquals(Collections.singletonList(10L), closed);
        handle.leave();
    }

    @Test
    void aForgottenOwnersObjectIsClosed() throws InterruptedException {
        for (long number = 0; number < 50; number++) {
            handle(new Object(), number);
        }
        Memory.collectUntil(() -> closed.size() == 50);
        assertEquals(50, closed.size());
    }

    @Test
    void anOwnerIsNotForgottenDuringACall() throws InterruptedException {
        CountDownLatch entered = new CountDownLatch(1);
        CountDownLatch finish = new CountDownLatch(1);
        Thread caller = new Thread(() -> {
            Handle handle = enterOfNobody();
            entered.countDown();
            try {
                finish.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            handle.leave();
        });
        caller.start();
        entered.await();
        // Others are collected meanwhile, this one is not.
        handle(new Object(), 12);
        Memory.collectUntil(() -> closed.contains(12L));
        assertFalse(closed.contains(11L));
        finish.countDown();
        caller.join();
        Memory.collectUntil(() -> closed.contains(11L));
    }

    private Handle enterOfNobody() {
        Object owner = new Object();
        Handle handle = handle(owner, 11);
        handle.enter(owner);
        return handle;
    }

    @Test
    void theCleanersThreadEndsWhenNothingIsOpen() throws InterruptedException {
        handle(this, 13).close();
        long end = System.nanoTime() + 20_000_000_000L;
        while (Handle.open() == 0 && cleaners() > 0 && System.nanoTime() < end) {
            Thread.sleep(50);
        }
        // Other tests may have objects open, which need it.
        assertTrue(Handle.open() > 0 || cleaners() == 0);
    }

    private static long cleaners() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().equals("Parfocal cleaner"))
                .count();
    }

    private static void waitFor(Thread thread, Thread.State state) throws InterruptedException {
        while (thread.getState() != state) {
            Thread.sleep(1);
        }
    }
}
