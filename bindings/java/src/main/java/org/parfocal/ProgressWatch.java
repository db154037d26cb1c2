package org.parfocal;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Calls the progress listeners every 50 ms, all on one daemon thread, which ends with the last run that has one. */
final class ProgressWatch {
    /** The least time between two calls of a listener. */
    static final long PERIOD_MS = 50;

    private static final List<ProgressWatch> WATCHES = new ArrayList<>();
    private static Thread thread;
    /** The watch whose listener is being called. */
    private static volatile ProgressWatch calling;

    private final ParfocalTask task;
    private final ParfocalModel model;
    private final ProgressListener listener;
    private long[] reported;
    private boolean failed;
    private boolean ended;
    private long[] last;

    private ProgressWatch(ParfocalTask task, ParfocalModel model, ProgressListener listener) {
        this.task = task;
        this.model = model;
        this.listener = listener;
    }

    /** Starts watching a run of {@code model}, before it begins. */
    static ProgressWatch begin(ParfocalTask task, ParfocalModel model, ProgressListener listener) {
        ProgressWatch watch = new ProgressWatch(task, model, listener);
        synchronized (WATCHES) {
            WATCHES.add(watch);
            if (thread == null) {
                thread = new Thread(ProgressWatch::look, "Parfocal progress");
                thread.setDaemon(true);
                thread.start();
            }
        }
        return watch;
    }

    /** The run has ended. The listener gets {@code progress} as its last call, or no more calls if that is null. */
    void end(long[] progress) {
        synchronized (this) {
            ended = true;
            last = progress;
        }
    }

    /** Whether the calling thread is inside a listener of a run of {@code model}. */
    static boolean insideListenerOf(ParfocalModel model) {
        ProgressWatch now = calling;
        return now != null && now.model == model && Thread.currentThread() == thread();
    }

    private static Thread thread() {
        synchronized (WATCHES) {
            return thread;
        }
    }

    private static void look() {
        while (true) {
            List<ProgressWatch> watches;
            synchronized (WATCHES) {
                if (WATCHES.isEmpty()) {
                    thread = null;
                    return;
                }
                watches = new ArrayList<>(WATCHES);
            }
            for (ProgressWatch watch : watches) {
                if (watch.callListener()) {
                    synchronized (WATCHES) {
                        WATCHES.remove(watch);
                    }
                }
            }
            try {
                Thread.sleep(PERIOD_MS);
            } catch (InterruptedException e) {
                // A listener may have interrupted this thread; the other listeners still need it.
            }
        }
    }

    /** Returns whether this was the last call. */
    private boolean callListener() {
        long[] now;
        boolean over;
        synchronized (this) {
            over = ended;
            now = last;
        }
        if (!over) {
            now = task.progressIfOpen();
        }
        if (now != null && now[1] > 0 && !failed && !Arrays.equals(now, reported)) {
            reported = now;
            calling = this;
            try {
                listener.progressed(now[0], now[1], now[2]);
            } catch (Throwable thrown) {
                // The run goes on. The uncaught exception handler gets the first failure.
                failed = true;
                Thread self = Thread.currentThread();
                self.getUncaughtExceptionHandler().uncaughtException(self, thrown);
            } finally {
                calling = null;
            }
        }
        return over;
    }
}
