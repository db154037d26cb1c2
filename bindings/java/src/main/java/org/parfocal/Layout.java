package org.parfocal;

/**
 * Where the pixels of a frame or a stack lie in an array: its shape, the element of the first pixel, and the steps between
 * neighbours in elements. Immutable; each method returns another.
 *
 * <pre>{@code
 * Layout.of(696, 520)                                   // one grey frame, tightly packed
 * Layout.of(696, 520).channels(3)                       // interleaved RGB
 * Layout.of(64, 64).offset(y * 696 + x).strides(1, 696, 0, 0)   // a rectangle of a larger frame
 * }</pre>
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

    /** One grey frame of {@code height} rows of {@code width} pixels, tightly packed. Sizes are checked when it is used. */
    public static Layout of(int width, int height) {
        return new Layout(width, height, 1, 1, 0, null);
    }

    /** Colour channels of a pixel: they are normalised together. */
    public Layout channels(int count) {
        return new Layout(width, height, count, planes, offset, strides);
    }

    /** Frames of a stack. */
    public Layout planes(int count) {
        return new Layout(width, height, channels, count, offset, strides);
    }

    /** The element of the first pixel, in each array. */
    public Layout offset(long element) {
        return new Layout(width, height, channels, planes, element, strides);
    }

    /** Steps between neighbours in elements, none below 0. Without it pixels are tightly packed and channels interleaved. */
    public Layout strides(long x, long y, long channel, long plane) {
        return new Layout(width, height, channels, planes, offset, new long[] {x, y, channel, plane});
    }

    /** Pixels of a row. */
    public int width() {
        return width;
    }

    /** Rows of a frame. */
    public int height() {
        return height;
    }

    /** Colour channels of a pixel. */
    public int channels() {
        return channels;
    }

    /** Frames of the stack. */
    public int planes() {
        return planes;
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
