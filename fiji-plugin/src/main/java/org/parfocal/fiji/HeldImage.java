package org.parfocal.fiji;

import ij.ImagePlus;

/** An image that a command looks at: no other command changes it meanwhile, and it is seen when the user closes it. */
final class HeldImage implements AutoCloseable {
    private final ImagePlus image;
    private final Closing closing;

    /** Throws a {@link Problem} where another command has it. */
    HeldImage(ImagePlus image) {
        if (!image.lockSilently()) {
            throw new Problem("\"" + image.getTitle() + "\" is locked, because another command is at work on it. Wait until it "
                    + "is done; if none is, unlock the image with Plugins > Utilities > Reset.");
        }
        this.image = image;
        closing = new Closing(image, () -> { });
    }

    /** Throws {@link Stopped} when the image is not there any more. */
    void check() {
        if (closing.isClosed()) {
            throw new Stopped("\"" + image.getTitle() + "\" was closed while it was being scored, so there is no result. "
                    + "Open it again and repeat.", false);
        }
    }

    @Override
    public void close() {
        closing.close();
        image.unlock();
        if (closing.isClosed()) {
            // ImageJ frees nothing of an image that is locked.
            image.flush();
        }
    }
}
