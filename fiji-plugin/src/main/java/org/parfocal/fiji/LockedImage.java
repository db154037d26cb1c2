package org.parfocal.fiji;

import ij.ImagePlus;

/**
 * An image that a command is at work on: no other command changes it meanwhile, and it is seen when the user closes it.
 */
final class HeldImage implements AutoCloseable {
    private final ImagePlus image;
    private final String done;
    private final Closing closing;

    /**
     * Throws a {@link Problem} where another command has it.
     *
     * @param done what happens to the image, for the user: "restored"
     */
    HeldImage(ImagePlus image, String done) {
        if (!image.lockSilently()) {
            throw new Problem(
                    "\"" + image.getTitle() + "\" is locked, because another command is at work on it. Wait until it "
                            + "is done; if none is, unlock the image with Plugins > Utilities > Reset.");
        }
        this.image = image;
        this.done = done;
        closing = new Closing(image, () -> {});
    }

    /** Why the command must stop, once the image is not there any more; else null. */
    Stopped gone() {
        return !closing.isClosed()
                ? null
                : new Stopped(
                        "\"" + image.getTitle() + "\" was closed while it was being " + done
                                + ", so there is no result. Open it again and repeat.",
                        false);
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
