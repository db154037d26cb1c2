package org.parfocal;

/** Is told how far a run is: {@link ParfocalTask#onProgress}. */
@FunctionalInterface
public interface ProgressListener {
    /**
     * Called on a daemon thread that all listeners share, so it must be quick; hand over to the thread that draws.
     *
     * @param done runs of the network done
     * @param total runs of the network expected; it may grow, when memory runs short and tiles get smaller
     * @param planesDone planes written completely
     */
    void progressed(long done, long total, long planesDone);
}
