package org.parfocal;

/** Receives the progress of a run: {@link ParfocalTask#onProgress}. */
@FunctionalInterface
public interface ProgressListener {
    /**
     * Called on a daemon thread that all listeners share, so it must be quick; drawing belongs on another thread.
     *
     * @param done runs of the network done
     * @param total runs of the network expected; it grows when memory runs short and tiles get smaller
     * @param planesDone planes written completely
     */
    void progressed(long done, long total, long planesDone);
}
