package org.parfocal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The real library from each place that it may lie in, and in a program that has it already. */
@NeedsLibrary
class RealLoaderTest {
    private final Path library = Paths.get(System.getProperty("parfocal.library"));
    private final Platform platform = Platform.current();

    @TempDir
    Path temporary;

    @BeforeEach
    void know() throws IOException {
        temporary = temporary.toRealPath();
    }

    /** The library and ONNX Runtime in a folder of their own. */
    private Path copyTo(Path folder, String name) throws IOException {
        Files.createDirectories(folder);
        for (String runtime : platform.runtimeNames()) {
            if (Files.exists(library.resolveSibling(runtime))) {
                Files.copy(library.resolveSibling(runtime), folder.resolve(runtime));
            }
        }
        return Files.copy(library, folder.resolve(name));
    }

    /** This library as a jar, with what lies in {@code more}. */
    private Path jar(Path file, Path more) throws IOException {
        Files.createDirectories(file.getParent());
        try (JarOutputStream jar = new JarOutputStream(Files.newOutputStream(file))) {
            jar.setLevel(1);
            add(jar, ChildJvm.place(Parfocal.class));
            if (more != null) {
                add(jar, more);
            }
        }
        return file;
    }

    private static void add(JarOutputStream jar, Path root) throws IOException {
        List<Path> files;
        try (Stream<Path> all = Files.walk(root)) {
            files = all.filter(Files::isRegularFile).collect(Collectors.toList());
        }
        for (Path file : files) {
            jar.putNextEntry(new JarEntry(root.relativize(file).toString().replace('\\', '/')));
            OutputStream out = jar;
            Files.copy(file, out);
        }
    }

    private ChildJvm with(Path jar) {
        return new ChildJvm()
                .onlyClassPath(jar, ChildJvm.place(ChildJvm.class))
                .environment("PARFOCAL_CACHE", temporary.resolve("cache"));
    }

    @Test
    void fijisFolderIsFoundByItsProperty() throws IOException {
        Path copy = copyTo(
                temporary.resolve("a Fiji.app/lib/" + platform.fiji()),
                platform.libraryNames(Libraries.ABI).get(0));
        assertEquals(
                "loaded " + copy + " 1",
                new ChildJvm()
                        .property("imagej.dir", temporary.resolve("a Fiji.app"))
                        .run(LoadMain.class));
    }

    @Test
    void fijisFolderIsFoundByWhereTheJarLies() throws IOException {
        Path root = temporary.resolve("é Fiji.app+");
        Path copy = copyTo(root.resolve("lib/" + platform.fiji()), "libparfocal.so");
        assertEquals(
                "loaded " + copy + " 1",
                with(jar(root.resolve("jars/parfocal-java-0.1.0.jar"), null)).run(LoadMain.class));
        assertEquals(
                "loaded " + copy + " 1",
                with(jar(root.resolve("plugins/Parfocal/parfocal.jar"), null)).run(LoadMain.class));
    }

    @Test
    void theJarsNativesAreUnpackedOnceAndMendedWhenDamaged() throws IOException {
        PackedNatives natives = new PackedNatives(platform, "0.1.0", "libparfocal.so");
        natives.put("libparfocal.so", Files.readAllBytes(library));
        natives.put(
                "libparfocal_onnxruntime.so", Files.readAllBytes(library.resolveSibling("libparfocal_onnxruntime.so")));
        natives.write(temporary.resolve("natives"));
        ChildJvm child = with(jar(temporary.resolve("parfocal.jar"), temporary.resolve("natives")));
        String said = child.run(LoadMain.class);
        Path unpacked =
                temporary.resolve("cache").resolve(natives.find().folderName()).resolve("libparfocal.so");
        assertEquals("loaded " + unpacked + " 1", said);
        assertEquals("done", child.run(ExerciseMain.class));
        byte[] damaged = natives.bytes("libparfocal.so").clone();
        java.util.Arrays.fill(damaged, 5000, 6000, (byte) 0);
        Files.write(unpacked, damaged);
        assertEquals("done", child.run(ExerciseMain.class));
        assertArrayEquals(natives.bytes("libparfocal.so"), Files.readAllBytes(unpacked));
    }

    private static final String TWICE =
            "; expected both from one release: where Parfocal is installed twice, as the zip's folder "
                    + "plugins/Parfocal and by an update site in jars and lib, remove one of the two, else install "
                    + "Parfocal again, all of it; then "
                    + "start the program again";

    /** What a Java part of another interface or release says: the same each time. */
    private static String madeFor(ChildJvm child, int abi, String version) {
        String[] said = child.run(LoadMain.class, "made for", Integer.toString(abi), version)
                .split("\n");
        assertEquals(said[0], said[1]);
        return said[0];
    }

    @Test
    void anotherInterfaceIsSaidToBeThat() {
        assertEquals(
                "RUNTIME: " + library + " has Parfocal's binary interface 1, and " + ChildJvm.place(Parfocal.class)
                        + " was made for 7" + TWICE,
                madeFor(new ChildJvm().withLibrary(), 7, Parfocal.version()));
    }

    @Test
    void anotherReleaseIsSaidToBeThat() throws IOException {
        assertEquals(Parfocal.version(), Libraries.ownVersion());
        // An update site's library, of this release, under the zip's jar of a later one.
        Path fiji = temporary.resolve("Fiji.app");
        Path copy = copyTo(fiji.resolve("lib/" + platform.fiji()), "libparfocal.so");
        Path jar = jar(fiji.resolve("plugins/Parfocal/parfocal-java-9.8.7.jar"), null);
        assertEquals(
                "RUNTIME: " + copy + " is of Parfocal " + Parfocal.version() + ", and " + jar + " is of Parfocal 9.8.7"
                        + TWICE,
                madeFor(with(jar), Libraries.ABI, "9.8.7"));
        assertEquals("loaded " + copy, madeFor(with(jar), Libraries.ABI, Parfocal.version()));
    }

    @Test
    void aSecondClassLoaderIsToldToRestart() {
        String[] said = new ChildJvm()
                .run(ClassLoadersMain.class, library.toString(), library.toString())
                .split("\n");
        assertEquals("version " + Parfocal.version(), said[0]);
        assertEquals(
                "ParfocalException: Parfocal's library is already in use in this program, by a copy of Parfocal "
                        + "that another class loader "
                        + "loaded (" + library
                        + "); Java allows one: restart ImageJ, or the program that this runs in. If that does not "
                        + "help, Parfocal is "
                        + "installed twice: remove one of the two",
                said[1]);
        assertEquals(said[1], said[2], "the same words again");
        assertEquals(said[0], said[3], "the first goes on");
    }

    @Test
    void aSecondClassLoaderWithACopyElsewhereIsToldTheSame() throws IOException {
        Path copy = copyTo(temporary.resolve("copy"), "libparfocal.so");
        String[] said = new ChildJvm()
                .run(ClassLoadersMain.class, library.toString(), copy.toString())
                .split("\n");
        assertTrue(said[1].contains("another class loader loaded (" + library + ")"), said[1]);
        assertEquals(said[0], said[3]);
    }

    @Test
    void aClassLoaderThatWasCollectedGivesWay() {
        String[] said = new ChildJvm()
                .run(ClassLoadersMain.class, library.toString(), library.toString(), "collect")
                .split("\n");
        assertEquals(said[0], said[1]);
    }
}
