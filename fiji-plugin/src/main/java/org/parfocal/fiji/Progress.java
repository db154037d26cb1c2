package org.parfocal.fiji;

import ij.IJ;
import java.awt.EventQueue;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.parfocal.ParfocalException;
import org.parfocal.ParfocalTask;
import org.parfocal.Status;

/**
 * Shows the progress of a running command, and stops it. A thread checks every 50 ms how far the network is, whether
 * Esc was pressed, and whether the image is still open.
 */
final class Progress implements AutoCloseable {
    private static final int LOOK_MS = 50;
    /** Before that, an estimate would be a guess. */
    private static final long ESTIMATE_AFTER_NS = 1_000_000_000L;

    private final String title;
    private final Supplier<Stopped> stop;
    private final boolean shown;
    private final String unit;
    private final long start = System.nanoTime();
    private final Thread watch;
    private volatile boolean closed;
    private volatile Stopped stopped;
    private volatile String status = "";
    /** The current run and its share of the whole; guarded by this. */
    private ParfocalTask task;

    private int before;
    private int planes;
    private int total;

    /**
     * @param title the beginning of the status line
     * @param stop polled; not null once the command must stop
     * @param shown false for work that ImageJ's window must not show
     */
    Progress(String title, Supplier<Stopped> stop, boolean shown) {
        this(title, stop, shown, "plane");
    }

    /** @param unit what is counted: "plane", or "file" */
    Progress(String title, Supplier<Stopped> stop, boolean shown, String unit) {
        this.title = title;
        this.unit = unit;
        this.stop = stop;
        this.shown = shown;
        watch = new Thread(this::watch, "Parfocal progress");
        watch.setDaemon(true);
        watch.start();
    }

    /** For a command: Esc stops it. */
    static Progress command(String title, Supplier<Stopped> stop) {
        return new Progress(
                title,
                () -> !IJ.escapePressed() ? stop.get() : new Stopped("Stopped by Esc. The image is as it was.", true),
                true);
    }

    /** Sets the status line until the next plane. */
    void status(String text) {
        check();
        if (shown) {
            IJ.showStatus(title + ": " + text);
        }
    }

    /** Throws {@link Stopped} if the command must stop. */
    void check() {
        look();
        if (stopped != null) {
            throw stopped;
        }
    }

    /**
     * Runs the engine over some of the planes.
     *
     * @param before planes done by earlier runs
     * @param planes of this run
     * @param total of all runs
     * @param run receives the task
     * @return the run's report
     * @throws Stopped if it was stopped meanwhile
     */
    RunReport run(int before, int planes, int total, Consumer<ParfocalTask> run) {
        check();
        try (ParfocalTask task = new ParfocalTask()) {
            synchronized (this) {
                this.task = task;
                this.before = before;
                this.planes = planes;
                this.total = total;
            }
            try {
                run.accept(task);
                return RunReport.parse(task.describe());
            } finally {
                synchronized (this) {
                    this.task = null;
                }
            }
        } catch (ParfocalException failed) {
            if (failed.status() == Status.CANCELLED && stopped != null) {
                throw stopped;
            }
            throw failed;
        }
    }

    private void watch() {
        while (!closed) {
            look();
            try {
                Thread.sleep(LOOK_MS);
            } catch (InterruptedException end) {
                return;
            }
        }
    }

    private void look() {
        Stopped asked = stopped == null ? stop.get() : null;
        double fraction;
        int plane;
        synchronized (this) {
            if (asked != null && stopped == null) {
                stopped = asked;
            }
            if (task == null || closed) {
                return;
            }
            if (stopped != null) {
                task.cancel();
                return;
            }
            long runs = task.total();
            if (!shown || runs <= 0) {
                return;
            }
            double part = Math.min(1.0, (double) task.done() / runs);
            fraction = (before + planes * part) / total;
            plane = before + (int) Math.min(planes - 1, task.planesDone()) + 1;
        }
        // Outside the lock: ImageJ may wait for its event thread, which may wait for this lock.
        show(fraction, plane);
    }

    private void show(double fraction, int plane) {
        if (EventQueue.isDispatchThread()) {
            // The event thread cannot draw while it is here.
            return;
        }
        // At 1 ImageJ removes the bar.
        IJ.showProgress(Math.min(0.999, fraction));
        long elapsed = System.nanoTime() - start;
        String left = elapsed < ESTIMATE_AFTER_NS || fraction <= 0
                ? ""
                : ", " + time(elapsed / 1e9 * (1 - fraction) / fraction) + " left";
        String text = title + ": " + (total > 1 ? unit + " " + plane + " of " + total : (int) (100 * fraction) + "%")
                + left + " (Esc stops)";
        if (!text.equals(status)) {
            status = text;
            IJ.showStatus(text);
        }
    }

    /** A duration in words. */
    static String time(double seconds) {
        long s = Math.round(seconds);
        if (s < 60) {
            return Math.max(1, s) + " s";
        }
        return s < 3600 ? s / 60 + " min " + s % 60 + " s" : s / 3600 + " h " + s % 3600 / 60 + " min";
    }

    /** Shows the last status line. From here on Esc comes too late. */
    void done() {
        if (shown) {
            IJ.showStatus(title + ": done in " + time((System.nanoTime() - start) / 1e9));
        }
    }

    /** Removes the progress bar and ends the thread. */
    @Override
    public void close() {
        closed = true;
        watch.interrupt();
        if (shown) {
            IJ.showProgress(1.0);
        }
    }
}
