package org.parfocal;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Explains an {@link UnsatisfiedLinkError} to the user; the system's own words follow at the end. */
final class LinkFailure {
    private static final Pattern VERSION = Pattern.compile("version [`'\"]?((GLIBC|GLIBCXX|CXXABI)_[0-9.]+)");
    private static final Pattern MISSING = Pattern.compile(
            "(?:^|: |\\s)([^:\\s]+\\.so[.0-9]*): cannot open shared object file|Library not loaded: (\\S+)");

    private LinkFailure() {}

    /** @param first the file that another class loader has loaded; null if unknown */
    static String explain(String said, Path library, String first, boolean unpacked) {
        String text = said == null ? "no message" : said;
        if (text.contains("already loaded in another classloader")) {
            return alreadyLoaded(first == null ? library.toString() : first);
        }
        Matcher version = VERSION.matcher(text);
        if (version.find()) {
            return library + " needs " + version.group(1)
                    + ", and this system's C library is older; expected Linux with glibc 2.28 "
                    + "or later (2018): use Parfocal on a newer system" + quoted(text);
        }
        if (noexec(library) || text.contains("failed to map segment")) {
            return library
                    + " lies in a folder from which this system runs no programs (mounted noexec, or forbidden by a "
                    + "policy); "
                    + (unpacked
                            ? "name another folder in the environment variable PARFOCAL_CACHE"
                            : "move it elsewhere")
                    + quoted(text);
        }
        Matcher missing = MISSING.matcher(text);
        if (missing.find()) {
            String name = missing.group(1) == null ? missing.group(2) : missing.group(1);
            return library + " needs " + name + ", which this system does not have: install the package that has it"
                    + quoted(text);
        }
        if (text.contains("dependent libraries")) {
            return library
                    + " needs a library that this system does not have; expected the Visual C++ runtime: install "
                    + "Microsoft's "
                    + "Visual C++ Redistributable" + quoted(text);
        }
        return library + " could not be loaded: install Parfocal again, the one for this system" + quoted(text);
    }

    /** JNI allows one class loader of a process to load a library. */
    static String alreadyLoaded(String path) {
        return "Parfocal's library is already in use in this program, by a copy of Parfocal that another class "
                + "loader loaded ("
                + path
                + "); Java allows one: restart ImageJ, or the program that this runs in. If that does not help, "
                + "Parfocal is installed "
                + "twice: remove one of the two";
    }

    private static String quoted(String text) {
        return ". The system says: " + text;
    }

    /** Whether the file lies on a file system mounted noexec. */
    private static boolean noexec(Path file) {
        boolean noexec = false;
        int longest = -1;
        try {
            Path real = file.toRealPath();
            for (String line : Files.readAllLines(Paths.get("/proc/self/mounts"), StandardCharsets.UTF_8)) {
                String[] fields = line.split(" ");
                // Later mounts hide earlier ones.
                if (fields.length > 3
                        && real.startsWith(fields[1].replace("\\040", " "))
                        && fields[1].length() >= longest) {
                    longest = fields[1].length();
                    noexec = ("," + fields[3] + ",").contains(",noexec,");
                }
            }
        } catch (IOException | RuntimeException e) {
            // Not Linux, or an unreadable name: the message goes without this hint.
            return false;
        }
        return noexec;
    }
}
