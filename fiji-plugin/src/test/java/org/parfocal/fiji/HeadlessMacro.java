package org.parfocal.fiji;

import net.imagej.patcher.LegacyInjector;

/**
 * A program for tests: runs a macro without a screen, as Fiji does it, with the plugins of the property plugins.dir.
 */
public final class HeadlessMacro {
    private HeadlessMacro() {}

    /** Arguments: the macro's file. Prints what the macro returns last. */
    public static void main(String[] arguments) {
        // Before any class of ImageJ is loaded.
        LegacyInjector.preinit();
        Run.macro(arguments[0]);
    }

    /** Names ImageJ, so it is loaded second. */
    private static final class Run {
        static void macro(String file) {
            System.out.println("returned: " + ij.IJ.runMacroFile(file, null));
            System.exit(0);
        }
    }
}
