package org.parfocal;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Looks at the runs that have a listener every 50 ms and tells it, all on one daemon thread that lives as long as there
 * are such.
 */
final class ProgressWatch {
    /** Between two calls of one listener at least. */
    static final long PERIOD_MS = 50;

    private static final List<ProgressWatch> WATCHES = new ArrayList<>();
    private static Thread thread;
    /** The one whose listener is being called, on the thread. */
    private static volatile ProgressWatch calling;

    private final ParfocalTask task;
    private final ParfocalModel model;
    private final ProgressListener listener;
    private long[] told;
    private boolean failed;
    private boolean ended;
    private long[] last;

    private ProgressWatch(ParfocalTask task, ParfocalModel model, ProgressListener listener) {
        this.task = task;
        this.model = model;
        this.listener = listener;
    }

    /** Watches a run of {@code model} that is about to begin. */
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

    /** The run has ended; {@code progress} is told as the last, null: nothing more is. */
    void end(long[] progress) {
        synchronized (this) {
            ended = true;
            last = progress;
        }
    }

    /** Whether this thread is in a listener of a run of {@code model}. */
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
                if (watch.tell()) {
                    synchronized (WATCHES) {
                        WATCHES.remove(watch);
                    }
                }
            }
            try {
                Thread.sleep(PERIOD_MS);
            } catch (InterruptedException e) {
                // A listener that interrupts its thread does not stop the others' progress.
            }
        }
    }

    /** Returns whether that was the last time. */
    private boolean tell() {
        long[] now;
        boolean over;
        synchronized (this) {
            over = ended;
            now = last;
        }
        if (!over) {
            now = task.progressIfOpen();
        }
        if (now != null && now[1] > 0 && !failed && !Arrays.equals(now, told)) {
            told = now;
            calling = this;
            try {
                listener.progressed(now[0], now[1], now[2]);
            } catch (Throwable thrown) {
                // The run goes on. Whoever handles what threads throw hears of it, once.
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
