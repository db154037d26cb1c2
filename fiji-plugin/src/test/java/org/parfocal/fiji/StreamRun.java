package org.parfocal.fiji;

import ij.ImagePlus;
import ij.VirtualStack;
import ij.process.ImageProcessor;
import ij.process.ShortProcessor;
import java.io.File;

/** A program for tests: a virtual stack that is larger than the heap, into a new image (refused) and into a file. */
public final class StreamRun {
    private static final int SIZE = 724;
    private static final int PLANES = 40;
    private static final int EMPTY = 20;

    private StreamRun() {}

    /** A plane, counted from 1; one of them is empty. */
    static ImageProcessor plane(int n) {
        return n == EMPTY ? new ShortProcessor(SIZE, SIZE) : Images.plane(16, SIZE, SIZE, n);
    }

    /** Argument: the file to write. */
    public static void main(String[] arguments) {
        VirtualStack stack = new VirtualStack(SIZE, SIZE, PLANES, "16-bit") {
            @Override
            public ImageProcessor getProcessor(int n) {
                return plane(n);
            }
        };
        ImagePlus image = new ImagePlus("larger than the heap", stack);
        System.out.println("new image: " + Images.message(image, Images.CPU));
        Images.restore(image, Images.CPU + "output=[TIFF file] file=[" + arguments[0] + "]");
        System.out.println(Images.printed());
        System.out.println("file: " + (new File(arguments[0]).isFile() ? "written" : "missing"));
        System.exit(0);
    }
}
