package org.parfocal.fiji;

import ij.IJ;
import ij.ImagePlus;
import ij.ImageStack;
import ij.Prefs;
import ij.Undo;
import ij.macro.Interpreter;

/**
 * Lets Edit > Undo bring back an image that was restored in place: all planes and the Info.
 *
 * <p>{@link Undo#setup} keeps a copy of an image, but not of a stack. This class stands in for the real image there: it
 * pretends to be a single plane, and its copy has the planes as they were.
 */
final class UndoPlanes extends ImagePlus {
    private final ImagePlus image;
    private final ImageStack before;
    private final Object info;
    /** The image's stack when it was restored; null for a single plane. */
    private final ImageStack stack;

    private final int planes;

    private UndoPlanes(ImagePlus image, ImageStack before, Object info) {
        this.image = image;
        this.before = before;
        this.info = info;
        planes = image.getStackSize();
        stack = planes > 1 ? image.getStack() : null;
    }

    /**
     * Prepares Edit > Undo.
     *
     * @param before the planes as they were, kept until another command sets up Undo
     * @param info the Info property as it was
     */
    static void prepare(ImagePlus image, ImageStack before, Object info) {
        before.update(image.getProcessor());
        Undo.setup(Undo.TRANSFORM, new UndoPlanes(image, before, info));
    }

    /** In a macro ImageJ undoes nothing unless the user has allowed it. */
    static boolean isPossible() {
        return !(IJ.macroRunning() || Interpreter.getInstance() != null) || Prefs.supportMacroUndo;
    }

    @Override
    public int getID() {
        return image.getID();
    }

    @Override
    public int getStackSize() {
        return 1;
    }

    @Override
    public double getSizeInBytes() {
        return 0;
    }

    @Override
    public ImagePlus duplicate() {
        return this;
    }

    /** Called by Undo, which gives the stack to the image. If planes were added or deleted since, nothing is undone. */
    @Override
    public ImageStack getStack() {
        boolean same = image.getStackSize() == planes
                && (stack == null || image.getStack() == stack)
                && image.getWidth() == before.getWidth()
                && image.getHeight() == before.getHeight();
        if (!same) {
            IJ.showStatus("Undo: \"" + image.getTitle()
                    + "\" has other planes now than when it was restored; nothing was undone");
            IJ.beep();
            return image.getStack();
        }
        image.setProperty("Info", info);
        return before;
    }
}
