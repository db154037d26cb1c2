package org.parfocal;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files of every kind are told apart by their first bytes. */
class LibraryFileTest {
    @TempDir
    Path folder;

    private Path write(byte[] bytes) throws IOException {
        return Files.write(folder.resolve("library"), bytes);
    }

    static byte[] elf(int bits, int machine) {
        ByteBuffer head = ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN);
        head.put(new byte[] {0x7f, 'E', 'L', 'F', (byte) (bits / 32), 1, 1});
        head.putShort(16, (short) 3).putShort(18, (short) machine);
        return head.array();
    }

    private static byte[] macho(int processor) {
        return ByteBuffer.allocate(32)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(0xfeedfacf)
                .putInt(processor)
                .array();
    }

    private static byte[] pe(int machine) {
        ByteBuffer file = ByteBuffer.allocate(256).order(ByteOrder.LITTLE_ENDIAN);
        file.put(new byte[] {'M', 'Z'}).putInt(0x3c, 128);
        file.putInt(128, 0x4550).putShort(132, (short) machine);
        return file.array();
    }

    @Test
    void aFileThatEndsTooSoonIsNotWhole() throws IOException {
        // One segment of 4096 bytes from the beginning, and after it the table of two sections.
        ByteBuffer head =
                ByteBuffer.wrap(Arrays.copyOf(elf(64, 62), 4096 + 128)).order(ByteOrder.LITTLE_ENDIAN);
        head.putLong(32, 64).putShort(54, (short) 56).putShort(56, (short) 1);
        head.putLong(64 + 32, 4096);
        head.putLong(40, 4096).putShort(58, (short) 64).putShort(60, (short) 2);
        byte[] whole = head.array();
        assertEquals("linux_64", LibraryFile.madeFor(write(whole)));
        for (int length : new int[] {21, 100, 4095, 4096, whole.length - 1}) {
            Path cut = write(Arrays.copyOf(whole, length));
            assertTrue(
                    refusal(cut, Platform.LINUX_64).startsWith(cut + " is no whole library, a part is missing; "),
                    length + " bytes");
        }
    }

    @Test
    void isForItsPlatform() throws IOException {
        assertEquals("linux_64", LibraryFile.madeFor(write(elf(64, 62))));
        assertEquals("linux_arm64", LibraryFile.madeFor(write(elf(64, 183))));
        assertEquals("a 32-bit system (ELF machine 3)", LibraryFile.madeFor(write(elf(32, 3))));
        assertEquals("another processor (ELF machine 243)", LibraryFile.madeFor(write(elf(64, 243))));
        assertEquals("osx_64", LibraryFile.madeFor(write(macho(0x01000007))));
        assertEquals("osx_arm64", LibraryFile.madeFor(write(macho(0x0100000c))));
        assertEquals("windows_64", LibraryFile.madeFor(write(pe(0x8664))));
        assertEquals("windows_arm64", LibraryFile.madeFor(write(pe(0xaa64))));
        assertEquals("another processor (Windows machine 0x14c)", LibraryFile.madeFor(write(pe(0x14c))));
        assertEquals(
                "no library",
                LibraryFile.madeFor(write("<html>404 Not Found</html>".getBytes(StandardCharsets.US_ASCII))));
    }

    @Test
    void anotherPlatformsFileIsRefusedInWords() throws IOException {
        Path file = write(elf(64, 183));
        String message = refusal(file, Platform.LINUX_64);
        assertTrue(message.startsWith(file + " is for linux_arm64; this Java runs on linux_64 (os.name "), message);
        assertTrue(message.endsWith("install the Parfocal that is made for it, all of it"), message);
        assertDoesNotThrow(() -> LibraryFile.check(file, Platform.LINUX_ARM64));
    }

    @Test
    void whatIsNoLibraryIsRefusedInWords() throws IOException {
        Path file = write(new byte[3]);
        assertTrue(refusal(file, Platform.LINUX_64)
                .startsWith(file + " is no whole library, a part is missing; this Java runs on"));
        Path text = write("version https://git-lfs.github.com/spec/v1".getBytes(StandardCharsets.US_ASCII));
        assertTrue(refusal(text, Platform.LINUX_64).startsWith(text + " is no library; this Java runs on"));
    }

    @Test
    void aMacLibraryForSeveralProcessorsFitsBoth() throws IOException {
        Path file = write(ByteBuffer.allocate(32).putInt(0xcafebabe).array());
        assertDoesNotThrow(() -> LibraryFile.check(file, Platform.MACOS_64));
        assertDoesNotThrow(() -> LibraryFile.check(file, Platform.MACOS_ARM64));
        assertTrue(refusal(file, Platform.LINUX_64).contains(" is for macOS, several processors; "));
    }

    private static String refusal(Path file, Platform platform) {
        ParfocalException e = assertThrows(ParfocalException.class, () -> LibraryFile.check(file, platform));
        assertEquals(Status.RUNTIME, e.status());
        return e.getMessage();
    }
}
