package org.parfocal;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.nio.file.Paths;
import org.junit.jupiter.api.Test;

/** The words of systems that these tests do not run on, and what is made of them. */
class LinkFailureTest {
    private static final Path LIBRARY = Paths.get("/opt/parfocal/library");

    private static void assertMeans(String said, String expected) {
        String words = LinkFailure.explain(said, LIBRARY, null, true);
        assertTrue(words.startsWith(LIBRARY + " " + expected), words);
        assertTrue(words.endsWith(". The system says: " + said), words);
    }

    @Test
    void areUnderstood() {
        assertMeans(
                "/opt/x.dll: Can't find dependent libraries",
                "needs a library that this system does not have; expected the Visual C++ runtime");
        assertMeans(
                "dlopen(/opt/x.dylib, 1): Library not loaded: @rpath/libz.dylib\n  Referenced from",
                "needs @rpath/libz.dylib, which this system does not have");
        assertMeans(
                "x.so: failed to map segment from shared object: Operation not permitted",
                "lies in a folder from which this system runs no programs");
        assertMeans(
                "/lib/libstdc++.so.6: version `GLIBCXX_3.4.99' not found (required by x.so)",
                "needs GLIBCXX_3.4.99, and this system's");
        assertMeans("etwas anderes", "could not be loaded: install Parfocal again, the one for this system");
    }

    @Test
    void aSecondClassLoaderIsToldToRestart() {
        String words = LinkFailure.explain(
                "Native Library /a/libparfocal.so already loaded in another classloader",
                LIBRARY,
                "/a/libparfocal.so",
                false);
        assertTrue(
                words.contains(
                        "(/a/libparfocal.so); Java allows one: restart ImageJ, or the program that this runs in"),
                words);
    }
}
