package org.parfocal;

import java.io.EOFException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;

/**
 * Reads from a library file's header which platform it was built for. The system's own message for a wrong platform is
 * often "file not found", in the user's language.
 */
final class LibraryFile {
    private LibraryFile() {}

    /**
     * Refuses a file that this platform cannot load.
     *
     * @throws ParfocalException {@link Status#RUNTIME}
     */
    static void check(Path file, Platform platform) {
        String found;
        try {
            found = madeFor(file);
        } catch (EOFException e) {
            found = "no whole library, a part is missing";
        } catch (IOException e) {
            throw new ParfocalException(
                    Status.RUNTIME,
                    file + " cannot be read (" + e.getMessage()
                            + "); expected Parfocal's library: look at its permissions, or install Parfocal again",
                    e);
        }
        boolean universal = found.equals("macOS, several processors") && platform.isMac();
        if (!found.equals(platform.jar()) && !universal) {
            throw new ParfocalException(
                    Status.RUNTIME,
                    file + " is " + (found.startsWith("no ") ? "" : "for ") + found
                            + "; this Java runs on " + platform.jar() + " (os.name " + System.getProperty("os.name")
                            + ", os.arch "
                            + System.getProperty("os.arch") + "): install the Parfocal that is made for it, all of it");
        }
    }

    /** A {@link Platform#jar} name, or words. */
    static String madeFor(Path file) throws IOException {
        try (RandomAccessFile in = new RandomAccessFile(file.toFile(), "r")) {
            ByteBuffer head = read(in, 0, 20);
            switch (head.getInt(0)) {
                case 0x7f454c46:
                    return elf(in, head);
                case 0xcffaedfe:
                    return macho(head.order(ByteOrder.LITTLE_ENDIAN).getInt(4));
                case 0xcafebabe:
                    return "macOS, several processors";
                default:
                    return head.getShort(0) == 0x4d5a ? pe(in) : "no library";
            }
        }
    }

    private static ByteBuffer read(RandomAccessFile in, long offset, int length) throws IOException {
        byte[] bytes = new byte[length];
        if (offset < 0 || offset > in.length() - length) {
            throw new EOFException();
        }
        in.seek(offset);
        in.readFully(bytes);
        return ByteBuffer.wrap(bytes);
    }

    private static String elf(RandomAccessFile in, ByteBuffer head) throws IOException {
        ByteOrder order = head.get(5) == 1 ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN;
        int machine = head.order(order).getShort(18) & 0xffff;
        if (head.get(4) != 2) {
            return "a 32-bit system (ELF machine " + machine + ")";
        }
        checkWhole(in, order);
        return machine == 62
                ? "linux_64"
                : machine == 183 ? "linux_arm64" : "another processor (ELF machine " + machine + ")";
    }

    /** Loading a truncated file, after an interrupted unpacking say, would kill the JVM (SIGBUS). */
    private static void checkWhole(RandomAccessFile in, ByteOrder order) throws IOException {
        ByteBuffer header = read(in, 0, 64).order(order);
        long segments = header.getLong(32);
        int size = header.getShort(54) & 0xffff;
        int count = header.getShort(56) & 0xffff;
        // The section table is the last part of a file.
        long sections = header.getLong(40);
        long end =
                sections == 0 ? 64 : sections + (long) (header.getShort(58) & 0xffff) * (header.getShort(60) & 0xffff);
        for (int i = 0; i < count; i++) {
            ByteBuffer segment = read(in, segments + (long) i * size, 56).order(order);
            end = Math.max(end, segment.getLong(8) + segment.getLong(32));
        }
        if (end > in.length()) {
            throw new EOFException();
        }
    }

    private static String macho(int processor) {
        return processor == 0x01000007
                ? "osx_64"
                : processor == 0x0100000c ? "osx_arm64" : "another processor (Mach-O type " + processor + ")";
    }

    private static String pe(RandomAccessFile in) throws IOException {
        int start = read(in, 0x3c, 4).order(ByteOrder.LITTLE_ENDIAN).getInt(0);
        ByteBuffer head = read(in, start, 6);
        if (head.getInt(0) != 0x50450000) {
            return "no library";
        }
        int machine = head.order(ByteOrder.LITTLE_ENDIAN).getShort(4) & 0xffff;
        return machine == 0x8664
                ? "windows_64"
                : machine == 0xaa64
                        ? "windows_arm64"
                        : "another processor (Windows machine 0x" + Integer.toHexString(machine) + ")";
    }
}
