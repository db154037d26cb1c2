package org.parfocal.fiji.window;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.nio.file.StandardCopyOption;
import javax.imageio.ImageIO;

/** The pictures of docs/fiji.md beside those that were taken just now; UPDATE_DOCS=1 replaces them. */
final class Pictures {
    private static final Path COMMITTED =
            Paths.get("../docs/fiji").toAbsolutePath().normalize();
    private static final long LARGEST = 200_000;
    /** Other fonts make windows a little larger or smaller. */
    private static final double TOLERANCE = 0.15;

    private Pictures() {}

    /** That the committed ones are there, small enough, and of about the size of the fresh ones. */
    static void check(String... names) throws IOException {
        if (!Desktop.OLDEST) {
            return;
        }
        for (String name : names) {
            Path fresh = Desktop.PICTURES.resolve(name);
            Path committed = COMMITTED.resolve(name);
            if ("1".equals(System.getenv("UPDATE_DOCS"))) {
                Files.createDirectories(COMMITTED);
                Files.copy(fresh, committed, StandardCopyOption.REPLACE_EXISTING);
            }
            if (!Files.exists(committed)) {
                throw new AssertionError(committed + ": missing; with UPDATE_DOCS=1 the fresh picture is put there");
            }
            if (Files.size(committed) > LARGEST) {
                throw new AssertionError(
                        committed + ": " + Files.size(committed) + " bytes; expected at most " + LARGEST);
            }
            BufferedImage expected = ImageIO.read(committed.toFile());
            BufferedImage found = ImageIO.read(fresh.toFile());
            if (differs(expected.getWidth(), found.getWidth()) || differs(expected.getHeight(), found.getHeight())) {
                throw new AssertionError(committed + ": " + expected.getWidth() + "x" + expected.getHeight()
                        + ", the fresh picture " + found.getWidth() + "x" + found.getHeight() + "; look at " + fresh
                        + ", and replace it with UPDATE_DOCS=1");
            }
        }
    }

    private static boolean differs(int a, int b) {
        return Math.abs(a - b) > TOLERANCE * Math.max(a, b);
    }
}
