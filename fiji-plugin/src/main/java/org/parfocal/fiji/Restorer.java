package org.parfocal.fiji;

import ij.ImagePlus;
import ij.ImageStack;
import ij.Undo;
import java.io.File;
import org.parfocal.Parfocal;
import org.parfocal.PixelType;

/** One run of Restore Focus: checks, restores and makes the result. It opens no window and asks nothing. */
final class Restorer {
    private static final long MIB = 1 << 20;

    private final ImagePlus image;
    private final Settings settings;
    private final PixelType type;
    private final Selection selection;
    private final Region region;
    private final PlaneReader reader;
    private final boolean virtual;
    private final String openOptions;
    private final String runOptions;
    private TiffOutput output;
    private RunReport report = new RunReport();
    private ModelDescription model;

    /** Checks all that can be checked before a model is opened. Throws a {@link Problem}. */
    Restorer(ImagePlus image, Settings settings) {
        this.image = image;
        this.settings = settings;
        type = Pixels.type(image);
        selection = Selection.of(image, settings);
        region = Region.of(image, settings);
        reader = new PlaneReader(image);
        virtual = image.getStackSize() > 1 && image.getStack().isVirtual();
        openOptions = settings.openOptions();
        runOptions = settings.runOptions();
        if (settings.output == Settings.Output.IN_PLACE) {
            if (virtual) {
                throw new Problem(
                        "Output: \"" + image.getTitle() + "\" is a virtual stack, whose pixels are on the disk and "
                                + "cannot be changed in place. Choose \"new image\", or \"TIFF file\" if it does "
                                + "not fit into memory.");
            }
            if (region.isCrop()) {
                throw new Problem("Output: a cropped result is smaller than \"" + image.getTitle()
                        + "\" and cannot replace " + "it. Choose \"new image\", or Region: \"inside selection\".");
            }
        }
        if (planeByPlane() && Settings.normalizesStack(runOptions)) {
            throw new Problem("Options: normalize=stack looks at all planes together, and "
                    + (virtual ? "a virtual stack" : "a stack that goes to a TIFF file")
                    + " is restored plane by plane. Use "
                    + "normalize=LO:HI with values of your choice, or normalize=frame"
                    + (virtual
                            ? ", or copy the stack into memory first (Image > Duplicate)."
                            : ", or Output: \"new image\"."));
        }
    }

    private boolean planeByPlane() {
        return virtual || settings.output == Settings.Output.FILE;
    }

    /** Checks that the file can be written, or that the new image fits into memory. */
    void checkOutput() {
        if (settings.output == Settings.Output.FILE) {
            output = new TiffOutput(settings.file);
            output.checkWritable();
            long needed = resultBytes();
            long space = output.space();
            if (needed > space) {
                throw new Problem("File: the result needs " + needed / MIB + " MB, and the disk of " + output.file()
                        + " has " + space / MIB + " MB left. Choose another disk, or fewer planes.");
            }
            return;
        }
        // A run also needs memory for rectangles with their halo, before they are cropped.
        long needed = resultBytes() + (region.isWhole() || virtual ? 0 : resultBytes());
        long free = free();
        if (needed > free) {
            // Undo may hold planes of an image that was restored in place before.
            Undo.reset();
            System.gc();
            free = free();
        }
        if (needed > free) {
            throw new Problem(
                    "The result needs " + needed / MIB + " MB of memory, and ImageJ has " + free / MIB + " MB left. "
                            + "Choose Output: \"TIFF file\", which needs one plane at a time; or fewer planes; or "
                            + "close other images; "
                            + "or give ImageJ more memory (Edit > Options > Memory & Threads).");
        }
    }

    private long resultBytes() {
        return (long) region.resultWidth() * region.resultHeight() * image.getBytesPerPixel() * selection.count();
    }

    private static long free() {
        Runtime runtime = Runtime.getRuntime();
        // A sixteenth is left for everything else.
        return runtime.maxMemory() / 16 * 15 - (runtime.totalMemory() - runtime.freeMemory());
    }

    /**
     * Does the work. If it fails, the image is as it was: in-place results are swapped in after all planes are
     * restored.
     *
     * @return the new image; null if the result is in place or in a file
     * @throws Stopped if the user stopped it, or the image was closed
     */
    ImagePlus run(Progress progress) {
        checkOutput();
        progress.status("opening the model");
        try (Models.Lease lease = Models.lease(settings.model, openOptions)) {
            model = lease.description();
            PlaneRunner runner = new PlaneRunner(
                    lease.model(), type, Pixels.channels(image), image.getWidth(), region, model.halo(), runOptions);
            switch (settings.output) {
                case FILE:
                    toFile(runner, progress);
                    return null;
                case IN_PLACE:
                    Object[] planes = chosen();
                    exchange(planes, restoreAtOnce(runner, planes, progress), progress);
                    return null;
                default:
                    return toImage(
                            virtual ? restoreInTurn(runner, progress) : restoreAtOnce(runner, chosen(), progress));
            }
        }
    }

    /** One plane as the settings would restore it, at the image's size; null if the plane is not selected. */
    Object preview(int plane, Object pixels, Progress progress) {
        int[] at = image.convertIndexToPosition(plane);
        if (selection.place(0, at[0]) == 0 || selection.place(1, at[1]) == 0 || selection.place(2, at[2]) == 0) {
            return null;
        }
        try (Models.Lease lease = Models.lease(settings.model, openOptions)) {
            Region shown = region.isCrop() ? Region.of(image, inside()) : region;
            PlaneRunner runner = new PlaneRunner(
                    lease.model(),
                    type,
                    Pixels.channels(image),
                    image.getWidth(),
                    shown,
                    lease.description().halo(),
                    runOptions);
            Object[] restored = new Object[1];
            progress.run(0, 1, 1, task -> restored[0] = runner.restore(new Object[] {pixels}, task)[0]);
            return restored[0];
        }
    }

    private Settings inside() {
        Settings inside = settings.copy();
        inside.region = Settings.Part.INSIDE;
        return inside;
    }

    private Object[] restoreAtOnce(PlaneRunner runner, Object[] planes, Progress progress) {
        Object[][] restored = new Object[1][];
        report = progress.run(0, planes.length, planes.length, task -> restored[0] = runner.restore(planes, task));
        return restored[0];
    }

    private Object[] restoreInTurn(PlaneRunner runner, Progress progress) {
        Object[] restored = new Object[selection.count()];
        for (int i = 0; i < restored.length; i++) {
            restored[i] = restoreOne(runner, i, progress);
        }
        return restored;
    }

    private Object restoreOne(PlaneRunner runner, int index, Progress progress) {
        Object[] pixels = {reader.pixels(selection.planes()[index])};
        Object[] restored = new Object[1];
        report.add(progress.run(index, 1, selection.count(), task -> restored[0] = runner.restore(pixels, task)[0]));
        return restored[0];
    }

    private Object[] chosen() {
        int[] numbers = selection.planes();
        Object[] planes = new Object[numbers.length];
        for (int i = 0; i < planes.length; i++) {
            planes[i] = reader.pixels(numbers[i]);
        }
        return planes;
    }

    private ImagePlus toImage(Object[] restored) {
        ImageStack stack = new ImageStack(region.resultWidth(), region.resultHeight());
        int[] numbers = selection.planes();
        for (int i = 0; i < restored.length; i++) {
            stack.addSlice(Metadata.label(image, numbers[i]), restored[i]);
        }
        ImagePlus result = Metadata.image(image, stack, selection, region);
        Metadata.addInfo(result, info());
        result.changes = true;
        return result;
    }

    private void exchange(Object[] planes, Object[] restored, Progress progress) {
        // Everything that can fail comes before the first exchange.
        String info = info();
        Object before = image.getProperty("Info");
        ImageStack originals = UndoPlanes.isPossible() ? asTheyWere(restored) : null;
        progress.check();
        for (int i = 0; i < planes.length; i++) {
            Pixels.swap(planes[i], restored[i]);
        }
        image.changes = true;
        if (originals != null) {
            UndoPlanes.prepare(image, originals, before);
        }
        Metadata.addInfo(image, info);
        image.updateAndDraw();
    }

    /** The image's stack as it was: the originals of chosen planes, and the other planes. */
    private ImageStack asTheyWere(Object[] originals) {
        int size = image.getStackSize();
        ImageStack stack = new ImageStack(image.getWidth(), image.getHeight());
        int[] numbers = selection.planes();
        int next = 0;
        for (int n = 1; n <= size; n++) {
            boolean chosen = next < numbers.length && numbers[next] == n;
            stack.addSlice(Metadata.label(image, n), chosen ? originals[next++] : reader.pixels(n));
        }
        return stack;
    }

    private void toFile(PlaneRunner runner, Progress progress) {
        int[] numbers = selection.planes();
        String[] labels = new String[numbers.length];
        for (int i = 0; i < labels.length; i++) {
            labels[i] = Metadata.label(image, numbers[i]);
        }
        int pixels = region.resultWidth() * region.resultHeight();
        Object like = image.getProcessor().getPixels();
        if (labels.length == 1) {
            output.write(toImage(new Object[] {restoreOne(runner, 0, progress)}));
            return;
        }
        RestoringStack stack =
                new RestoringStack(region.resultWidth(), region.resultHeight(), Pixels.allocate(like, pixels), labels);
        ImagePlus result = Metadata.image(image, stack, selection, region);
        // The file has its Info before the pixels, so the Info lacks what is known only after the last plane: the tile,
        // and how many pixels are not finite.
        Metadata.addInfo(result, info());
        stack.begin(index -> restoreOne(runner, index, progress));
        output.write(result);
    }

    private String info() {
        String options = openOptions + (runOptions.isEmpty() || openOptions.isEmpty() ? "" : " ") + runOptions;
        return Metadata.info(
                model,
                Parfocal.version(),
                options,
                PixelSize.warning(image, model, runOptions),
                selection,
                region,
                report);
    }

    /** The file that was written, or null. */
    File file() {
        return output == null ? null : output.file();
    }

    /** The number of planes of the result. */
    int planes() {
        return selection.count();
    }

    RunReport report() {
        return report;
    }
}
