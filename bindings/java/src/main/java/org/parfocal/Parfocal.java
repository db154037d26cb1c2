package org.parfocal;

/** What is there without a model: versions, diagnosis, focus scores. */
public final class Parfocal {
    private Parfocal() {}

    /** The library's version. */
    public static String version() {
        Libraries.load();
        return Native.version();
    }

    /** What runs here, or what is missing, as JSON. */
    public static String doctor() {
        Libraries.load();
        return Native.doctor();
    }

    /**
     * How sharp each plane is: larger is sharper, 0 is a constant plane. It compares planes of one field.
     *
     * @return one number for each plane
     */
    public static double[] focusScore(PixelType type, Object src, Layout layout) {
        Libraries.load();
        double[] scores = new double[Math.max(0, layout.planes())];
        Native.focusScore(type.code(), src, layout.offset(), layout.strides(), layout.shape(), scores);
        return scores;
    }
}
