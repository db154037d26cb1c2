package org.parfocal.fiji;

import ij.CompositeImage;
import ij.IJ;
import ij.ImagePlus;
import ij.ImageStack;
import ij.gui.Overlay;
import ij.gui.Roi;
import ij.measure.Calibration;
import ij.process.ImageProcessor;
import ij.process.LUT;
import java.awt.Rectangle;
import java.awt.image.ColorModel;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Properties;
import java.util.Set;

/**
 * Copies metadata from an image to its result: calibration and units, dimensions and position, lookup tables, display
 * mode and ranges, slice labels, overlay, selection, Info and other properties.
 */
final class Metadata {
    private Metadata() {}

    /**
     * A result image with the metadata of its source.
     *
     * @param stack the restored planes, without labels
     */
    static ImagePlus image(ImagePlus source, ImageStack stack, Selection selection, Region region) {
        ImageProcessor shown = source.getProcessor();
        ColorModel colors = shown.getColorModel();
        int[] channels = selection.channels();
        boolean composite = source instanceof CompositeImage && (channels.length > 1 || source.getNChannels() == 1);
        if (source instanceof CompositeImage && !composite) {
            colors = source.getDisplayMode() == IJ.GRAYSCALE
                    ? null
                    : ((CompositeImage) source).getChannelLut(channels[0]);
        }
        if (!(stack.getProcessor(1) instanceof ij.process.ColorProcessor)) {
            stack.setColorModel(colors);
        }
        ImagePlus result = source.createImagePlus();
        result.setStack(title(source.getTitle()), stack);
        properties(source, result);
        result.setDimensions(channels.length, selection.slices().length, selection.frames().length);
        calibration(source, result, selection, region);
        if (composite) {
            result = composite((CompositeImage) source, result, channels);
        } else if (source instanceof CompositeImage) {
            LUT lut = ((CompositeImage) source).getChannelLut(channels[0]);
            result.setDisplayRange(lut.min, lut.max);
        } else if (source.getType() != ImagePlus.COLOR_RGB) {
            result.setDisplayRange(shown.getMin(), shown.getMax());
        }
        result.setOpenAsHyperStack(source.isHyperStack() && selection.count() > 1);
        int[] at = source.convertIndexToPosition(source.getCurrentSlice());
        result.setPosition(
                Math.max(1, selection.place(0, at[0])),
                Math.max(1, selection.place(1, at[1])),
                Math.max(1, selection.place(2, at[2])));
        drawings(source, result, selection, region);
        return result;
    }

    /** The label of a plane. A single image stores it in another place than a stack. */
    static String label(ImagePlus image, int plane) {
        if (image.getStackSize() == 1) {
            return image.hasImageStack() ? image.getStack().getSliceLabel(1) : image.getProp("Slice_Label");
        }
        return image.getStack().getSliceLabel(plane);
    }

    /** The title of the result: {@code cells.tif} becomes {@code cells-restored}. */
    static String title(String title) {
        return title.replaceFirst("(?<=.)(\\.ome)?\\.[A-Za-z][A-Za-z0-9]{1,4}$", "") + "-restored";
    }

    private static void properties(ImagePlus source, ImagePlus result) {
        Properties properties = source.getProperties();
        if (properties == null) {
            return;
        }
        for (Map.Entry<Object, Object> property : properties.entrySet()) {
            String key = String.valueOf(property.getKey());
            // These two mark the image as the picture of something else, which the result is not.
            if (!key.equals("FHT") && !key.equals(ij.gui.Plot.PROPERTY_KEY)) {
                result.setProperty(key, property.getValue());
            }
        }
    }

    private static void calibration(ImagePlus source, ImagePlus result, Selection selection, Region region) {
        Calibration calibration = source.getCalibration().copy();
        if (region.isCrop() && (calibration.xOrigin != 0 || calibration.yOrigin != 0)) {
            // As ImageJ's Duplicate and Crop do: an origin of 0, 0 means that none was set.
            calibration.xOrigin -= region.bounds().x;
            calibration.yOrigin -= region.bounds().y;
        }
        if (calibration.zOrigin != 0) {
            calibration.zOrigin -= selection.slices()[0] - 1;
        }
        result.setCalibration(calibration);
    }

    private static ImagePlus composite(CompositeImage source, ImagePlus result, int[] channels) {
        CompositeImage composite = new CompositeImage(result, source.getMode());
        LUT[] all = source.getLuts();
        LUT[] luts = new LUT[channels.length];
        for (int i = 0; i < channels.length; i++) {
            luts[i] = all[channels[i] - 1];
        }
        Rendering.setLuts(composite, luts);
        boolean[] active = source.getActiveChannels();
        boolean[] target = composite.getActiveChannels();
        if (source.getMode() == IJ.COMPOSITE) {
            for (int i = 0; i < channels.length && i < target.length; i++) {
                target[i] = channels[i] > active.length || active[channels[i] - 1];
            }
        }
        composite.setOpenAsHyperStack(result.getOpenAsHyperStack());
        Properties properties = result.getProperties();
        if (properties != null) {
            for (Map.Entry<Object, Object> property : properties.entrySet()) {
                composite.setProperty(String.valueOf(property.getKey()), property.getValue());
            }
        }
        return composite;
    }

    private static void drawings(ImagePlus source, ImagePlus result, Selection selection, Region region) {
        Overlay overlay = source.getOverlay();
        if (overlay != null) {
            Overlay kept = region.isCrop() ? overlay.crop(region.bounds()) : overlay.duplicate();
            for (int i = kept.size() - 1; i >= 0; i--) {
                if (!place(kept.get(i), source, result, selection)) {
                    kept.remove(i);
                }
            }
            result.setOverlay(kept);
            result.setHideOverlay(source.getHideOverlay());
        }
        Roi roi = source.getRoi();
        if (roi != null && !(region.isCrop() && !region.hasMask())) {
            Roi copy = (Roi) roi.clone();
            copy.setImage(null);
            if (region.isCrop()) {
                Rectangle bounds = region.bounds();
                copy.setLocation(copy.getXBase() - bounds.x, copy.getYBase() - bounds.y);
            }
            if (place(copy, source, result, selection)) {
                result.setRoi(copy);
            }
        }
    }

    /** Moves a drawing to its plane in the result. False if the result does not have that plane. */
    private static boolean place(Roi roi, ImagePlus source, ImagePlus result, Selection selection) {
        if (selection.isAll()) {
            return true;
        }
        if (roi.hasHyperStackPosition()) {
            int[] at = {roi.getCPosition(), roi.getZPosition(), roi.getTPosition()};
            for (int axis = 0; axis < 3; axis++) {
                if (at[axis] > 0) {
                    at[axis] = selection.place(axis, at[axis]);
                    if (at[axis] == 0) {
                        return false;
                    }
                }
            }
            roi.setPosition(at[0], at[1], at[2]);
        } else if (roi.getPosition() > 0 && roi.getPosition() <= source.getStackSize()) {
            int[] at = source.convertIndexToPosition(roi.getPosition());
            int c = selection.place(0, at[0]);
            int z = selection.place(1, at[1]);
            int t = selection.place(2, at[2]);
            if (c == 0 || z == 0 || t == 0) {
                return false;
            }
            roi.setPosition(result.getStackIndex(c, z, t));
        }
        return true;
    }

    /** Appends to the text of Image > Show Info. */
    static void addInfo(ImagePlus image, String lines) {
        String info = image.getInfoProperty();
        image.setProperty("Info", info == null ? lines : info + (info.endsWith("\n") ? "" : "\n") + lines);
    }

    /**
     * What was done, one {@code key: value} in a line, so that macros can read each.
     *
     * @param warning a warning beside the engine's; "" for none
     */
    static String info(
            ModelDescription model,
            String libraryVersion,
            String options,
            String warning,
            Selection selection,
            Region region,
            RunReport report) {
        StringBuilder lines = new StringBuilder();
        add(lines, "version", libraryVersion);
        add(lines, "model", model.name() + " " + model.version());
        add(lines, "model sha256", model.sha256());
        add(
                lines,
                "device",
                model.device()
                        + (model.precision().isEmpty() ? "" : " " + model.precision())
                        + (model.device().equals("cpu") ? ", " + model.threads() + " threads" : ""));
        add(lines, "ONNX Runtime", model.text("runtime_version"));
        add(lines, "options", options.isEmpty() ? "defaults" : options);
        if (report.ran()) {
            add(lines, "tile", report.tile().isEmpty() ? "whole planes" : report.tile());
        }
        add(lines, "planes", selection.toString());
        add(lines, "region", region.toString());
        counts(lines, report);
        Set<String> warnings = new LinkedHashSet<>(model.warnings());
        warnings.addAll(report.warnings());
        if (!warning.isEmpty()) {
            warnings.add(warning);
        }
        for (String text : warnings) {
            add(lines, "warning", text);
        }
        return lines.toString();
    }

    private static void counts(StringBuilder lines, RunReport report) {
        if (report.nonfinite() > 0) {
            add(
                    lines,
                    "pixels left as they were, because they are no numbers (NaN or infinite)",
                    report.nonfinite() + "");
        }
        if (report.constantPlanes() > 0) {
            add(lines, "planes left as they were, because all pixels are equal", report.constantPlanes() + "");
        }
    }

    /** What is known only after the run, where the Info is already written; "" if nothing is to be said. */
    static String remarks(RunReport report) {
        StringBuilder lines = new StringBuilder();
        counts(lines, report);
        for (String warning : report.warnings()) {
            add(lines, "warning", warning);
        }
        return lines.toString();
    }

    private static void add(StringBuilder lines, String key, String value) {
        lines.append("Parfocal ").append(key).append(": ").append(value).append('\n');
    }
}
