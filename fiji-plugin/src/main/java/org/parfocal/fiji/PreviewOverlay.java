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
 * A restored plane, drawn over the image's own picture in its window. The image's pixels stay as they are, so that
 * whatever saves, measures, filters or copies them meanwhile gets the original.
 *
 * <p>It takes the place of the list that the ROI Manager's "Show All" has in the canvas, and shows that list, too. Only
 * the drawing canvas sees the restored plane in it: ImageJ also writes this list into TIFF files, where it does not
 * belong.
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

    /** Shows it. On ImageJ's event thread, as everything that ImageJ draws. */
    void add() {
        Overlay there = canvas.getShowAllList();
        before = there instanceof PreviewOverlay ? ((PreviewOverlay) there).before : there;
        canvas.setShowAllList(this);
        added = true;
        canvas.repaint();
    }

    /** Takes it away; on the event thread. */
    void remove() {
        if (canvas.getShowAllList() == this) {
            canvas.setShowAllList(before);
        }
        canvas.repaint();
    }

    /** True once it is drawn with the canvas. */
    boolean isShown() {
        return added && canvas.getShowAllList() == this;
    }

    /** True where something else has taken its place, or the image has got another window. */
    boolean isLost() {
        return added && canvas.getShowAllList() != this || image.getCanvas() != canvas;
    }

    private static boolean isDrawing() {
        // 0 is this method, 1 the overlay's own, 2 its caller.
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

    /** The part of the list that the canvas draws. */
    private final class Picture extends Roi {
        private static final long serialVersionUID = 1;

        private transient Image drawn;
        private transient Object display;

        Picture() {
            super(0, 0, image.getWidth(), image.getHeight());
        }

        @Override
        public void draw(Graphics g) {
            // ImageJ also draws a canvas to flatten an image, which is then a copy of this one.
            if (getImage() != image || image.getCurrentSlice() != plane) {
                return;
            }
            // A command that is at work on the image has set up its processor, and getProcessor() would change that.
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
