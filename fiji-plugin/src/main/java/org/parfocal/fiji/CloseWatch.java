package org.parfocal.fiji;

import ij.ImageListener;
import ij.ImagePlus;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * Sees that an image is closed.
 *
 * <p>ImageJ gets one listener, once: it goes through its list on the event thread without a lock, so that one removed
 * by another thread makes it fail.
 */
final class Closing implements AutoCloseable {
    private static final List<Closing> ALL = new CopyOnWriteArrayList<>();

    static {
        ImagePlus.addImageListener(new ImageListener() {
            @Override
            public void imageOpened(ImagePlus opened) {}

            @Override
            public void imageClosed(ImagePlus gone) {
                for (Closing closing : ALL) {
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

    /** @param then is run on ImageJ's event thread when the image is closed */
    Closing(ImagePlus image, Runnable then) {
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

    /** Looks no longer. */
    @Override
    public void close() {
        ALL.remove(this);
    }
}
