package org.parfocal;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/** Natives as a jar has them, made up or from files, for the tests. */
final class PackedNatives {
    private final Platform platform;
    private final Map<String, byte[]> files = new LinkedHashMap<>();
    private final Map<String, byte[]> original = new LinkedHashMap<>();
    private final Map<String, String> manifest = new TreeMap<>();

    /** Files of made-up bytes; the first is the library. */
    PackedNatives(Platform platform, String version, String... names) {
        this.platform = platform;
        manifest.put("version", version);
        manifest.put("library", names[0]);
        Random random = new Random(1);
        for (String name : names) {
            byte[] bytes = new byte[100_000 + random.nextInt(1000)];
            random.nextBytes(bytes);
            put(name, bytes);
        }
    }

    void put(String name, byte[] bytes) {
        files.put(name, bytes);
        original.put(name, bytes.clone());
        manifest.put("files", String.join(" ", files.keySet()));
        manifest.put(name + ".size", Integer.toString(bytes.length));
        try {
            manifest.put(name + ".sha256", Sha256.of(new ByteArrayInputStream(bytes), null));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    byte[] bytes(String name) {
        return original.get(name);
    }

    /** What the jar holds, to be damaged. */
    byte[] content(String name) {
        return files.get(name);
    }

    void remove(String name) {
        files.remove(name);
    }

    /** Another line of the manifest: {@code key=value}. */
    void override(String line) {
        manifest.put(line.substring(0, line.indexOf('=')), line.substring(line.indexOf('=') + 1));
    }

    BundledNatives find() {
        return BundledNatives.find(platform, this::open);
    }

    /** Writes them as they lie in a jar, below a folder that can stand on a class path. */
    void write(Path root) throws IOException {
        Path folder = Files.createDirectories(root.resolve("natives").resolve(platform.jar()));
        Files.write(folder.resolve("natives.properties"), text());
        for (Map.Entry<String, byte[]> file : files.entrySet()) {
            Files.write(folder.resolve(file.getKey()), file.getValue());
        }
    }

    private byte[] text() {
        StringBuilder text = new StringBuilder();
        manifest.forEach(
                (key, value) -> text.append(key).append('=').append(value).append('\n'));
        return text.toString().getBytes(StandardCharsets.ISO_8859_1);
    }

    private InputStream open(String resource) {
        String prefix = "/natives/" + platform.jar() + "/";
        if (!resource.startsWith(prefix)) {
            return null;
        }
        String name = resource.substring(prefix.length());
        byte[] bytes = name.equals("natives.properties") ? text() : files.get(name);
        return bytes == null ? null : new ByteArrayInputStream(bytes);
    }
}
