package org.parfocal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The jar's natives in the user's folder: whole, private, and said in words where it cannot be. */
class NativeCacheTest {
    private static final boolean POSIX = !System.getProperty("os.name").startsWith("Windows");

    @TempDir
    Path temporary;

    private final PackedNatives packed = new PackedNatives(Platform.LINUX_64, "0.1.0", "libparfocal.so", "libother.so");

    private Path cache() {
        return temporary.resolve("cache");
    }

    private Path unpack() {
        return NativeCache.unpack(packed.find(), cache());
    }

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().collect(Collectors.toList());
        }
    }

    @Test
    void allFilesComeIntoAFolderNamedByVersionAndHash() throws IOException {
        Path library = unpack();
        assertEquals("libparfocal.so", library.getFileName().toString());
        assertTrue(library.getParent().getFileName().toString().matches("0\\.1\\.0-[0-9a-f]{12}"), library.toString());
        assertEquals(Arrays.asList("libother.so", "libparfocal.so"), names(library.getParent()));
        assertArrayEquals(packed.bytes("libparfocal.so"), Files.readAllBytes(library));
        assertArrayEquals(packed.bytes("libother.so"), Files.readAllBytes(library.resolveSibling("libother.so")));
        if (POSIX) {
            assertEquals(
                    "rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(library.getParent())));
            assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(cache())));
        }
    }

    @Test
    void whatIsWholeIsNotWrittenAgain() throws IOException {
        Path library = unpack();
        FileTime long_ago = FileTime.fromMillis(1_000_000_000_000L);
        Files.setLastModifiedTime(library, long_ago);
        assertEquals(library, unpack());
        assertEquals(long_ago, Files.getLastModifiedTime(library));
    }

    @Test
    void whatWasChangedOrCutOrRemovedIsReplaced() throws IOException {
        Path library = unpack();
        byte[] whole = packed.bytes("libparfocal.so");
        byte[] changed = whole.clone();
        changed[whole.length / 2] ^= 1;
        Files.write(library, changed);
        assertArrayEquals(whole, Files.readAllBytes(unpack()));
        Files.write(library, Arrays.copyOf(whole, whole.length - 1));
        assertArrayEquals(whole, Files.readAllBytes(unpack()));
        Files.delete(library);
        assertArrayEquals(whole, Files.readAllBytes(unpack()));
    }

    @Test
    void aLinkInTheLibrarysPlaceIsReplacedNotFollowed() throws IOException {
        assumeTrue(POSIX);
        Path library = unpack();
        Path elsewhere = Files.write(temporary.resolve("elsewhere"), packed.bytes("libparfocal.so"));
        Files.delete(library);
        Files.createSymbolicLink(library, elsewhere);
        unpack();
        assertFalse(Files.isSymbolicLink(library));
    }

    @Test
    void anotherVersionHasAnotherFolderAndLeavesTheOldOne() throws IOException {
        Path old = unpack();
        PackedNatives next = new PackedNatives(Platform.LINUX_64, "0.2.0", "libparfocal.so");
        Path library = NativeCache.unpack(next.find(), cache());
        assertNotEquals(old.getParent(), library.getParent());
        assertTrue(library.getParent().getFileName().toString().startsWith("0.2.0-"));
        assertTrue(Files.exists(old));
    }

    @Test
    void whatAKilledProgramLeftIsRemovedAfterADay() throws IOException {
        Path folder = unpack().getParent();
        Path left = Files.write(folder.resolve(".libparfocal.so.1.tmp"), new byte[9]);
        Files.setLastModifiedTime(left, FileTime.fromMillis(System.currentTimeMillis() - 25L * 3600 * 1000));
        Path fresh = Files.write(folder.resolve(".libparfocal.so.2.tmp"), new byte[9]);
        Files.delete(folder.resolve("libother.so"));
        unpack();
        assertFalse(Files.exists(left));
        assertTrue(Files.exists(fresh), "another program may be writing it");
    }

    @Test
    void manyMayUnpackAtOnce() throws Exception {
        for (int i = 0; i < 20; i++) {
            packed.put("libmore" + i + ".so", new byte[10_000 + i]);
        }
        for (int round = 0; round < 8; round++) {
            Path cache = temporary.resolve("cache" + round);
            List<Callable<Path>> all = Collections.nCopies(8, () -> NativeCache.unpack(packed.find(), cache));
            ExecutorService threads = Executors.newFixedThreadPool(all.size());
            for (Future<Path> library : threads.invokeAll(all)) {
                assertArrayEquals(packed.bytes("libparfocal.so"), Files.readAllBytes(library.get()));
            }
            threads.shutdown();
            assertEquals(22, names(cache.resolve(packed.find().folderName())).size());
        }
    }

    @Test
    void aDamagedJarIsSaidInWordsAndLeavesNothing() throws IOException {
        packed.content("libother.so")[5] ^= 1;
        assertMessage("natives.properties in Parfocal's jar: libother.so has another hash; the jar is damaged: install "
                + "Parfocal again");
        assertEquals(
                Arrays.asList("libparfocal.so"),
                names(cache().resolve(packed.find().folderName())));
        packed.remove("libother.so");
        assertMessage("libother.so is not there; the jar is damaged");
    }

    @Test
    void aManifestThatIsNoneIsSaidInWords() {
        Map<String, String> faults = new HashMap<>();
        faults.put("version=", "version is missing");
        faults.put("version=../..", "version is none");
        faults.put("library=other.so", "library is not among files");
        faults.put("files=../x", "'../x' is no file name");
        faults.put("files=libnone.so", "libnone.so.sha256 is missing");
        faults.put("libparfocal.so.size=big", "libparfocal.so.size is no number");
        faults.put("libparfocal.so.sha256=xyz", "libparfocal.so.sha256 is no hash");
        faults.forEach((line, fault) -> {
            PackedNatives natives = new PackedNatives(Platform.LINUX_64, "0.1.0", "libparfocal.so");
            natives.override(line);
            ParfocalException e = assertThrows(ParfocalException.class, natives::find, line);
            assertTrue(e.getMessage().contains("Parfocal's jar: " + fault), line + ": " + e.getMessage());
        });
    }

    @Test
    void aFileInTheFoldersPlaceIsSaidInWords() throws IOException {
        Files.write(cache(), new byte[1]);
        assertMessage(cache() + " is a file");
        assertMessage("or name another folder in the environment variable PARFOCAL_CACHE");
    }

    @Test
    void aFolderThatCannotBeWrittenIsSaidInWords() throws IOException {
        assumeTrue(System.getProperty("os.name").equals("Linux"));
        // Not even the administrator makes folders there.
        Path locked = Paths.get("/sys/parfocal");
        ParfocalException e = assertThrows(ParfocalException.class, () -> NativeCache.unpack(packed.find(), locked));
        assertEquals(Status.RUNTIME, e.status());
        assertTrue(
                e.getMessage().startsWith("Parfocal's libraries could not be unpacked to " + locked + "/0.1.0-"),
                e.getMessage());
        assertTrue(
                e.getMessage().contains("expected a folder that can be written and has room for 1 MiB"),
                e.getMessage());
    }

    @Test
    void aFolderThatOthersMayWriteBecomesPrivate() throws IOException {
        assumeTrue(POSIX);
        Path folder = unpack().getParent();
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxrwxrwx"));
        unpack();
        assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(folder)));
    }

    @Test
    void aFolderAroundItThatOthersMayWriteIsRefused() throws IOException {
        assumeTrue(POSIX);
        Path folder = unpack().getParent();
        for (String permissions : new String[] {"rwxrwxrwx", "rwxrwxr-x", "rwx---rwx"}) {
            Files.setPosixFilePermissions(cache(), PosixFilePermissions.fromString(permissions));
            assertMessage(cache() + " may be written by others (" + permissions
                    + "), who could change what is loaded from it; expected a "
                    + "folder that you alone may write: run chmod go-w on it, or name another folder in the "
                    + "environment variable PARFOCAL_CACHE");
            assertEquals(
                    permissions,
                    PosixFilePermissions.toString(Files.getPosixFilePermissions(cache())),
                    "not ours to change");
        }
        // As /tmp: others cannot rename what is in it.
        Files.setAttribute(cache(), "unix:mode", 01777);
        assertEquals(folder, unpack().getParent());
        Files.setPosixFilePermissions(cache(), PosixFilePermissions.fromString("rwxr-xr-x"));
        assertEquals(folder, unpack().getParent());
    }

    @Test
    void aFolderAroundItOfSomebodyElseIsRefused() throws IOException {
        assumeTrue(
                POSIX && "root".equals(System.getProperty("user.name")), "only the administrator gives folders away");
        unpack();
        give(cache());
        assertMessage(cache()
                + " belongs to 'nobody', who could change what is loaded from it; expected a folder of your own: name "
                + "another folder");
    }

    @Test
    void aFileThatOthersMayWriteIsReplaced() throws IOException {
        assumeTrue(POSIX);
        Path library = unpack();
        Files.setPosixFilePermissions(library, PosixFilePermissions.fromString("rw-rw-rw-"));
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(unpack())));
    }

    @Test
    void aFileOfSomebodyElseIsReplaced() throws IOException {
        assumeTrue(POSIX && "root".equals(System.getProperty("user.name")), "only the administrator gives files away");
        Path library = unpack();
        give(library);
        assertEquals("root", Files.getOwner(unpack()).getName());
    }

    private static void give(Path file) throws IOException {
        Files.setOwner(
                file, file.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName("nobody"));
    }

    @Test
    void aFolderOfSomebodyElseIsRefused() throws IOException {
        assumeTrue(
                POSIX && "root".equals(System.getProperty("user.name")), "only the administrator gives folders away");
        Path folder = unpack().getParent();
        give(folder);
        assertMessage(folder
                + " belongs to 'nobody', who could change what is loaded from it; expected a folder of your own");
    }

    @Test
    void aLinkInTheFoldersPlaceIsRefused() throws IOException {
        assumeTrue(POSIX);
        Path folder = unpack().getParent();
        Path moved = temporary.resolve("moved");
        Files.move(folder, moved);
        Files.createSymbolicLink(folder, moved);
        assertMessage(folder + " is a link, who could change");
    }

    @Test
    void theFolderIsTheUsers() {
        Map<String, String> environment = new HashMap<>();
        Map<String, String> properties = new HashMap<>();
        properties.put("user.home", "/home/ada");
        assertEquals(Paths.get("/home/ada/.cache/parfocal"), folder(Platform.LINUX_64, environment, properties));
        assertEquals(
                Paths.get("/home/ada/Library/Caches/parfocal"), folder(Platform.MACOS_64, environment, properties));
        assertEquals(
                Paths.get("/home/ada/AppData/Local/parfocal"), folder(Platform.WINDOWS_64, environment, properties));
        environment.put("XDG_CACHE_HOME", "/var/xdg");
        environment.put("LOCALAPPDATA", "/c/local");
        assertEquals(Paths.get("/var/xdg/parfocal"), folder(Platform.LINUX_ARM64, environment, properties));
        assertEquals(
                Paths.get("/home/ada/Library/Caches/parfocal"), folder(Platform.MACOS_64, environment, properties));
        assertEquals(Paths.get("/c/local/parfocal"), folder(Platform.WINDOWS_64, environment, properties));
        // Its specification says to ignore relative paths.
        environment.put("XDG_CACHE_HOME", "xdg");
        assertEquals(Paths.get("/home/ada/.cache/parfocal"), folder(Platform.LINUX_64, environment, properties));
        environment.put("PARFOCAL_CACHE", "/scratch/p");
        assertEquals(Paths.get("/scratch/p"), folder(Platform.LINUX_64, environment, properties));
    }

    @Test
    void noFolderToBeHadIsSaidInWords() {
        Map<String, String> environment = new HashMap<>();
        Map<String, String> properties = new HashMap<>();
        properties.put("user.home", "?");
        String message = assertThrows(ParfocalException.class, () -> folder(Platform.LINUX_64, environment, properties))
                .getMessage();
        assertTrue(message.startsWith("Java knows no home folder (user.home is '?')"), message);
        assertTrue(message.endsWith("name a folder in the environment variable PARFOCAL_CACHE"), message);
        environment.put("PARFOCAL_CACHE", "somewhere");
        message = assertThrows(ParfocalException.class, () -> folder(Platform.LINUX_64, environment, properties))
                .getMessage();
        assertEquals("the environment variable PARFOCAL_CACHE is 'somewhere'; expected an absolute path", message);
    }

    private static Path folder(Platform platform, Map<String, String> environment, Map<String, String> properties) {
        return NativeCache.folder(platform, environment::get, properties::get);
    }

    private void assertMessage(String part) {
        ParfocalException e = assertThrows(ParfocalException.class, this::unpack);
        assertEquals(Status.RUNTIME, e.status());
        assertTrue(e.getMessage().contains(part), e.getMessage());
    }
}
