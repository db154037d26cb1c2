package org.parfocal;

import java.lang.ref.PhantomReference;
import java.lang.ref.ReferenceQueue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongConsumer;

/**
 * One object of the engine, by its number: refuses calls once it is closed, and closes what its owner forgot.
 *
 * <p>The owner (a {@link ParfocalModel}, say) holds the handle, never the other way round, except during a call: so an
 * owner that nobody can reach any more is noticed, and never while the engine is at work for it.
 */
final class Handle extends PhantomReference<Object> {
    private static final ReferenceQueue<Object> FORGOTTEN = new ReferenceQueue<>();
    /** All that are open: a reference that nobody holds would never be queued. */
    private static final Set<Handle> OPEN = ConcurrentHashMap.newKeySet();
    /** How long the cleaner waits before it looks whether it is still needed. */
    private static final long IDLE_MS = 2000;

    private static Thread cleaner;

    private final String closedMessage;
    private final LongConsumer closer;
    private final long number;
    private Object owner;
    private int calls;
    private boolean closing;
    private boolean closed;

    /** @param closedMessage what a call is told once this is closed */
    Handle(Object owner, long number, LongConsumer closer, String closedMessage) {
        super(owner, FORGOTTEN);
        this.number = number;
        this.closer = closer;
        this.closedMessage = closedMessage;
        synchronized (OPEN) {
            OPEN.add(this);
            if (cleaner == null) {
                cleaner = new Thread(Handle::clean, "Parfocal cleaner");
                cleaner.setDaemon(true);
                // The host's class loaders are none of its business.
                cleaner.setContextClassLoader(null);
                cleaner.start();
            }
        }
    }

    /** How many are open: for the tests. */
    static int open() {
        return OPEN.size();
    }

    /**
     * Begins a call and returns the number for it; {@link #leave} ends it. Until then {@code owner} cannot be
     * collected.
     *
     * @throws ParfocalException {@link Status#INVALID_HANDLE} once closed
     */
    synchronized long enter(Object owner) {
        if (closing) {
            throw new ParfocalException(Status.INVALID_HANDLE, closedMessage);
        }
        calls++;
        this.owner = owner;
        return number;
    }

    synchronized void leave() {
        if (--calls == 0) {
            owner = null;
            notifyAll();
        }
    }

    /** Closes it at once; calls that are going on finish on the engine's own reference. Again: nothing. */
    void close() {
        synchronized (this) {
            if (closing) {
                return;
            }
            closing = true;
        }
        release();
    }

    /**
     * Refuses new calls, waits for those that are going on, closes. Again, or from another thread: waits until that is
     * done.
     */
    synchronized void closeAfterCalls() {
        boolean first = !closing;
        closing = true;
        boolean interrupted = false;
        while (first ? calls > 0 : !closed) {
            try {
                wait();
            } catch (InterruptedException e) {
                // A close that gives up would leave the model open; whoever interrupts sees the flag afterwards.
                interrupted = true;
            }
        }
        if (first) {
            release();
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void release() {
        try {
            closer.accept(number);
        } finally {
            synchronized (this) {
                closed = true;
                notifyAll();
            }
            OPEN.remove(this);
            clear();
        }
    }

    /** Closes what was forgotten; ends when nothing is open, so that it does not keep this class loaded for nothing. */
    private static void clean() {
        while (true) {
            try {
                Handle forgotten = (Handle) FORGOTTEN.remove(IDLE_MS);
                if (forgotten != null) {
                    forgotten.close();
                }
            } catch (InterruptedException e) {
                // Nobody has a reason to; what is open still needs it.
            } catch (ParfocalException e) {
                // The engine knows it no more: then there is nothing left to close, and nobody to tell.
            }
            synchronized (OPEN) {
                if (OPEN.isEmpty()) {
                    cleaner = null;
                    return;
                }
            }
        }
    }
}
