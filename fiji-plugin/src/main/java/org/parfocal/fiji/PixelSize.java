package org.parfocal.fiji;

import com.eclipsesource.json.JsonValue;
import ij.ImagePlus;
import java.util.Locale;
import org.parfocal.internal.OptionText;

/** Compares the pixel size of an image, from its calibration, with the range that a model was trained for. */
final class PixelSize {
    private PixelSize() {}

    /**
     * A warning if the image's pixels are smaller or larger than the model's range; "" if not, or if the size is
     * unknown.
     */
    static String warning(ImagePlus image, ModelDescription model, String runOptions) {
        JsonValue range = model.json().get("pixel_size_um");
        double size = micrometres(image, runOptions);
        if (range == null || !range.isArray() || !(size > 0) || Double.isInfinite(size)) {
            return "";
        }
        double low = range.asArray().get(0).asDouble();
        double high = range.asArray().get(1).asDouble();
        return size >= low && size <= high
                ? ""
                : String.format(
                        Locale.ROOT,
                        "pixel size %.4g um: the model was trained for %s " + "to %s um; look at the result with care",
                        size,
                        low,
                        high);
    }

    /** The size in the options, else in the calibration; 0 if it has no unit of length. */
    static double micrometres(ImagePlus image, String runOptions) {
        String said = OptionText.value(runOptions, "pixel_size_um");
        if (said != null) {
            try {
                return Double.parseDouble(said.trim());
            } catch (NumberFormatException refused) {
                // The engine will refuse it; this is only about the warning.
                return 0;
            }
        }
        return image.getCalibration().pixelWidth
                * micrometres(image.getCalibration().getUnit());
    }

    private static double micrometres(String unit) {
        switch (unit.toLowerCase(Locale.ROOT)) {
            case "micron":
            case "microns":
            case "um":
            case "\u00b5m":
            case "\u03bcm":
            case "micrometer":
            case "micrometre":
                return 1;
            case "nm":
            case "nanometer":
            case "nanometre":
                return 1e-3;
            case "mm":
            case "millimeter":
            case "millimetre":
                return 1e3;
            default:
                return 0;
        }
    }
}
