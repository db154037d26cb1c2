package org.parfocal.fiji;

import ij.ImagePlus;
import java.util.Arrays;
import java.util.TreeSet;

/**
 * The chosen planes of an image: all combinations of chosen channels, slices and frames. Numbers count from 1, as in
 * ImageJ.
 */
final class Selection {
    private final int[] size;
    private final int[] channels;
    private final int[] slices;
    private final int[] frames;

    private Selection(int[] size, int[] channels, int[] slices, int[] frames) {
        this.size = size;
        this.channels = channels;
        this.slices = slices;
        this.frames = frames;
    }

    /** The planes that the settings choose. Throws a {@link Problem} for a malformed range or one outside the image. */
    static Selection of(ImagePlus image, Settings settings) {
        int[] size = {image.getNChannels(), image.getNSlices(), image.getNFrames()};
        switch (settings.planes) {
            case CURRENT:
                int[] at = image.convertIndexToPosition(image.getCurrentSlice());
                return new Selection(size, new int[] {at[0]}, new int[] {at[1]}, new int[] {at[2]});
            case RANGE:
                return new Selection(
                        size,
                        range("Channels", settings.channels, size[0]),
                        range("Slices", settings.slices, size[1]),
                        range("Frames", settings.frames, size[2]));
            default:
                return new Selection(size, range("", "", size[0]), range("", "", size[1]), range("", "", size[2]));
        }
    }

    /** Sorted numbers from text such as {@code 1-3,5}; all for blank text. */
    static int[] range(String name, String text, int size) {
        TreeSet<Integer> numbers = new TreeSet<>();
        if (text.trim().isEmpty()) {
            for (int n = 1; n <= size; n++) {
                numbers.add(n);
            }
        } else {
            for (String part : text.split(",", -1)) {
                String[] ends = part.trim().split("\\s*-\\s*", -1);
                int first = number(name, text, ends[0], size);
                int last = ends.length == 1 ? first : number(name, text, ends.length == 2 ? ends[1] : "", size);
                if (last < first) {
                    throw new Problem(
                            name + ": \"" + part.trim() + "\" runs backwards. Write " + last + "-" + first + ".");
                }
                for (int n = first; n <= last; n++) {
                    numbers.add(n);
                }
            }
        }
        int[] range = new int[numbers.size()];
        int i = 0;
        for (int n : numbers) {
            range[i++] = n;
        }
        return range;
    }

    private static int number(String name, String text, String digits, int size) {
        if (!digits.matches("\\d{1,9}")) {
            throw new Problem(
                    name + ": \"" + text + "\" is not a range. Write numbers and ranges such as 1-3,5, or leave the "
                            + "field blank for all.");
        }
        int n = Integer.parseInt(digits);
        if (n < 1 || n > size) {
            throw new Problem(name + ": there is no " + n + " in \"" + text + "\"; this image has "
                    + (size == 1 ? "only 1." : "1 to " + size + "."));
        }
        return n;
    }

    /** The number of planes. */
    int count() {
        return channels.length * slices.length * frames.length;
    }

    /** The planes' numbers in the image's stack, in its order. */
    int[] planes() {
        int[] planes = new int[count()];
        int i = 0;
        for (int t : frames) {
            for (int z : slices) {
                for (int c : channels) {
                    planes[i++] = (t - 1) * size[0] * size[1] + (z - 1) * size[0] + c;
                }
            }
        }
        return planes;
    }

    /** Whether all planes are chosen. */
    boolean isAll() {
        return count() == size[0] * size[1] * size[2];
    }

    int[] channels() {
        return channels.clone();
    }

    int[] slices() {
        return slices.clone();
    }

    int[] frames() {
        return frames.clone();
    }

    /** The number in the result of a channel (axis 0), slice (1) or frame (2), from 1; 0 if it is not chosen. */
    int place(int axis, int n) {
        int at = Arrays.binarySearch(axis == 0 ? channels : axis == 1 ? slices : frames, n);
        return at < 0 ? 0 : at + 1;
    }

    @Override
    public String toString() {
        if (isAll()) {
            return count() == 1 ? "the only one" : "all " + count();
        }
        StringBuilder text = new StringBuilder().append(count()).append(" of ").append(size[0] * size[1] * size[2]);
        String separator = ": ";
        String[] names = {"channel ", "slice ", "frame "};
        int[][] chosen = {channels, slices, frames};
        for (int axis = 0; axis < 3; axis++) {
            if (size[axis] > 1) {
                text.append(separator).append(names[axis]).append(text(chosen[axis]));
                separator = ", ";
            }
        }
        return text.toString();
    }

    private static String text(int[] numbers) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < numbers.length; i++) {
            int last = i;
            while (last + 1 < numbers.length && numbers[last + 1] == numbers[last] + 1) {
                last++;
            }
            text.append(i == 0 ? "" : ",").append(numbers[i]);
            if (last > i) {
                text.append('-').append(numbers[last]);
            }
            i = last;
        }
        return text.toString();
    }
}
