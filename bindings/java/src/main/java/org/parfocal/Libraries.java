package org.parfocal;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.security.CodeSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * Finds libparfocal and loads it, once: the system property {@code parfocal.library}, then Fiji's {@code lib/<platform>}, then the
 * jar. The first that is there is taken; if it does not load, the reason is told, and nothing else is tried. Nothing is fetched.
 */
final class Libraries {
    static final String PROPERTY = "parfocal.library";
    /** The binary interface that this jar was built for: {@code abi} in the engine's Cargo.toml, which a test compares. */
    static final int ABI = 1;
    /** Tells other class loaders of this process which file is loaded. */
    static final String LOADED = "org.parfocal.loaded";

    private static final String RUNTIME_VARIABLE = "PARFOCAL_ONNXRUNTIME";
    private static final Pattern RUNTIME_OPTION = Pattern.compile("(^|\\s)runtime\\s*=");
    private static final Libraries INSTANCE = new Libraries(ABI);

    private final int abi;
    private Found found;
    private Path loaded;
    private ParfocalException failure;

    /** Another number than {@link #ABI} is for the tests. */
    Libraries(int abi) {
        this.abi = abi;
    }

    /** Loads it if that has not been done. Returns its file. */
    static Path load() {
        return INSTANCE.load(false);
    }

    /** The same before a model is opened, whose options may name an ONNX Runtime. */
    static Path loadFor(String options) {
        return INSTANCE.load(options != null && RUNTIME_OPTION.matcher(options).find());
    }

    synchronized Path load(boolean runtimeNamed) {
        if (loaded != null) {
            return loaded;
        }
        if (failure != null) {
            // A new one, because each caller has its own stack.
            throw new ParfocalException(failure.status(), failure.getMessage(), failure);
        }
        Platform platform = Platform.current();
        if (found == null) {
            remembered(() -> found = find(platform));
        }
        if (platform != null && !runtimeNamed) {
            // Not remembered: the next call may name one, or somebody has put it there meanwhile.
            checkRuntime(found.file, platform);
        }
        remembered(() -> link(found));
        loaded = found.file;
        return loaded;
    }

    private void remembered(Runnable step) {
        try {
            step.run();
        } catch (ParfocalException e) {
            failure = e;
            throw e;
        }
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
        String fault = !path.isAbsolute() ? "is no absolute path" : Files.isDirectory(path) ? "is a folder"
                : !Files.isRegularFile(path) ? "does not exist" : null;
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
                    + System.getProperty("os.arch") + "; expected one of " + Platform.join(Arrays.asList(Platform.values()))
                    + ", with a 64-bit Java");
        }
        List<String> names = platform.libraryNames(abi);
        List<String> looked = new ArrayList<>();
        looked.add("system property " + PROPERTY + ": not set");
        for (Map.Entry<Path, String> place : FijiFolders.of(platform, System::getProperty, jar).entrySet()) {
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
        throw failure("Parfocal's library for " + platform.jar() + " was not found. Looked in\n- " + String.join("\n- ", looked)
                + "\nInstall the Parfocal that is made for " + platform.jar() + ", or start Java with -D" + PROPERTY
                + "=(absolute path of " + names.get(names.size() - 1) + ")");
    }

    /** The engine looks beside the file itself, not beside a link to it. */
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
        throw failure("ONNX Runtime is missing: " + folder.resolve(names.get(0)) + " does not exist (nor " + names.get(1)
                + " there); it belongs to the install, beside Parfocal's library: install Parfocal again, or give the absolute path of "
                + "an ONNX Runtime library in the environment variable " + RUNTIME_VARIABLE + ", or as runtime=PATH when you open a model");
    }

    private void link(Found found) {
        String first = System.getProperty(LOADED);
        // This class loads once, so whoever set it was another class loader. If that has gone, Java loads the same file again.
        if (first != null && !isSame(first, found.file)) {
            throw failure(LinkFailure.alreadyLoaded(first));
        }
        try {
            System.load(found.file.toString());
        } catch (UnsatisfiedLinkError e) {
            throw new ParfocalException(Status.RUNTIME, LinkFailure.explain(e.getMessage(), found.file, first, found.unpacked), e);
        } catch (RuntimeException e) {
            // Java 24 and later can be told to refuse natives, and will by themselves one day; or a security manager does.
            throw new ParfocalException(Status.RUNTIME, "this Java does not let Parfocal load its library " + found.file + " ("
                    + e.getMessage() + "); expected a Java that permits it: start it with --enable-native-access=ALL-UNNAMED", e);
        }
        int other;
        try {
            other = Native.abiVersion();
        } catch (UnsatisfiedLinkError e) {
            throw failure(found.file + " has no functions for Java; expected Parfocal's library, of the release of " + jar()
                    + ": install Parfocal again, all of it");
        }
        System.setProperty(LOADED, found.file.toString());
        if (other != abi) {
            throw failure(found.file + " has Parfocal's binary interface " + other + ", and " + jar() + " was made for " + abi
                    + "; expected both from one release: install Parfocal again, all of it");
        }
    }

    private static boolean isSame(String first, Path file) {
        try {
            return Files.isSameFile(Paths.get(first), file);
        } catch (IOException e) {
            return false;
        }
    }

    /** The jar, or the folder of classes, that this class is from; null if that cannot be told. */
    static Path jar() {
        CodeSource source = Libraries.class.getProtectionDomain().getCodeSource();
        if (source == null || source.getLocation() == null || !"file".equals(source.getLocation().getProtocol())) {
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
