package org.parfocal.fiji;

import ij.IJ;
import ij.ImagePlus;
import ij.ImageStack;
import ij.VirtualStack;
import ij.io.FileInfo;
import ij.io.Opener;
import ij.plugin.FileInfoVirtualStack;
import ij.process.ImageProcessor;
import java.io.File;
import java.lang.reflect.Field;

/**
 * Reads the pixels of an image's planes, those of a virtual stack from the disk.
 *
 * <p>If a file of a virtual stack is missing or unlike the others, ImageJ draws a text into a blank plane, converts or
 * crops the file, or returns black pixels. Here that is a {@link Problem}: none of it is what the microscope saw.
 */
final class PlaneReader {
    private final ImagePlus image;
    private final boolean virtual;

    PlaneReader(ImagePlus image) {
        this.image = image;
        virtual = image.getStackSize() > 1 && image.getStack().isVirtual();
    }

    /** The array of a plane, numbered from 1. Throws a {@link Problem} if it is missing or unlike the others. */
    Object pixels(int number) {
        Object pixels;
        if (image.getStackSize() == 1) {
            pixels = image.getProcessor().getPixels();
        } else if (virtual) {
            pixels = read(image.getStack(), number);
        } else {
            pixels = image.getStack().getPixels(number);
        }
        boolean fits = pixels != null
                && pixels.getClass() == image.getProcessor().getPixels().getClass()
                && Pixels.length(pixels) == image.getWidth() * image.getHeight();
        if (!fits) {
            throw unreadable(number, "");
        }
        return pixels;
    }

    private Object read(ImageStack stack, int number) {
        if (stack.getClass() == VirtualStack.class) {
            checkFolder((VirtualStack) stack, number);
        } else if (stack instanceof FileInfoVirtualStack) {
            checkFile((FileInfoVirtualStack) stack, number);
        }
        ImageProcessor processor = stack.getProcessor(number);
        return processor == null ? null : processor.getPixels();
    }

    /** A stack of files in a folder. */
    private void checkFolder(VirtualStack stack, int number) {
        String folder = stack.getDirectory();
        String name = folder == null ? null : stack.getFileName(stack.translate(number));
        if (name == null || (folder + name).contains("://")) {
            return;
        }
        File file = file(folder, name);
        if (!file.exists()) {
            throw unreadable(number, file + " is not there. ");
        }
        String found = form(folder, name);
        String expected = stack.getWidth() + " x " + stack.getHeight() + " pixels of " + stack.getBitDepth() + " bits";
        // ImageJ can convert all files of a folder as it opens them; then the first file is the measure. Files are
        // opened twice, here and by ImageJ, which also reads the label.
        if (!found.equals(expected) && !found.equals(form(folder, stack.getFileName(1)))) {
            throw unreadable(number, file + " has " + found + ", the stack " + expected + ". ");
        }
    }

    private static File file(String folder, String name) {
        return folder.isEmpty() ? new File(name) : new File(folder, name);
    }

    /** Size and depth of a file, for messages and comparison. */
    private static String form(String folder, String name) {
        Opener opener = new Opener();
        opener.setSilentMode(true);
        IJ.redirectErrorMessages(true);
        ImagePlus opened;
        try {
            opened = opener.openTempImage(folder, name);
        } finally {
            IJ.redirectErrorMessages(false);
        }
        return opened == null
                ? "no image that ImageJ can read"
                : opened.getWidth() + " x " + opened.getHeight() + " pixels of " + opened.getBitDepth() + " bits";
    }

    /** A stack in one file, or in raw files. */
    private void checkFile(FileInfoVirtualStack stack, int number) {
        FileInfo info = info(stack, stack.translate(number));
        if (info == null || info.url != null && !info.url.isEmpty() || info.fileName == null) {
            return;
        }
        File file = file(info.directory == null ? "" : info.directory, info.fileName);
        if (!file.exists()) {
            throw unreadable(number, file + " is not there. ");
        }
        long end = end(info);
        if (end > file.length()) {
            throw unreadable(
                    number, file + " has " + file.length() + " bytes, and this plane ends at byte " + end + ". ");
        }
    }

    /** Only this private field knows where in its file a plane lies; null if a version of ImageJ does not have it. */
    private static FileInfo info(FileInfoVirtualStack stack, int number) {
        try {
            Field field = FileInfoVirtualStack.class.getDeclaredField("info");
            field.setAccessible(true);
            FileInfo[] infos = (FileInfo[]) field.get(stack);
            return infos == null || number > infos.length ? null : infos[number - 1];
        } catch (ReflectiveOperationException | RuntimeException changed) {
            return null;
        }
    }

    /** Where a plane's bytes end in the file; 0 if unknown. */
    private static long end(FileInfo info) {
        boolean compressed = info.compression > FileInfo.COMPRESSION_NONE;
        long end = 0;
        if (!compressed
                && info.getBytesPerPixel() > 0
                && info.fileType != FileInfo.BITMAP
                && info.fileType != FileInfo.GRAY12_UNSIGNED) {
            end = info.getOffset() + (long) info.width * info.height * info.getBytesPerPixel();
        }
        if (compressed && info.stripOffsets != null && info.stripLengths != null) {
            for (int i = 0; i < Math.min(info.stripOffsets.length, info.stripLengths.length); i++) {
                end = Math.max(end, (info.stripOffsets[i] & 0xffffffffL) + (info.stripLengths[i] & 0xffffffffL));
            }
        }
        return end;
    }

    private Problem unreadable(int number, String why) {
        return new Problem(
                "Plane " + number + " of \"" + image.getTitle() + "\" cannot be read, or is not like the others. " + why
                        + "Look at it in ImageJ, and choose the planes without it (Planes: range).");
    }
}
