package org.parfocal.fiji;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.nio.file.attribute.FileTime;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.parfocal.Layout;
import org.parfocal.ParfocalException;
import org.parfocal.ParfocalModel;
import org.parfocal.PixelType;
import org.parfocal.Status;

/** Models are opened once and used again. */
class ModelsTest {
    @TempDir
    Path folder;

    @BeforeEach
    @AfterEach
    void close() {
        Models.closeAll();
        assertEquals(0, Models.open());
    }

    private static ParfocalModel lease(String path, String options) {
        try (Models.Lease lease = Models.lease(path, options)) {
            return lease.model();
        }
    }

    private static boolean isClosed(ParfocalModel model) {
        byte[] pixels = new byte[64];
        try {
            model.restore(PixelType.U8, pixels, Layout.of(8, 8), pixels, Layout.of(8, 8), "", null);
            return false;
        } catch (ParfocalException failed) {
            assertEquals(Status.INVALID_HANDLE, failed.status());
            return true;
        }
    }

    @Test
    void theNextCommandUsesTheSame() {
        ParfocalModel first = lease(Images.TINY, "device=cpu threads=1");
        assertSame(first, lease(Images.TINY, "device=cpu threads=1"));
        assertSame(first, lease(" " + Images.TINY + " ", "device=cpu threads=1 "));
        assertNotSame(first, lease(Images.TINY, "device=cpu threads=2"));
        assertSame(first, lease(Images.TINY, "device=cpu threads=1"), "two are kept");
        assertEquals(2, Models.open());
    }

    @Test
    void aCommandLeavesItsModelOpen() {
        Images.restore(Images.single(8, 16, 16), Images.CPU + "options=threads=1");
        assertEquals(1, Models.open());
        Images.restore(Images.single(8, 16, 16), Images.CPU + "options=[threads=1 tile=64]");
        assertEquals(1, Models.open());
    }

    @Test
    void theOldestIsClosed() {
        ParfocalModel first = lease(Images.TINY, "device=cpu threads=1");
        ParfocalModel second = lease(Images.TINY, "device=cpu threads=2");
        lease(Images.TINY, "device=cpu threads=3");
        assertEquals(2, Models.open());
        assertEquals(true, isClosed(first));
        assertEquals(false, isClosed(second));
    }

    @Test
    void oneInUseIsNotClosed() {
        ParfocalModel model;
        try (Models.Lease busy = Models.lease(Images.TINY, "device=cpu threads=1")) {
            model = busy.model();
            lease(Images.TINY, "device=cpu threads=2");
            lease(Images.TINY, "device=cpu threads=3");
            Models.closeAll();
            assertEquals(1, Models.open());
            assertEquals(false, isClosed(model));
        }
        assertEquals(true, isClosed(model));
    }

    @Test
    void aChangedFileIsOpenedAnew() throws Exception {
        Path file = folder.resolve("model with spaces.onnx");
        Files.copy(Paths.get(Images.TINY), file);
        ParfocalModel first = lease(file.toString(), "device=cpu");
        assertSame(first, lease(file.toString(), "device=cpu"));
        Files.setLastModifiedTime(file, FileTime.fromMillis(1_000_000_000_000L));
        assertNotSame(first, lease(file.toString(), "device=cpu"));
        assertEquals(true, isClosed(first));
        assertEquals(1, Models.open());
    }

    @Test
    void aFailureIsNotKept() throws Exception {
        Path file = folder.resolve("late.onnx");
        assertThrows(ParfocalException.class, () -> Models.lease(file.toString(), "device=cpu"));
        assertEquals(0, Models.open());
        Files.copy(Paths.get(Images.TINY), file);
        lease(file.toString(), "device=cpu");
        assertEquals(1, Models.open());
    }
}
