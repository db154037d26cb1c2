package org.parfocal.fiji;

import ij.VirtualStack;
import ij.process.ImageProcessor;
import java.util.function.IntFunction;

/**
 * A virtual stack whose planes are made when they are asked for: ImageJ's TIFF writer asks for one after the other, so
 * that one plane of the result is in memory, however large the stack.
 */
final class RestoringStack extends VirtualStack {
    private final Object blank;
    private final String[] labels;
    private IntFunction<Object> restored;

    /**
     * @param blank a plane's array for as long as the stack has no pixels; it says the type
     * @param labels of the planes
     */
    RestoringStack(int width, int height, Object blank, String[] labels) {
        super(width, height);
        this.blank = blank;
        this.labels = labels.clone();
    }

    /** From now on there are pixels; {@code restored} makes those of a plane, counted from 0. */
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
