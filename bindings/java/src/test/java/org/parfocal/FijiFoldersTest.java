package org.parfocal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where Fiji's natives can lie, by its properties and by where the jar lies. */
class FijiFoldersTest {
    private static final Path ROOT = Paths.get("/opt/Fiji.app").toAbsolutePath();

    private static List<String> folders(Map<String, String> properties, Path jar) {
        List<String> found = new ArrayList<>();
        FijiFolders.of(Platform.LINUX_64, properties::get, jar)
                .forEach((folder, source) -> found.add(folder + " by " + source));
        return found;
    }

    @Test
    void followFromEachProperty() {
        for (String property : new String[] {"imagej.dir", "fiji.dir", "ij.dir", "plugins.dir"}) {
            List<String> found = folders(Collections.singletonMap(property, ROOT.toString()), null);
            assertEquals(Arrays.asList(ROOT.resolve("lib/linux64") + " by " + property), found);
        }
        assertEquals(
                Arrays.asList(ROOT.resolve("lib/linux64") + " by plugins.dir"),
                folders(
                        Collections.singletonMap(
                                "plugins.dir", ROOT.resolve("plugins").toString()),
                        null));
    }

    @Test
    void aFolderOfPluginsMayHaveAnyName(@TempDir Path temporary) throws IOException {
        Path mine = Files.createDirectories(temporary.resolve("mine"));
        assertEquals(
                Arrays.asList(
                        mine.resolve("lib/linux64") + " by plugins.dir",
                        temporary.resolve("lib/linux64") + " by plugins.dir"),
                folders(Collections.singletonMap("plugins.dir", mine.toString()), null));
        Files.createDirectories(mine.resolve("plugins"));
        assertEquals(
                Arrays.asList(mine.resolve("lib/linux64") + " by plugins.dir"),
                folders(Collections.singletonMap("plugins.dir", mine.toString()), null));
    }

    @Test
    void followFromTheJar() {
        for (String jar :
                new String[] {"jars/parfocal-java-0.1.0.jar", "plugins/Parfocal_.jar", "plugins/Parfocal/Parfocal_.jar"
                }) {
            Path file = ROOT.resolve(jar);
            assertEquals(
                    Arrays.asList(ROOT.resolve("lib/linux64") + " by where " + file.getFileName() + " lies"),
                    folders(Collections.emptyMap(), file));
        }
    }

    @Test
    void aJarElsewhereSaysNothing() {
        assertEquals(
                Collections.emptyList(),
                folders(Collections.emptyMap(), ROOT.resolve("repository/org/parfocal-java.jar")));
        assertEquals(
                Collections.emptyList(),
                folders(Collections.emptyMap(), ROOT.resolve("plugins/a/b/parfocal-java.jar")));
        assertEquals(Collections.emptyList(), folders(Collections.emptyMap(), Paths.get("/x.jar")));
    }

    @Test
    void areToldOnceAndInOrder() {
        Map<String, String> properties = new java.util.HashMap<>();
        properties.put("imagej.dir", "/a");
        properties.put("fiji.dir", "/a/");
        properties.put("ij.dir", "/b");
        assertEquals(
                Arrays.asList(
                        Paths.get("/a/lib/linux64") + " by imagej.dir", Paths.get("/b/lib/linux64") + " by ij.dir"),
                folders(properties, Paths.get("/a/jars/x.jar")));
    }
}
