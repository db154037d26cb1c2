package org.parfocal.fiji;

import ij.ImagePlus;
import ij.VirtualStack;
import ij.io.FileInfo;
import ij.io.FileSaver;
import ij.io.RoiEncoder;
import ij.io.TiffEncoder;
import java.io.BufferedOutputStream;
import java.io.DataOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import java.util.UUID;

/**
 * Writes a TIFF file with ImageJ's encoder, all or nothing, through a temporary file beside it.
 *
 * <p>The result is that of {@link FileSaver}, which is not used itself: when the disk is full it shows a dialog and
 * leaves half a file.
 */
final class TiffOutput {
    private final File file;

    /** Checks the path without touching anything. Throws a {@link Problem}. */
    TiffOutput(String path) {
        String text = path.trim();
        if (text.isEmpty()) {
            throw new Problem("File: with \"" + Settings.Output.FILE.label
                    + "\" it is the path of the file to write, and it is " + "blank. Give a path that ends in .tif.");
        }
        String lower = text.toLowerCase(Locale.ROOT);
        file = new File(lower.endsWith(".tif") || lower.endsWith(".tiff") ? text : text + ".tif").getAbsoluteFile();
        File folder = file.getParentFile();
        if (!folder.isDirectory()) {
            throw new Problem("File: the folder " + folder + " does not exist. Make it first, or choose another.");
        }
        if (file.exists()) {
            throw new Problem("File: " + file + " exists already. Choose another name, or delete it first.");
        }
    }

    /** Checks that a file can be written to the folder. Throws a {@link Problem} if not. */
    void checkWritable() {
        Path temporary = temporary();
        try {
            create(temporary).close();
            Files.delete(temporary);
        } catch (IOException refused) {
            throw cannotWrite(refused);
        }
    }

    File file() {
        return file;
    }

    /** Bytes left on the disk; {@link Long#MAX_VALUE} if unknown. */
    long space() {
        long bytes = file.getParentFile().getUsableSpace();
        // Some network folders report 0. If that is true, writing fails with a message.
        return bytes > 0 ? bytes : Long.MAX_VALUE;
    }

    /** Writes an image; a virtual stack plane by plane. */
    void write(ImagePlus image) {
        Path temporary = temporary();
        try {
            FileInfo info = fileInfo(image);
            try (DataOutputStream out = new DataOutputStream(new BufferedOutputStream(create(temporary), 1 << 16))) {
                new TiffEncoder(info).write(out);
            }
            try {
                // Without REPLACE_EXISTING: a file that another program has made meanwhile stays.
                Files.move(temporary, file.toPath());
            } catch (FileAlreadyExistsException taken) {
                throw new Problem(
                        "File: " + file + " was made by another program meanwhile. Nothing was written; choose "
                                + "another name and repeat.");
            }
        } catch (IOException failed) {
            throw cannotWrite(failed);
        } finally {
            try {
                Files.deleteIfExists(temporary);
            } catch (IOException left) {
                // The first failure is the one to report.
            }
        }
    }

    private Path temporary() {
        return file.getParentFile().toPath().resolve(".parfocal-" + UUID.randomUUID() + ".tmp");
    }

    /** With the usual permissions; a temporary file made by Java would stay private to the user. */
    private static OutputStream create(Path temporary) throws IOException {
        return Files.newOutputStream(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    }

    private Problem cannotWrite(IOException failed) {
        return new Problem("File: " + file + " cannot be written (" + failed
                + "). Choose a folder that you may write to, on a " + "disk with enough room.");
    }

    /** The same as in FileSaver. */
    private static FileInfo fileInfo(ImagePlus image) {
        FileInfo info = image.getFileInfo();
        info.info = image.getInfoProperty();
        info.description = new FileSaver(image).getDescriptionString();
        info.roi = RoiEncoder.saveAsByteArray(image.getRoi());
        info.overlay = FileSaver.getOverlay(image);
        info.properties = image.getPropertiesAsArray();
        if (info.nImages > 1) {
            info.virtualStack = (VirtualStack) image.getStack();
            if (info.fileType == FileInfo.RGB48) {
                // This type interleaves three colours; ImageJ cannot write it plane by plane.
                info.fileType = FileInfo.GRAY16_UNSIGNED;
            }
            info.sliceLabels = labels(image);
            if (image.isComposite()) {
                new FileSaver(image).saveDisplayRangesAndLuts(image, info);
            }
        } else if (image.hasImageStack() && image.getStack().getSliceLabel(1) != null) {
            info.sliceLabels = labels(image);
        }
        return info;
    }

    private static String[] labels(ImagePlus image) {
        String[] labels = new String[image.getStackSize()];
        for (int i = 0; i < labels.length; i++) {
            labels[i] = image.getStack().getSliceLabel(i + 1);
        }
        // ImageJ's rule: without a label on the first plane there are none.
        return labels[0] == null ? null : labels;
    }
}
