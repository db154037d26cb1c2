package org.parfocal.fiji;

import ij.VirtualStack;
import ij.process.ImageProcessor;
import java.util.function.IntFunction;

/**
 * A virtual stack that restores a plane when it is asked for. ImageJ's TIFF writer asks for one after the other, so
 * that only one plane of the result is in memory.
 */
final class RestoringStack extends VirtualStack {
    private final Object blank;
    private final String[] labels;
    private IntFunction<Object> restored;

    /**
     * @param blank a plane's array, which gives the type before planes are restored
     * @param labels of the planes
     */
    RestoringStack(int width, int height, Object blank, String[] labels) {
        super(width, height);
        this.blank = blank;
        this.labels = labels.clone();
    }

    /** From now on {@code restored} makes the pixels of a plane, counted from 0. */
    void begin(IntFunction<Object> restored) {
        this.restored = restored;
    }

    @Override
    public ImageProcessor getProcessor(int n) {
        ImageProcessor processor =
                Pixels.processor(restored == null ? blank : restored.apply(n - 1), getWidth(), getHeight());
        if (getColorModel() != null && !(processor instanceof ij.process.ColorProcessor)) {
            processor.setColorModel(getColorModel());
        }
        return processor;
    }

    @Override
    public int getSize() {
        return labels.length;
    }

    @Override
    public int size() {
        return labels.length;
    }

    @Override
    public String getSliceLabel(int n) {
        return labels[n - 1];
    }

    @Override
    public int getBitDepth() {
        return blank instanceof byte[] ? 8 : blank instanceof short[] ? 16 : blank instanceof float[] ? 32 : 24;
    }
}
