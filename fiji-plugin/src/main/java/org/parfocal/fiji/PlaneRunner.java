package org.parfocal.fiji;

import java.awt.Rectangle;
import org.parfocal.Layout;
import org.parfocal.ParfocalModel;
import org.parfocal.ParfocalTask;
import org.parfocal.PixelType;

/** Restores pixel arrays of planes, whole or a region of them. */
final class PlaneRunner {
    private final ParfocalModel model;
    private final PixelType type;
    private final int channels;
    private final int width;
    private final Region region;
    private final Rectangle seen;
    private final String options;

    /**
     * @param channels 3 for packed colours
     * @param width of the planes
     * @param halo pixels around a region that the network sees as well
     * @param options of a run
     */
    PlaneRunner(ParfocalModel model, PixelType type, int channels, int width, Region region, int halo, String options) {
        this.model = model;
        this.type = type;
        this.channels = channels;
        this.width = width;
        this.region = region;
        this.seen = region.seen(halo);
        this.options = options;
    }

    /** Restores planes in one run of the engine, into new arrays. */
    Object[] restore(Object[] planes, ParfocalTask task) {
        Object[] restored = new Object[planes.length];
        int first = seen.y * width + seen.x;
        for (int i = 0; i < planes.length; i++) {
            restored[i] = Pixels.allocate(planes[i], seen.width * seen.height);
            if (channels == 3) {
                // The byte beside red, green and blue stays as it was.
                Pixels.copyRectangle(planes[i], first, width, restored[i], 0, seen.width, seen.width, seen.height);
            }
        }
        Layout to = Layout.of(seen.width, seen.height).channels(channels).planes(planes.length);
        Layout from = region.isWhole() ? to : to.offset(first).strides(1, width, 0, 0);
        model.restore(type, planes, from, restored, to, options, task);
        if (!region.isWhole()) {
            for (int i = 0; i < planes.length; i++) {
                restored[i] = region.isCrop() ? crop(restored[i]) : insert(planes[i], restored[i]);
            }
        }
        return restored;
    }

    private Object crop(Object restored) {
        Rectangle bounds = region.bounds();
        Object cropped = Pixels.allocate(restored, bounds.width * bounds.height);
        Pixels.copyRectangle(
                restored,
                inSeen(bounds.x, bounds.y),
                seen.width,
                cropped,
                0,
                bounds.width,
                bounds.width,
                bounds.height);
        return cropped;
    }

    /** A copy of the plane with its selected pixels restored. */
    private Object insert(Object plane, Object restored) {
        Rectangle bounds = region.bounds();
        Object result = Pixels.copy(plane);
        for (int y = bounds.y; y < bounds.y + bounds.height; y++) {
            // Copies runs of selected pixels.
            int x = bounds.x;
            while (x < bounds.x + bounds.width) {
                int from = x;
                while (region.contains(x, y)) {
                    x++;
                }
                if (x > from) {
                    System.arraycopy(restored, inSeen(from, y), result, y * width + from, x - from);
                } else {
                    x++;
                }
            }
        }
        return result;
    }

    private int inSeen(int x, int y) {
        return (y - seen.y) * seen.width + x - seen.x;
    }
}
