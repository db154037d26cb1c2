package org.parfocal.fiji;

import ij.CompositeImage;
import ij.IJ;
import ij.ImagePlus;
import ij.ImageStack;
import ij.process.ByteProcessor;
import ij.process.ColorProcessor;
import ij.process.ImageProcessor;
import ij.process.LUT;
import java.awt.Image;
import java.util.Arrays;

/** Draws an image as ImageJ would if its current plane had other pixels: same contrast, colours and channels. */
final class Rendering {
    private Rendering() {}

    /** The picture with {@code pixels} as the current plane. The image is not changed. */
    static Image of(ImagePlus image, Object pixels) {
        ImageProcessor shown = image.getProcessor();
        int width = image.getWidth();
        int height = image.getHeight();
        if (isMixed(image)) {
            return mixed((CompositeImage) image, pixels);
        }
        ImageProcessor processor = Pixels.processor(pixels, width, height);
        if (!(processor instanceof ColorProcessor)) {
            if (processor instanceof ByteProcessor) {
                // 8-bit images keep their contrast in the colour model.
                processor.setColorModel(shown.getCurrentColorModel());
            } else {
                processor.setColorModel(shown.getColorModel());
                processor.setMinAndMax(shown.getMin(), shown.getMax());
            }
        }
        return processor.createImage();
    }

    /**
     * A value that is equal as long as an earlier picture is still right; null if unknown, because the picture shows
     * other planes, too.
     */
    static Object display(ImagePlus image) {
        ImageProcessor shown = image.getProcessor();
        return isMixed(image) ? null : Arrays.asList(shown.getCurrentColorModel(), shown.getMin(), shown.getMax());
    }

    /** Whether several channels are drawn together. */
    private static boolean isMixed(ImagePlus image) {
        return image instanceof CompositeImage
                && image.getNChannels() > 1
                && ((CompositeImage) image).getMode() == IJ.COMPOSITE;
    }

    /** Sets colours and display ranges of all channels; ImageJ's setLuts keeps the old ranges. */
    static void setLuts(CompositeImage image, LUT[] luts) {
        image.setLuts(luts);
        for (int i = 0; i < luts.length; i++) {
            LUT lut = image.getChannelLut(i + 1);
            lut.min = luts[i].min;
            lut.max = luts[i].max;
        }
    }

    private static Image mixed(CompositeImage image, Object pixels) {
        int channels = image.getNChannels();
        int current = image.getC();
        int first = image.getStackIndex(1, image.getZ(), image.getT());
        ImageStack stack = new ImageStack(image.getWidth(), image.getHeight());
        LUT[] luts = image.getLuts();
        for (int c = 1; c <= channels; c++) {
            ImageProcessor there = image.getProcessor(c);
            stack.addSlice(
                    "",
                    c == current
                            ? pixels
                            : there == null ? image.getStack().getPixels(first + c - 1) : there.getPixels());
            if (there != null) {
                luts[c - 1].min = there.getMin();
                luts[c - 1].max = there.getMax();
            }
        }
        luts[current - 1].min = image.getProcessor().getMin();
        luts[current - 1].max = image.getProcessor().getMax();
        ImagePlus plain = new ImagePlus("", stack);
        plain.setDimensions(channels, 1, 1);
        CompositeImage composite = new CompositeImage(plain, IJ.COMPOSITE);
        setLuts(composite, luts);
        boolean[] active = image.getActiveChannels();
        System.arraycopy(active, 0, composite.getActiveChannels(), 0, active.length);
        composite.setProp("CompositeProjection", image.getProp("CompositeProjection"));
        composite.setPositionWithoutUpdate(current, 1, 1);
        return composite.getImage();
    }
}
