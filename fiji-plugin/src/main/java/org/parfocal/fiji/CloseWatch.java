package org.parfocal.fiji;

import ij.ImageListener;
import ij.ImagePlus;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * Runs an action when an image is closed.
 *
 * <p>ImageJ gets one listener, which stays: ImageJ walks its list on the event thread without a lock, so removing one
 * from another thread would make it fail.
 */
final class CloseWatch implements AutoCloseable {
    private static final List<CloseWatch> ALL = new CopyOnWriteArrayList<>();

    static {
        ImagePlus.addImageListener(new ImageListener() {
            @Override
            public void imageOpened(ImagePlus opened) {}

            @Override
            public void imageClosed(ImagePlus gone) {
                for (CloseWatch closing : ALL) {
                    closing.closed(gone);
                }
            }

            @Override
            public void imageUpdated(ImagePlus updated) {}
        });
    }

    private final ImagePlus image;
    private final Runnable then;
    private volatile boolean closed;

    /** @param then runs on ImageJ's event thread when the image is closed */
    CloseWatch(ImagePlus image, Runnable then) {
        this.image = image;
        this.then = then;
        ALL.add(this);
    }

    private void closed(ImagePlus gone) {
        if (gone == image) {
            closed = true;
            then.run();
        }
    }

    /** True once the image is closed. */
    boolean isClosed() {
        return closed;
    }

    /** Ends the watch. */
    @Override
    public void close() {
        ALL.remove(this);
    }
}
