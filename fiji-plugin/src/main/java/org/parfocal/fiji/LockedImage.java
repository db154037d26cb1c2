package org.parfocal.fiji;

import ij.ImagePlus;

/**
 * Locks an image while a command works on it, so that no other command changes it, and notices when the user closes it.
 */
final class LockedImage implements AutoCloseable {
    private final ImagePlus image;
    private final String done;
    private final CloseWatch closing;

    /**
     * Throws a {@link Problem} if another command has locked it.
     *
     * @param done what the command does to the image, for messages: "restored"
     */
    LockedImage(ImagePlus image, String done) {
        if (!image.lockSilently()) {
            throw new Problem(
                    "\"" + image.getTitle() + "\" is locked, because another command is at work on it. Wait until it "
                            + "is done; if none is, unlock the image with Plugins > Utilities > Reset.");
        }
        this.image = image;
        this.done = done;
        closing = new CloseWatch(image, () -> {});
    }

    /** Why the command must stop, once the image is closed; else null. */
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
            // ImageJ frees no memory of a locked image.
            image.flush();
        }
    }
}
