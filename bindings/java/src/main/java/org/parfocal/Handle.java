package org.parfocal;

import java.lang.ref.PhantomReference;
import java.lang.ref.ReferenceQueue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongConsumer;

/**
 * The number of one engine object. Refuses calls after closing, and closes the object if its owner is collected
 * unclosed.
 *
 * <p>The owner, such as a {@link ParfocalModel}, holds the handle. The handle holds its owner only during a call: so
 * the collector can take an unreachable owner, but never while the engine works for it.
 */
final class Handle extends PhantomReference<Object> {
    private static final ReferenceQueue<Object> FORGOTTEN = new ReferenceQueue<>();
    /** All open handles: an unreachable phantom reference would never be queued. */
    private static final Set<Handle> OPEN = ConcurrentHashMap.newKeySet();
    /** The cleaner checks this often whether it is still needed. */
    private static final long IDLE_MS = 2000;

    private static Thread cleaner;

    private final String closedMessage;
    private final LongConsumer closer;
    private final long number;
    private Object owner;
    private int calls;
    private boolean closing;
    private boolean closed;

    /** @param closedMessage the message of calls after closing */
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
                // A daemon thread must not keep the host's class loaders alive.
                cleaner.setContextClassLoader(null);
                cleaner.start();
            }
        }
    }

    /** Open handles, for tests. */
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

    /** Closes the object at once; running calls finish on the engine's own reference. Closing twice does nothing. */
    void close() {
        synchronized (this) {
            if (closing) {
                return;
            }
            closing = true;
        }
        release();
    }

    /** Refuses new calls, waits for running ones, then closes. A second call waits until the first is done. */
    synchronized void closeAfterCalls() {
        boolean first = !closing;
        closing = true;
        boolean interrupted = false;
        while (first ? calls > 0 : !closed) {
            try {
                wait();
            } catch (InterruptedException e) {
                // Giving up would leave the model open. The interrupt flag is restored below.
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

    /**
     * Closes collected owners' objects. Ends when nothing is open, so that the thread does not keep this class loaded.
     */
    private static void clean() {
        while (true) {
            try {
                Handle forgotten = (Handle) FORGOTTEN.remove(IDLE_MS);
                if (forgotten != null) {
                    forgotten.close();
                }
            } catch (InterruptedException e) {
                // Ignored: open objects still need the cleaner.
            } catch (ParfocalException e) {
                // The engine no longer knows the object: nothing is left to close.
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
