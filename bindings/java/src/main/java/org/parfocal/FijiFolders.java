package org.parfocal;

import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.UnaryOperator;

/**
 * The folders {@code lib/<platform>} of the Fiji or ImageJ that this runs in, each with the property or file that led
 * to it.
 */
final class FijiFolders {
    /**
     * Properties that Fiji's launchers and ImageJ set. {@code plugins.dir} is ImageJ's folder or its folder of plugins.
     */
    private static final String[] PROPERTIES = {"imagej.dir", "fiji.dir", "ij.dir", "plugins.dir"};

    private FijiFolders() {}

    /** @param jar this library's own jar; null if unknown */
    static Map<Path, String> of(Platform platform, UnaryOperator<String> properties, Path jar) {
        Map<Path, String> folders = new LinkedHashMap<>();
        for (String property : PROPERTIES) {
            String value = properties.apply(property);
            if (value != null && !value.isEmpty()) {
                Path root = root(value);
                add(folders, platform, root, property);
                if (property.equals("plugins.dir")
                        && root != null
                        && Files.isDirectory(root)
                        && !Files.isDirectory(root.resolve("plugins"))) {
                    // ImageJ takes a folder of plugins of any name, too.
                    add(folders, platform, root.getParent(), property);
                }
            }
        }
        if (jar != null) {
            // jars/X.jar, plugins/X.jar, plugins/Folder/X.jar
            Path folder = jar.getParent();
            for (int up = 0; up < 2 && folder != null && folder.getFileName() != null; up++) {
                if (isNamed(folder, "jars") || isNamed(folder, "plugins")) {
                    add(folders, platform, folder.getParent(), "where " + jar.getFileName() + " lies");
                    break;
                }
                folder = folder.getParent();
            }
        }
        return folders;
    }

    private static Path root(String value) {
        try {
            Path path = Paths.get(value).toAbsolutePath().normalize();
            return isNamed(path, "plugins") ? path.getParent() : path;
        } catch (InvalidPathException e) {
            // Somebody else's property.
            return null;
        }
    }

    private static boolean isNamed(Path folder, String name) {
        return folder.getFileName() != null && folder.getFileName().toString().equals(name);
    }

    private static void add(Map<Path, String> folders, Platform platform, Path root, String source) {
        if (root != null) {
            folders.putIfAbsent(root.resolve("lib").resolve(platform.fiji()), source);
        }
    }
}
