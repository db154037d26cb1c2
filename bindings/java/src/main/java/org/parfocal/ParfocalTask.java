package org.parfocal;

/**
 * Progress and cancel of one run, from any thread. Make a new one for each run.
 *
 * <pre>{@code
 * try (ParfocalTask task = new ParfocalTask()) {
 *     task.onProgress((done, total, planes) -> show(done, total));
 *     stop.onClick(task::cancel);
 *     model.restore(stack, result, layout, "", task);
 * }
 * }</pre>
 */
public final class ParfocalTask implements AutoCloseable {
    private final Handle handle;
    private volatile ProgressListener listener;

    /**
     * A task for one run.
     *
     * @throws ParfocalException {@link Status#RUNTIME} where the library cannot be loaded
     */
    public ParfocalTask() {
        Libraries.load();
        handle = new Handle(
                this,
                Native.taskCreate(),
                Native::taskClose,
                "this task is closed; expected an open one: close it after the run, and make a new ParfocalTask for "
                        + "each run");
    }

    /**
     * Sets the listener for the run's progress, called at most every 50 ms; null for none. Set it before the run
     * begins. After a successful run the last call has {@code done == total}; it may come up to 50 ms after the
     * restoring call has returned. If a listener throws, the run goes on, the exception goes to the thread's uncaught
     * exception handler, and the listener is not called again.
     *
     * @param listener called on a daemon thread that all tasks share
     * @return this task
     */
    public ParfocalTask onProgress(ProgressListener listener) {
        this.listener = listener;
        return this;
    }

    /**
     * Stops the run within the current network node: the restoring call throws {@link Status#CANCELLED}. Before the
     * run, cancelling forbids it; afterwards it does nothing.
     *
     * @throws ParfocalException {@link Status#INVALID_HANDLE} once closed
     */
    public void cancel() {
        long number = handle.enter(this);
        try {
            Native.taskCancel(number);
        } finally {
            handle.leave();
        }
    }

    /** {@return runs of the network done} */
    public long done() {
        return progress()[0];
    }

    /**
     * {@return runs of the network expected, 0 before the run has begun} It may grow, when memory runs short and tiles
     * get smaller.
     */
    public long total() {
        return progress()[1];
    }

    /** {@return planes written completely} They are the first of the stack. */
    public long planesDone() {
        return progress()[2];
    }

    /**
     * What the run did, as JSON: {@code done}, {@code total}, {@code planes_done}, {@code cancelled}, and once it has
     * succeeded {@code report} with non-finite pixels, ranges, tile, warnings.
     *
     * @return JSON
     * @throws ParfocalException {@link Status#INVALID_HANDLE} once closed
     */
    public String describe() {
        long number = handle.enter(this);
        try {
            return Native.taskDescribe(number);
        } finally {
            handle.leave();
        }
    }

    /**
     * How far each restored pixel of a plane is expected to be from the truth: of a run in memory that had the option
     * {@code error_map=on} and has succeeded.
     *
     * @param plane from 0
     * @return absolute errors in the image's units, one channel after the other, each row after row; 0 where the plane
     *     came back as it was, NaN where the pixel was not finite
     * @throws ParfocalException {@link Status#INVALID_ARGUMENT} without an error map or such a plane;
     *     {@link Status#INVALID_HANDLE} once closed
     */
    public float[] errorMap(long plane) {
        long number = handle.enter(this);
        try {
            return Native.taskErrorMap(number, plane);
        } finally {
            handle.leave();
        }
    }

    /** Closes the task. A running run goes on and can no longer be cancelled. Closing twice does nothing. */
    @Override
    public void close() {
        handle.close();
    }

    /** Begins a run of {@code model}; {@link #end} ends it. */
    Run begin(ParfocalModel model) {
        long number = handle.enter(this);
        ProgressListener progress = listener;
        return new Run(number, progress == null ? null : ProgressWatch.begin(this, model, progress));
    }

    void end(Run run, boolean done) {
        try {
            if (run.watch != null) {
                run.watch.end(done ? progressIfOpen() : null);
            }
        } finally {
            handle.leave();
        }
    }

    /** Null once closed. */
    long[] progressIfOpen() {
        try {
            return progress();
        } catch (ParfocalException e) {
            return null;
        }
    }

    private long[] progress() {
        long number = handle.enter(this);
        try {
            long[] progress = new long[3];
            Native.taskProgress(number, progress);
            return progress;
        } finally {
            handle.leave();
        }
    }

    /** A run's hold on its task, during the restoring call. */
    static final class Run {
        final long number;
        private final ProgressWatch watch;

        private Run(long number, ProgressWatch watch) {
            this.number = number;
            this.watch = watch;
        }
    }
}
