package org.parfocal;

/** Progress and cancel of one run, from any thread. Make a new one for each run. */
public final class ParfocalTask implements AutoCloseable {
    private final long handle;

    /** A task for one run. */
    public ParfocalTask() {
        Libraries.load();
        handle = Native.taskCreate();
    }

    long handle() {
        return handle;
    }

    /** Stops the run within the network node that is running: the call that restores throws {@link Status#CANCELLED}. */
    public void cancel() {
        Native.taskCancel(handle);
    }

    /** Runs of the network done. */
    public long done() {
        return progress()[0];
    }

    /** Runs of the network expected, 0 before the run has begun. */
    public long total() {
        return progress()[1];
    }

    /** Planes written completely. */
    public long planesDone() {
        return progress()[2];
    }

    /** What the run reported, as JSON: progress, and after it non-finite pixels, ranges, tile, warnings. */
    public String describe() {
        return Native.taskDescribe(handle);
    }

    @Override
    public void close() {
        Native.taskClose(handle);
    }

    private long[] progress() {
        long[] progress = new long[3];
        Native.taskProgress(handle, progress);
        return progress;
    }
}
