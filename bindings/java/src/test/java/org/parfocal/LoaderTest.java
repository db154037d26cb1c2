package org.parfocal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * Each way in which the library is not found or does not load, and the words for it, each in a Java of its own. Where a
 * real library is needed that is not ours, one of Java's own is taken. None of these needs {@code -Dparfocal.library}.
 */
@EnabledOnOs(OS.LINUX)
class LoaderTest {
    private static final String RUNTIME = "libparfocal_onnxruntime.so";

    @TempDir
    Path temporary;

    private Platform platform;

    @BeforeEach
    void know() throws IOException {
        platform = Platform.current();
        // The system may know it by another name.
        temporary = temporary.toRealPath();
    }

    private String load(ChildJvm child) {
        return child.environment("PARFOCAL_CACHE", temporary.resolve("cache")).run(LoadMain.class);
    }

    private String loadNamed(Object library) {
        return load(new ChildJvm().property("parfocal.library", library));
    }

    /** A sound library that is not ours: one of this Java's. */
    private static byte[] another(String name) throws IOException {
        Path home = Paths.get(System.getProperty("java.home"));
        try (Stream<Path> files = Files.walk(home)) {
            return Files.readAllBytes(
                    files.filter(file -> file.endsWith(name)).findFirst().get());
        }
    }

    private static byte[] replace(byte[] file, String old, String by) {
        String text = new String(file, StandardCharsets.ISO_8859_1);
        assertTrue(text.contains(old) && old.length() == by.length());
        return text.replace(old, by).getBytes(StandardCharsets.ISO_8859_1);
    }

    private Path library(String folder, byte[] bytes) throws IOException {
        Path made = Files.createDirectories(temporary.resolve(folder));
        Files.write(made.resolve(RUNTIME), LibraryFileTest.elf(64, platform == Platform.LINUX_64 ? 62 : 183));
        return Files.write(made.resolve("libparfocal.so"), bytes);
    }

    private static void assertStarts(String expected, String said) {
        assertTrue(said.startsWith(expected), said);
        assertFalse(said.contains("then otherwise"), said);
    }

    private static void assertHas(String said, String... parts) {
        for (String part : parts) {
            assertTrue(said.contains(part), said);
        }
        assertFalse(said.contains("then otherwise"), said);
    }

    @Test
    void aNamedFileMustBeAnAbsolutePathToAFile() throws IOException {
        assertStarts(
                "RUNTIME: the system property parfocal.library is 'libparfocal.so', which is no absolute path; "
                        + "expected the absolute path of "
                        + "Parfocal's library file",
                loadNamed("libparfocal.so"));
        assertStarts(
                "RUNTIME: the system property parfocal.library is '" + temporary + "', which is a folder",
                loadNamed(temporary));
        Path none = temporary.resolve("none.so");
        assertStarts(
                "RUNTIME: the system property parfocal.library is '" + none + "', which does not exist",
                loadNamed(none));
    }

    @Test
    void whereItLookedIsToldLineByLine() throws IOException {
        Path fiji = Files.createDirectories(temporary.resolve("Fiji.app/lib/" + platform.fiji()))
                .getParent()
                .getParent();
        // Empty is as good as not given.
        String said = load(new ChildJvm()
                .property("parfocal.library", "")
                .property("imagej.dir", fiji)
                .property("plugins.dir", temporary.resolve("other/plugins")));
        assertEquals(
                Arrays.asList(
                        "RUNTIME: Parfocal's library for " + platform.jar() + " was not found. Looked in",
                        "- system property parfocal.library: not set",
                        "- " + fiji + "/lib/" + platform.fiji()
                                + " (imagej.dir): has no libparfocal.so.1 or libparfocal.so",
                        "- " + temporary.resolve("other/lib/" + platform.fiji()) + " (plugins.dir): no such folder",
                        "- " + ChildJvm.place(Parfocal.class) + ": has no natives for " + platform.jar()
                                + ", nor for any other platform",
                        "Install the Parfocal that is made for " + platform.jar()
                                + ", or start Java with -Dparfocal.library=(absolute path of libparfocal.so)"),
                Arrays.asList(said.split("\n")));
    }

    @Test
    void aPlatformWithoutNativesIsToldThoseThatThereAre() throws IOException {
        PackedNatives natives = new PackedNatives(Platform.WINDOWS_64, "0.1.0", "parfocal.dll");
        natives.write(temporary.resolve("jar"));
        assertHas(
                load(new ChildJvm().classPath(temporary.resolve("jar"))),
                ": has no natives for " + platform.jar() + ", only for windows_64");
        assertStarts(
                "RUNTIME: Parfocal does not run on Linux with os.arch riscv64; expected one of linux_64, "
                        + "linux_arm64, osx_64, "
                        + "osx_arm64, windows_64, windows_arm64, with a 64-bit Java",
                load(new ChildJvm().property("os.arch", "riscv64")));
    }

    @Test
    void aLibraryForAnotherProcessorIsSaidToBeThat() throws IOException {
        Path arm = library("arm", LibraryFileTest.elf(64, platform == Platform.LINUX_64 ? 183 : 62));
        assertStarts(
                "RUNTIME: " + arm + " is for " + (platform == Platform.LINUX_64 ? "linux_arm64" : "linux_64")
                        + "; this Java runs on " + platform.jar() + " (os.name Linux, os.arch "
                        + System.getProperty("os.arch") + ")",
                loadNamed(arm));
        Path text = library("text", "not a library at all".getBytes(StandardCharsets.US_ASCII));
        assertStarts("RUNTIME: " + text + " is no library; this Java", loadNamed(text));
    }

    @Test
    void onnxRuntimeMustLieBesideIt() throws IOException {
        Path library = library("alone", another("libnet.so"));
        Files.delete(library.resolveSibling(RUNTIME));
        String words = "RUNTIME: ONNX Runtime is missing: " + library.resolveSibling(RUNTIME)
                + " does not exist (nor libonnxruntime.so there); "
                + "it belongs to the install, beside Parfocal's library: install Parfocal again, or give the "
                + "absolute path of an ONNX "
                + "Runtime library in the environment variable PARFOCAL_ONNXRUNTIME, or as runtime=PATH when you "
                + "open a model";
        assertEquals(words, loadNamed(library));
        // The engine looks beside the file, not beside a link to it.
        Path link = Files.createDirectories(temporary.resolve("link")).resolve("libparfocal.so");
        Files.createSymbolicLink(link, library);
        Files.write(link.resolveSibling(RUNTIME), LibraryFileTest.elf(64, platform == Platform.LINUX_64 ? 62 : 183));
        assertEquals(words, loadNamed(link));
        // Named elsewhere: then this is none of the loader's business.
        String said = load(new ChildJvm()
                .property("parfocal.library", library)
                .environment("PARFOCAL_ONNXRUNTIME", "/opt/ort.so"));
        assertStarts("RUNTIME: " + library + " has no functions for Java", said);
    }

    @Test
    void aLibraryThatIsNotOursIsSaidToBeThat() throws IOException {
        Path library = library("other", another("libnet.so"));
        assertStarts(
                "RUNTIME: " + library + " has no functions for Java; expected Parfocal's library, of the release of "
                        + ChildJvm.place(Parfocal.class) + ": install Parfocal again, all of it",
                loadNamed(library));
    }

    @Test
    void aMissingLibraryThatItNeedsIsNamed() throws IOException {
        Path library = library("needs", replace(another("libnio.so"), "libnet.so", "libnex.so"));
        assertStarts(
                "RUNTIME: " + library
                        + " needs libnex.so, which this system does not have: install the package that has it. The "
                        + "system says: ",
                loadNamed(library));
    }

    @Test
    void aSystemThatIsTooOldIsSaidToBeThat() throws IOException {
        Path library = library("new", replace(another("libnio.so"), "GLIBC_2.2.5", "GLIBC_9.8.7"));
        assertStarts(
                "RUNTIME: " + library
                        + " needs GLIBC_9.8.7, and this system's C library is older; expected Linux with glibc 2.28 "
                        + "or later",
                loadNamed(library));
    }

    @Test
    void aLibraryOfWhichAPartIsMissingIsRefusedBeforeItEndsThisJava() throws IOException {
        byte[] whole = another("libnet.so");
        Path library = library("cut", Arrays.copyOf(whole, whole.length / 2));
        assertStarts(
                "RUNTIME: " + library + " is no whole library, a part is missing; this Java runs on " + platform.jar(),
                loadNamed(library));
        Path runtime = library("half", whole).resolveSibling(RUNTIME);
        Files.write(runtime, Arrays.copyOf(whole, whole.length / 2));
        assertStarts(
                "RUNTIME: " + runtime + " is no whole library, a part is missing",
                loadNamed(runtime.resolveSibling("libparfocal.so")));
    }

    @Test
    void aDamagedLibraryComesWithTheSystemsWords() throws IOException {
        byte[] file = another("libnet.so");
        // No segments: nothing to load.
        file[56] = 0;
        file[57] = 0;
        Path library = library("damaged", file);
        assertHas(
                loadNamed(library),
                "RUNTIME: " + library + " could not be loaded: install Parfocal again",
                "The system says: ");
    }

    @Test
    void aFolderThatForbidsProgramsIsSaidToBeThat() throws IOException {
        assumeTrue(mayMount());
        PackedNatives natives = natives(another("libnet.so"));
        natives.write(temporary.resolve("jar"));
        Files.createDirectories(temporary.resolve("cache"));
        String said = load(new ChildJvm()
                .classPath(temporary.resolve("jar"))
                .wrapped(
                        "unshare",
                        "-rm",
                        "sh",
                        "-c",
                        "mount -t tmpfs -o noexec tmpfs " + temporary.resolve("cache") + " && exec \"$@\"",
                        "sh"));
        assertHas(
                said,
                "RUNTIME: " + temporary.resolve("cache"),
                "lies in a folder from which this system runs no programs (mounted noexec",
                "; name another folder in the environment variable PARFOCAL_CACHE. The system says: ");
    }

    @Test
    void aFullFolderIsSaidToBeThat() throws IOException {
        assumeTrue(mayMount());
        PackedNatives natives = natives(another("libnet.so"));
        natives.put("large.so", new byte[3 << 20]);
        natives.write(temporary.resolve("jar"));
        Path cache = Files.createDirectories(temporary.resolve("cache"));
        String said = load(new ChildJvm()
                .classPath(temporary.resolve("jar"))
                .wrapped(
                        "unshare",
                        "-rm",
                        "sh",
                        "-c",
                        "mount -t tmpfs -o size=1m tmpfs " + cache + " && \"$@\" && find " + cache + " -name '*.tmp'",
                        "sh"));
        assertHas(
                said,
                "RUNTIME: Parfocal's libraries could not be unpacked to " + cache,
                "No space left on device",
                "expected a folder that can be written and has room for 4 MiB: mend that, or name another folder in "
                        + "the environment variable "
                        + "PARFOCAL_CACHE");
        assertFalse(said.contains(".tmp"), said);
    }

    @Test
    void aReadOnlyFolderIsSaidToBeThat() throws IOException {
        assumeTrue(mayMount());
        natives(another("libnet.so")).write(temporary.resolve("jar"));
        Path cache = Files.createDirectories(temporary.resolve("cache"));
        String said = load(new ChildJvm()
                .classPath(temporary.resolve("jar"))
                .wrapped(
                        "unshare", "-rm", "sh", "-c", "mount -t tmpfs -o ro tmpfs " + cache + " && exec \"$@\"", "sh"));
        assertHas(said, "RUNTIME: Parfocal's libraries could not be unpacked to " + cache, "Read-only file system");
    }

    @Test
    void whatIsMendedIsFoundWithoutAnotherStart() throws IOException {
        natives(another("libnet.so")).write(temporary.resolve("jar"));
        Path cache = Files.write(temporary.resolve("cache"), new byte[1]);
        String[] said = new ChildJvm()
                .classPath(temporary.resolve("jar"))
                .environment("PARFOCAL_CACHE", cache)
                .run(LoadMain.class, "delete", cache.toString())
                .split("\n");
        assertHas(
                said[0],
                "RUNTIME: Parfocal's libraries could not be unpacked to " + cache,
                cache + " is a file",
                ": mend that");
        assertTrue(said[1].startsWith("then otherwise: RUNTIME: " + cache.resolve("0.1.0-")), said[1]);
        assertTrue(said[1].contains("has no functions for Java"), said[1]);
        Path library = library("later", another("libnet.so"));
        said = new ChildJvm()
                .property("parfocal.library", temporary.resolve("none.so"))
                .run(LoadMain.class, "parfocal.library", library.toString())
                .split("\n");
        assertHas(said[0], "none.so', which does not exist");
        assertTrue(said[1].startsWith("then otherwise: RUNTIME: " + library + " has no functions for Java"), said[1]);
    }

    @Test
    void whatJavaHasLoadedStays() throws IOException {
        Path library = library("first", another("libnet.so"));
        String said = new ChildJvm()
                .property("parfocal.library", library)
                .run(
                        LoadMain.class,
                        "parfocal.library",
                        temporary.resolve("none.so").toString());
        // Said once: the second time is the same.
        assertStarts("RUNTIME: " + library + " has no functions for Java", said);
    }

    private static boolean mayMount() {
        try {
            return new ProcessBuilder("unshare", "-rm", "sh", "-c", "mount -t tmpfs tmpfs /mnt")
                            .redirectErrorStream(true)
                            .start()
                            .waitFor()
                    == 0;
        } catch (IOException | InterruptedException e) {
            return false;
        }
    }

    private PackedNatives natives(byte[] library) {
        PackedNatives natives = new PackedNatives(platform, "0.1.0", "libparfocal.so", RUNTIME);
        natives.put("libparfocal.so", library);
        natives.put(RUNTIME, LibraryFileTest.elf(64, platform == Platform.LINUX_64 ? 62 : 183));
        return natives;
    }

    @Test
    void aJavaThatForbidsNativesIsSaidToDoSo() throws IOException {
        assumeTrue(ChildJvm.warnsOfNatives(), "Java before 24 always permits them");
        Path library = library("forbidden", another("libnet.so"));
        String said = load(new ChildJvm()
                .withoutPermission()
                .option("--illegal-native-access=deny")
                .property("parfocal.library", library));
        assertStarts("RUNTIME: this Java does not let Parfocal load its library " + library + " (", said);
        assertHas(said, "start it with --enable-native-access=ALL-UNNAMED");
    }

    @Test
    void fijisFolderComesBeforeTheJar() throws IOException {
        Path library = library("Fiji.app/lib/" + platform.fiji(), another("libnet.so"));
        natives(another("libnet.so")).write(temporary.resolve("jar"));
        ChildJvm child =
                new ChildJvm().classPath(temporary.resolve("jar")).property("ij.dir", temporary.resolve("Fiji.app"));
        assertStarts("RUNTIME: " + library + " has no functions for Java", load(child));
        assertFalse(Files.exists(temporary.resolve("cache")));
    }

    @Test
    void theJarsAreUnpackedAndNothingIsLeftElsewhere() throws IOException {
        natives(another("libnet.so")).write(temporary.resolve("jar"));
        Path scratch = Files.createDirectories(temporary.resolve("scratch"));
        ChildJvm child = new ChildJvm().classPath(temporary.resolve("jar")).property("java.io.tmpdir", scratch);
        assertStarts("RUNTIME: " + temporary.resolve("cache/0.1.0-"), load(child));
        try (Stream<Path> left = Files.list(scratch)) {
            List<String> names = left.map(file -> file.getFileName().toString())
                    .filter(name -> !name.startsWith("hsperf"))
                    .collect(Collectors.toList());
            assertEquals(Arrays.asList(), names);
        }
    }

    @Test
    void twoProgramsMayUnpackAtOnce() throws IOException, InterruptedException {
        PackedNatives natives = natives(another("libnet.so"));
        natives.put("large.so", new byte[30 << 20]);
        natives.write(temporary.resolve("jar"));
        for (int round = 0; round < 3; round++) {
            Path cache = temporary.resolve("cache" + round);
            Path[] outputs = new Path[4];
            Process[] processes = new Process[outputs.length];
            for (int i = 0; i < outputs.length; i++) {
                outputs[i] = temporary.resolve("output" + i);
                processes[i] = new ChildJvm()
                        .classPath(temporary.resolve("jar"))
                        .environment("PARFOCAL_CACHE", cache)
                        .start(outputs[i], LoadMain.class.getName());
            }
            String first = ChildJvm.finish(processes[0], outputs[0]);
            assertStarts("RUNTIME: " + cache.resolve("0.1.0-"), first);
            assertHas(first, "has no functions for Java");
            for (int i = 1; i < outputs.length; i++) {
                assertEquals(first, ChildJvm.finish(processes[i], outputs[i]));
            }
            try (Stream<Path> files = Files.walk(cache)) {
                List<String> names = files.filter(Files::isRegularFile)
                        .map(file -> file.getFileName().toString())
                        .sorted()
                        .collect(Collectors.toList());
                assertEquals(Arrays.asList("large.so", "libparfocal.so", RUNTIME), names);
            }
        }
    }
}
