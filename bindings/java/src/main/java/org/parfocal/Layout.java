package org.parfocal;

/**
 * Where the pixels of a frame or a stack lie in an array: its shape, the element of the first pixel, and the steps
 * between neighbours in elements. Immutable; each method returns another.
 *
 * <pre>{@code
 * Layout.of(696, 520)                                   // one grey frame, tightly packed
 * Layout.of(696, 520).channels(3)                       // interleaved RGB
 * Layout.of(64, 64).offset(y * 696 + x).strides(1, 696, 0, 0)   // a rectangle of a larger frame
 * Layout.of(696, 520).channels(3).strides(1, 696, 696 * 520, 0) // channels one after the other
 * }</pre>
 *
 * Where there is one array for each plane, offset and strides count in each of them and the step between planes does
 * not count; with packed colours ({@code int[]}) that between channels does not.
 */
public final class Layout {
    private final int width;
    private final int height;
    private final int channels;
    private final int planes;
    private final long offset;
    private final long[] strides;

    private Layout(int width, int height, int channels, int planes, long offset, long[] strides) {
        this.width = width;
        this.height = height;
        this.channels = channels;
        this.planes = planes;
        this.offset = offset;
        this.strides = strides;
    }

    /**
     * One grey frame, tightly packed. Sizes are checked when it is used.
     *
     * @param width pixels of a row
     * @param height rows
     * @return the layout
     */
    public static Layout of(int width, int height) {
        return new Layout(width, height, 1, 1, 0, null);
    }

    /**
     * Colour channels of a pixel: they are normalised together.
     *
     * @param count 3 for RGB, say
     * @return the layout with so many
     */
    public Layout channels(int count) {
        return new Layout(width, height, count, planes, offset, strides);
    }

    /**
     * Frames of a stack, each normalised by itself unless {@code normalize=stack}.
     *
     * @param count how many
     * @return the layout with so many
     */
    public Layout planes(int count) {
        return new Layout(width, height, channels, count, offset, strides);
    }

    /**
     * The element of the first pixel, in each array.
     *
     * @param element from 0; for a buffer from its element 0, wherever its position is
     * @return the layout from there
     */
    public Layout offset(long element) {
        return new Layout(width, height, channels, planes, element, strides);
    }

    /**
     * Steps between neighbours in elements, none below 0. Without it pixels are tightly packed and channels
     * interleaved.
     *
     * @param x to the next pixel of a row
     * @param y to the next row
     * @param channel to the next channel of a pixel
     * @param plane to the next plane
     * @return the layout with these steps
     */
    public Layout strides(long x, long y, long channel, long plane) {
        return new Layout(width, height, channels, planes, offset, new long[] {x, y, channel, plane});
    }

    /** {@return pixels of a row} */
    public int width() {
        return width;
    }

    /** {@return rows of a frame} */
    public int height() {
        return height;
    }

    /** {@return colour channels of a pixel} */
    public int channels() {
        return channels;
    }

    /** {@return frames of the stack} */
    public int planes() {
        return planes;
    }

    /** Whether the pixels of one can go into the other: same width, height, channels, planes. */
    boolean sameShape(Layout other) {
        return width == other.width && height == other.height && channels == other.channels && planes == other.planes;
    }

    /** The shape in words: {@code 696 x 520 pixels, 3 channels, 5 planes}. */
    @Override
    public String toString() {
        return width + " x " + height + " pixels, " + channels + (channels == 1 ? " channel, " : " channels, ") + planes
                + (planes == 1 ? " plane" : " planes");
    }

    long[] shape() {
        return new long[] {width, height, channels, planes};
    }

    long offset() {
        return offset;
    }

    /** Null: packed. */
    long[] strides() {
        return strides;
    }
}
