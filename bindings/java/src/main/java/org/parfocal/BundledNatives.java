package org.parfocal;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.function.Function;

/**
 * The native libraries of one platform in the jar: {@code /natives/<platform>/}, described by
 * {@code natives.properties} there:
 *
 * <pre>
 * version=0.1.0
 * library=libparfocal.so
 * files=libparfocal.so libparfocal_onnxruntime.so libparfocal_webgpu.so
 * libparfocal.so.size=30091520
 * libparfocal.so.sha256=(64 hexadecimal digits)
 * </pre>
 *
 * with size and hash of every file.
 */
final class BundledNatives {
    private static final String MANIFEST = "natives.properties";

    /** One file: its name, size in bytes, SHA-256 in lower case. */
    static final class Entry {
        final String name;
        final long size;
        final String sha256;

        Entry(String name, long size, String sha256) {
            this.name = name;
            this.size = size;
            this.sha256 = sha256;
        }
    }

    private final Platform platform;
    private final Function<String, InputStream> resources;
    private final Properties manifest = new Properties();
    private final String hash;
    private final List<Entry> entries = new ArrayList<>();

    private BundledNatives(Platform platform, Function<String, InputStream> resources, byte[] text) throws IOException {
        this.platform = platform;
        this.resources = resources;
        hash = Sha256.of(new ByteArrayInputStream(text), null);
        manifest.load(new ByteArrayInputStream(text));
        for (String name : value("files").split("\\s+")) {
            if (!name.matches("[A-Za-z0-9_.-]*[A-Za-z0-9_-]")) {
                throw damaged("'" + name + "' is no file name");
            }
            String sha256 = value(name + ".sha256");
            if (!sha256.matches("[0-9a-f]{64}")) {
                throw damaged(name + ".sha256 is no hash");
            }
            try {
                entries.add(new Entry(name, Long.parseLong(value(name + ".size")), sha256));
            } catch (NumberFormatException e) {
                throw damaged(name + ".size is no number");
            }
        }
        if (entries.stream().noneMatch(entry -> entry.name.equals(library()))) {
            throw damaged("library is not among files");
        }
        if (!value("version").matches("[A-Za-z0-9.+-]*[A-Za-z0-9]")) {
            throw damaged("version is none");
        }
    }

    /** Those for this platform; null if the jar has none. */
    static BundledNatives find(Platform platform) {
        return find(platform, BundledNatives.class::getResourceAsStream);
    }

    /** @param resources the content for a name that begins with a slash; null where there is none */
    static BundledNatives find(Platform platform, Function<String, InputStream> resources) {
        try (InputStream in = resources.apply(resource(platform, MANIFEST))) {
            return in == null ? null : new BundledNatives(platform, resources, read(in));
        } catch (IOException e) {
            throw new ParfocalException(
                    Status.RUNTIME,
                    resource(platform, MANIFEST) + " in Parfocal's jar cannot be read ("
                            + e.getMessage()
                            + "): the jar is damaged or was replaced while the program ran; start the program again, "
                            + "or install Parfocal again",
                    e);
        }
    }

    /** The platforms that the jar has natives for. */
    static List<Platform> platforms() {
        List<Platform> found = new ArrayList<>();
        for (Platform platform : Platform.values()) {
            if (BundledNatives.class.getResource(resource(platform, MANIFEST)) != null) {
                found.add(platform);
            }
        }
        return found;
    }

    static String resource(Platform platform, String name) {
        return "/natives/" + platform.jar() + "/" + name;
    }

    /** The folder that they are unpacked to. Other files have another one. */
    String folderName() {
        return value("version") + "-" + hash.substring(0, 12);
    }

    String library() {
        return value("library");
    }

    List<Entry> entries() {
        return entries;
    }

    InputStream open(Entry entry) {
        InputStream in = resources.apply(resource(platform, entry.name));
        if (in == null) {
            throw damaged(entry.name + " is not there");
        }
        return in;
    }

    ParfocalException damaged(String what) {
        return new ParfocalException(
                Status.RUNTIME,
                resource(platform, MANIFEST) + " in Parfocal's jar: " + what
                        + "; the jar is damaged: install Parfocal again");
    }

    private String value(String key) {
        String value = manifest.getProperty(key);
        if (value == null || value.trim().isEmpty()) {
            throw damaged(key + " is missing");
        }
        return value.trim();
    }

    private static byte[] read(InputStream in) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        Sha256.of(in, out);
        return out.toByteArray();
    }
}
