package org.parfocal.fiji.window;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The packaged plugin in the real ImageJ on a display; the pictures of docs/fiji.md are taken here. */
@Tag("window")
class WindowTest {
    @TempDir
    private Path home;

    @Test
    void diagnosticsAreShownAndCopied() throws Exception {
        String copied = ImageJProcess.play("diagnostics", home);
        assertTrue(copied.contains("Plugin"), copied);
    }
}
