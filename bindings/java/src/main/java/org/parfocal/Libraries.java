package org.parfocal;

import java.io.IOException;
import java.io.InputStream;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.security.CodeSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.parfocal.internal.OptionText;

/**
 * Finds libparfocal and loads it, once. It looks at the system property {@code parfocal.library}, then in Fiji's
 * {@code lib/<platform>}, then in the jar, and takes the first file that exists. If that does not load, the error says
 * why, and nothing else is tried. Nothing is downloaded.
 */
final class Libraries {
    static final String PROPERTY = "parfocal.library";
    /** The binary interface of this jar. A test compares it with {@code abi} in the engine's Cargo.toml. */
    static final int ABI = 1;
    /** A system property, so that other class loaders of this process see which file is loaded. */
    static final String LOADED = "org.parfocal.loaded";

    private static final String RUNTIME_VARIABLE = "PARFOCAL_ONNXRUNTIME";
    private static final String TWICE =
            "expected both from one release: where Parfocal is installed twice, as the zip's folder "
                    + "plugins/Parfocal and by an update site in jars and lib, remove one of the two, else install "
                    + "Parfocal again, all of it; "
                    + "then start the program again";
    private static final Libraries INSTANCE = new Libraries(ABI, null);

    private final int abi;
    private final String version;
    private Path loaded;
    private ParfocalException failure;

    /** Tests pass other values than {@link #ABI} and null, which stands for this jar's own version. */
    Libraries(int abi, String version) {
        this.abi = abi;
        this.version = version;
    }

    /** Loads the library if it is not loaded yet. Returns its file. */
    static Path load() {
        return INSTANCE.load(false);
    }

    /**
     * The same before a model is opened. Its options may name an ONNX Runtime, which then need not lie beside the
     * library.
     */
    static Path loadFor(String options) {
        return INSTANCE.load(options != null && OptionText.value(options, "runtime") != null);
    }

    synchronized Path load(boolean runtimeNamed) {
        if (loaded != null) {
            return loaded;
        }
        if (failure != null) {
            // A new exception for each caller's own stack trace.
            throw new ParfocalException(failure.status(), failure.getMessage(), failure);
        }
        // A missing or damaged file may be repaired before the next call, so only what Java has tried to load is
        // remembered.
        Platform platform = Platform.current();
        Found found = find(platform);
        if (platform != null && !runtimeNamed) {
            checkRuntime(found.file, platform);
        }
        try {
            link(found);
        } catch (ParfocalException e) {
            failure = e;
            throw e;
        }
        loaded = found.file;
        return loaded;
    }

    private Found find(Platform platform) {
        String named = System.getProperty(PROPERTY);
        Found first = named != null && !named.isEmpty() ? new Found(named(named), false) : search(platform);
        if (platform != null) {
            LibraryFile.check(first.file, platform);
        }
        return first;
    }

    private static Path named(String text) {
        Path path = UserFolder.path(text, "the system property " + PROPERTY);
        String fault = !path.isAbsolute()
                ? "is no absolute path"
                : Files.isDirectory(path) ? "is a folder" : !Files.isRegularFile(path) ? "does not exist" : null;
        if (fault != null) {
            throw failure("the system property " + PROPERTY + " is '" + text + "', which " + fault
                    + "; expected the absolute path of Parfocal's library file, or no such property");
        }
        return path;
    }

    private Found search(Platform platform) {
        Path jar = jar();
        if (platform == null) {
            throw failure("Parfocal does not run on " + System.getProperty("os.name") + " with os.arch "
                    + System.getProperty("os.arch") + "; expected one of "
                    + Platform.join(Arrays.asList(Platform.values()))
                    + ", with a 64-bit Java");
        }
        List<String> names = platform.libraryNames(abi);
        List<String> looked = new ArrayList<>();
        looked.add("system property " + PROPERTY + ": not set");
        for (Map.Entry<Path, String> place :
                FijiFolders.of(platform, System::getProperty, jar).entrySet()) {
            Path folder = place.getKey();
            for (String name : names) {
                if (Files.isRegularFile(folder.resolve(name))) {
                    return new Found(folder.resolve(name), false);
                }
            }
            looked.add(folder + " (" + place.getValue() + "): "
                    + (Files.isDirectory(folder) ? "has no " + String.join(" or ", names) : "no such folder"));
        }
        BundledNatives natives = BundledNatives.find(platform);
        if (natives != null) {
            Path cache = NativeCache.folder(platform, System::getenv, System::getProperty);
            return new Found(NativeCache.unpack(natives, cache), true);
        }
        List<Platform> others = BundledNatives.platforms();
        looked.add((jar == null ? "the jar" : jar.toString()) + ": has no natives for " + platform.jar()
                + (others.isEmpty() ? ", nor for any other platform" : ", only for " + Platform.join(others)));
        throw failure("Parfocal's library for " + platform.jar() + " was not found. Looked in\n- "
                + String.join("\n- ", looked)
                + "\nInstall the Parfocal that is made for " + platform.jar() + ", or start Java with -D" + PROPERTY
                + "=(absolute path of " + names.get(names.size() - 1) + ")");
    }

    /** The engine follows links and looks beside the file itself; so does this check. */
    private static void checkRuntime(Path library, Platform platform) {
        String variable = System.getenv(RUNTIME_VARIABLE);
        if (variable != null && !variable.isEmpty()) {
            return;
        }
        Path folder;
        try {
            folder = library.toRealPath().getParent();
        } catch (IOException e) {
            throw failure(library + " cannot be read (" + e.getMessage() + "): install Parfocal again");
        }
        List<String> names = platform.runtimeNames();
        for (String name : names) {
            if (Files.isRegularFile(folder.resolve(name))) {
                LibraryFile.check(folder.resolve(name), platform);
                return;
            }
        }
        throw failure(
                "ONNX Runtime is missing: " + folder.resolve(names.get(0)) + " does not exist (nor " + names.get(1)
                        + " there); it belongs to the install, beside Parfocal's library: install Parfocal again, "
                        + "or give the absolute path of "
                        + "an ONNX Runtime library in the environment variable " + RUNTIME_VARIABLE
                        + ", or as runtime=PATH when you open a model");
    }

    private void link(Found found) {
        String first = System.getProperty(LOADED);
        // This class sets the property once, so another class loader has set it. If that one is gone, Java can load the
        // file again.
        if (first != null && !isSame(first, found.file)) {
            throw failure(LinkFailure.alreadyLoaded(first));
        }
        try {
            System.load(found.file.toString());
        } catch (UnsatisfiedLinkError e) {
            throw new ParfocalException(
                    Status.RUNTIME, LinkFailure.explain(e.getMessage(), found.file, first, found.unpacked), e);
        } catch (RuntimeException e) {
            // Java 24 and later can be configured to refuse native libraries, and a security manager can, too.
            throw new ParfocalException(
                    Status.RUNTIME,
                    "this Java does not let Parfocal load its library " + found.file + " (" + e.getMessage()
                            + "); expected a Java that permits it: start it with --enable-native-access=ALL-UNNAMED",
                    e);
        }
        int otherAbi;
        String otherVersion;
        try {
            otherAbi = Native.abiVersion();
            otherVersion = Native.version();
        } catch (UnsatisfiedLinkError e) {
            throw failure(found.file + " has no functions for Java; expected Parfocal's library, of the release of "
                    + jar() + ": install Parfocal again, all of it");
        }
        System.setProperty(LOADED, found.file.toString());
        if (otherAbi != abi) {
            throw failure(found.file + " has Parfocal's binary interface " + otherAbi + ", and " + jar()
                    + " was made for " + abi + "; " + TWICE);
        }
        // The binary interface fits, but another release would silently give other results.
        String own = version == null ? ownVersion() : version;
        if (!otherVersion.equals(own)) {
            throw failure(found.file + " is of Parfocal " + otherVersion + ", and " + jar() + " is of Parfocal " + own
                    + "; " + TWICE);
        }
    }

    /** The release of this class, which the build writes into the jar or folder of classes. */
    static String ownVersion() {
        Properties text = new Properties();
        try (InputStream in = Libraries.class.getResourceAsStream("release.properties")) {
            if (in != null) {
                text.load(in);
            }
        } catch (IOException e) {
            throw failure(jar() + " cannot be read (" + e.getMessage()
                    + "): it was replaced while the program ran; start the program again");
        }
        String version = text.getProperty("version");
        if (version == null) {
            throw failure(jar() + " does not tell its version: the jar is damaged, install Parfocal again");
        }
        return version;
    }

    private static boolean isSame(String first, Path file) {
        try {
            return Files.isSameFile(Paths.get(first), file);
        } catch (IOException e) {
            return false;
        }
    }

    /** The jar or folder that this class was loaded from; null if unknown. */
    static Path jar() {
        CodeSource source = Libraries.class.getProtectionDomain().getCodeSource();
        if (source == null
                || source.getLocation() == null
                || !"file".equals(source.getLocation().getProtocol())) {
            return null;
        }
        try {
            return Paths.get(source.getLocation().toURI());
        } catch (URISyntaxException e) {
            // Some hosts do not escape spaces.
            return Paths.get(source.getLocation().getPath());
        }
    }

    private static ParfocalException failure(String message) {
        return new ParfocalException(Status.RUNTIME, message);
    }

    private static final class Found {
        final Path file;
        final boolean unpacked;

        Found(Path file, boolean unpacked) {
            this.file = file;
            this.unpacked = unpacked;
        }
    }
}
