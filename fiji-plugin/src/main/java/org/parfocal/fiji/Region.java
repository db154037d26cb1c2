package org.parfocal.fiji;

import ij.ImagePlus;
import ij.gui.Roi;
import ij.process.ImageProcessor;
import java.awt.Rectangle;
import java.util.Locale;

/**
 * Which part of each plane is restored.
 *
 * <p>The network sees the bounding rectangle of the selection, enlarged by the model's halo within the image, so that
 * pixels at its edge have their context. Brightness is normalised over this rectangle, not over the whole plane: the
 * result is close to the same part of a restored whole plane, but not equal.
 */
final class Region {
    private final Settings.Part part;
    private final int width;
    private final int height;
    private final Rectangle bounds;
    /** Marks the selected pixels of the bounding rectangle; null if all are selected. */
    private final ImageProcessor mask;
    /** The mask's place in the image. */
    private final Rectangle maskBounds;

    private Region(
            Settings.Part part, int width, int height, Rectangle bounds, ImageProcessor mask, Rectangle maskBounds) {
        this.part = part;
        this.width = width;
        this.height = height;
        this.bounds = bounds;
        this.mask = mask;
        this.maskBounds = maskBounds;
    }

    /** The region chosen by the settings and the image's selection. Throws a {@link Problem} if it has no pixels. */
    static Region of(ImagePlus image, Settings settings) {
        int width = image.getWidth();
        int height = image.getHeight();
        Rectangle frame = new Rectangle(0, 0, width, height);
        if (settings.region == Settings.Part.WHOLE) {
            return new Region(settings.region, width, height, frame, null, null);
        }
        Roi roi = image.getRoi();
        String what = "Region: \"" + settings.region.label + "\"";
        if (roi == null) {
            throw new Problem(what + " needs a selection, and \"" + image.getTitle()
                    + "\" has none. Draw a rectangle or " + "another area, or choose \"whole image\".");
        }
        if (!roi.isArea()) {
            throw new Problem(what + " needs an area, and the selection is a "
                    + roi.getTypeAsString().toLowerCase(Locale.ROOT)
                    + ". Draw a rectangle, an oval, a polygon or a freehand area, or choose \"whole image\".");
        }
        Rectangle maskBounds = roi.getBounds();
        Rectangle bounds = maskBounds.intersection(frame);
        if (bounds.isEmpty()) {
            throw new Problem(what + ": the selection has no pixels inside the image, which is " + width + " x "
                    + height + " pixels. Draw it anew, or choose \"whole image\".");
        }
        Region region = new Region(settings.region, width, height, bounds, roi.getMask(), maskBounds);
        if (!region.hasPixels()) {
            throw new Problem(what + ": the selection is empty. Draw it anew, or choose \"whole image\".");
        }
        return region;
    }

    private boolean hasPixels() {
        for (int y = bounds.y; y < bounds.y + bounds.height; y++) {
            for (int x = bounds.x; x < bounds.x + bounds.width; x++) {
                if (contains(x, y)) {
                    return true;
                }
            }
        }
        return false;
    }

    /** Whether a pixel of the image is selected. */
    boolean contains(int x, int y) {
        return bounds.contains(x, y) && (mask == null || mask.get(x - maskBounds.x, y - maskBounds.y) != 0);
    }

    boolean isWhole() {
        return part == Settings.Part.WHOLE;
    }

    /** Whether the result is smaller than the image. */
    boolean isCrop() {
        return part == Settings.Part.CROP;
    }

    /** Whether pixels inside the bounding rectangle stay as they were. */
    boolean hasMask() {
        return mask != null;
    }

    /** The bounding rectangle inside the image. */
    Rectangle bounds() {
        return new Rectangle(bounds);
    }

    /** The rectangle that the network sees. */
    Rectangle seen(int halo) {
        if (isWhole()) {
            return bounds();
        }
        Rectangle seen = bounds();
        seen.grow(halo, halo);
        return seen.intersection(new Rectangle(0, 0, width, height));
    }

    /** Pixels of a result plane in a row. */
    int resultWidth() {
        return isCrop() ? bounds.width : width;
    }

    /** Rows of a result plane. */
    int resultHeight() {
        return isCrop() ? bounds.height : height;
    }

    @Override
    public String toString() {
        if (isWhole()) {
            return part.label;
        }
        return part.label + ", x " + bounds.x + ", y " + bounds.y + ", " + bounds.width + " x " + bounds.height
                + " pixels" + (mask != null && !isCrop() ? ", not rectangular" : "");
    }
}
