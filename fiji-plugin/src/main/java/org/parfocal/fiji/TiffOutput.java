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
 * A TIFF file in ImageJ's own form, written by ImageJ's encoder: all or nothing, by way of a temporary file beside it.
 *
 * <p>What is written is what {@link FileSaver} writes; it is not used itself because it shows a dialog of its own when
 * the disk is full, and leaves half a file.
 */
final class TiffOutput {
    private final File file;

    /** Checks the path, without touching anything. Throws a {@link Problem} with what to do. */
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

    /** Checks that the folder takes a file. Throws a {@link Problem} if not. */
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

    /** Bytes that the disk has left; {@link Long#MAX_VALUE} where the system does not tell. */
    long space() {
        long told = file.getParentFile().getUsableSpace();
        // Some network folders say 0. Where that is true, writing fails, in words.
        return told > 0 ? told : Long.MAX_VALUE;
    }

    /** Writes an image; the planes of a virtual stack are asked for one by one. */
    void write(ImagePlus image) {
        Path temporary = temporary();
        try {
            FileInfo info = fileInfo(image);
            try (DataOutputStream out = new DataOutputStream(new BufferedOutputStream(create(temporary), 1 << 16))) {
                new TiffEncoder(info).write(out);
            }
            try {
                // Without REPLACE_EXISTING: a file that has come meanwhile stays.
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
                // The first failure is the one to tell.
            }
        }
    }

    private Path temporary() {
        return file.getParentFile().toPath().resolve(".parfocal-" + UUID.randomUUID() + ".tmp");
    }

    /**
     * With the permissions that files of this user have; Java's own temporary files are for the user alone, and would
     * stay so.
     */
    private static OutputStream create(Path temporary) throws IOException {
        return Files.newOutputStream(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    }

    private Problem cannotWrite(IOException failed) {
        return new Problem("File: " + file + " cannot be written (" + failed
                + "). Choose a folder that you may write to, on a " + "disk with enough room.");
    }

    /** As FileSaver fills it. */
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
                // That form interleaves the three colours; ImageJ cannot write it plane by plane.
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
        // ImageJ's rule: no label on the first plane, none at all.
        return labels[0] == null ? null : labels;
    }
}
