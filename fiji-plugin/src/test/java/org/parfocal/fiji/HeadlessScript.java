package org.parfocal.fiji;

import net.imagej.patcher.LegacyInjector;

/** A program for tests: a script in Fiji without a screen, which calls ImageJ's Java functions. */
public final class HeadlessScript {
    private HeadlessScript() {}

    /** Takes no arguments. */
    public static void main(String[] arguments) {
        LegacyInjector.preinit();
        Run.script();
    }

    private static final class Run {
        static void script() {
            ij.ImagePlus image = ij.IJ.createImage("test", "16-bit ramp", 40, 30, 1);
            String options = Images.CPU + "options=threads=1";
            image.show();
            ij.IJ.run("Restore Focus...", options);
            System.out.println("restored: " + ij.IJ.getImage().getTitle());
            try {
                ij.IJ.run(image, "Restore Focus...", options + " frames=3");
                System.out.println("went on");
            } catch (RuntimeException stopped) {
                System.out.println("stopped: " + stopped.getMessage());
            }
            System.exit(0);
        }
    }
}
