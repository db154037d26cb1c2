package org.parfocal.fiji;

import ij.ImagePlus;
import ij.gui.ImageCanvas;
import ij.gui.Overlay;
import ij.gui.Roi;
import ij.process.ImageProcessor;
import java.awt.Graphics;
import java.awt.Image;
import java.awt.Rectangle;

/**
 * Draws a restored plane over the image in its window. The image's pixels stay as they are: saving, measuring,
 * filtering and copying use the original.
 *
 * <p>It replaces the canvas's list for the ROI Manager's "Show All", and shows that list as well. Only the drawing
 * canvas sees the restored plane in it, because ImageJ also writes this list into TIFF files.
 */
final class PreviewOverlay extends Overlay {
    private final ImagePlus image;
    private final ImageCanvas canvas;
    private final int plane;
    private final Object restored;
    private final Roi picture;
    private volatile Overlay before;
    private volatile boolean added;

    /** @param restored pixels of the image's plane number {@code plane}, as the image has them */
    PreviewOverlay(ImagePlus image, ImageCanvas canvas, int plane, Object restored) {
        this.image = image;
        this.canvas = canvas;
        this.plane = plane;
        this.restored = restored;
        picture = new Picture();
    }

    /** Shows the plane. To be called on ImageJ's event thread. */
    void add() {
        Overlay there = canvas.getShowAllList();
        before = there instanceof PreviewOverlay ? ((PreviewOverlay) there).before : there;
        canvas.setShowAllList(this);
        added = true;
        canvas.repaint();
    }

    /** Removes the plane. To be called on the event thread. */
    void remove() {
        if (canvas.getShowAllList() == this) {
            canvas.setShowAllList(before);
        }
        canvas.repaint();
    }

    /** Whether the canvas draws it. */
    boolean isShown() {
        return added && canvas.getShowAllList() == this;
    }

    /** Whether something has replaced it, or the image has a new window. */
    boolean isLost() {
        return added && canvas.getShowAllList() != this || image.getCanvas() != canvas;
    }

    private static boolean isDrawing() {
        // Frame 0 is this method, 1 the overlay's method, 2 its caller.
        StackTraceElement caller = new Throwable().getStackTrace()[2];
        return caller.getClassName().equals(ImageCanvas.class.getName())
                && caller.getMethodName().equals("drawOverlay");
    }

    @Override
    public int size() {
        int others = before == null ? 0 : before.size();
        return isDrawing() ? others + 1 : others;
    }

    @Override
    public Roi get(int index) {
        if (isDrawing()) {
            return index == 0 ? picture : before.get(index - 1);
        }
        return before == null ? null : before.get(index);
    }

    @Override
    public Roi[] toArray() {
        return before == null ? new Roi[0] : before.toArray();
    }

    @Override
    public boolean contains(Roi roi) {
        return before != null && before.contains(roi);
    }

    /** The restored plane as an element of the list. */
    private final class Picture extends Roi {
        private static final long serialVersionUID = 1;

        private transient Image drawn;
        private transient Object display;

        Picture() {
            super(0, 0, image.getWidth(), image.getHeight());
        }

        @Override
        public void draw(Graphics g) {
            // ImageJ also draws a canvas to flatten a copy of the image.
            if (getImage() != image || image.getCurrentSlice() != plane) {
                return;
            }
            // getProcessor() would change the processor that a command on the image has set up.
            if (!image.isLocked()) {
                render();
            }
            if (drawn == null) {
                return;
            }
            Rectangle source = canvas.getSrcRect();
            double magnification = canvas.getMagnification();
            g.drawImage(
                    drawn,
                    0,
                    0,
                    (int) (source.width * magnification + 0.5),
                    (int) (source.height * magnification + 0.5),
                    source.x,
                    source.y,
                    source.x + source.width,
                    source.y + source.height,
                    null);
        }

        private void render() {
            ImageProcessor shown = image.getProcessor();
            if (shown == null
                    || shown.getPixels().getClass() != restored.getClass()
                    || Pixels.length(shown.getPixels()) != Pixels.length(restored)) {
                drawn = null;
                return;
            }
            Object now = Rendering.display(image);
            if (drawn == null || now == null || !now.equals(display)) {
                drawn = Rendering.of(image, restored);
                display = now;
            }
        }
    }
}
