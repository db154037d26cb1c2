package org.parfocal;

import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.function.UnaryOperator;

/**
 * Unpacks the jar's libraries into a folder of the user, once for each version. Every start compares each file with its
 * hash. Files are written under temporary names first, so that several programs may unpack at once.
 */
final class NativeCache {
    private static final String VARIABLE = "PARFOCAL_CACHE";
    /** Older temporary files come from a program that was killed; younger ones may be in use. */
    private static final long LEFT_BEHIND_MS = 24L * 60 * 60 * 1000;

    private NativeCache() {}

    /** The folder for all versions. Tests pass their own {@code environment} and {@code properties}. */
    static Path folder(Platform platform, UnaryOperator<String> environment, UnaryOperator<String> properties) {
        String named = environment.apply(VARIABLE);
        if (named != null && !named.isEmpty()) {
            Path folder = UserFolder.path(named, "the environment variable " + VARIABLE);
            if (!folder.isAbsolute()) {
                throw failure(
                        "the environment variable " + VARIABLE + " is '" + named + "'; expected an absolute path");
            }
            return folder;
        }
        String variable = platform.isWindows() ? "LOCALAPPDATA" : platform.isMac() ? null : "XDG_CACHE_HOME";
        String base = variable == null ? null : environment.apply(variable);
        if (base != null && !base.isEmpty() && UserFolder.path(base, variable).isAbsolute()) {
            return UserFolder.path(base, variable).resolve("parfocal");
        }
        String home = properties.apply("user.home");
        if (home == null
                || home.isEmpty()
                || !UserFolder.path(home, "user.home").isAbsolute()) {
            throw failure("Java knows no home folder (user.home is '" + home
                    + "'), where Parfocal's libraries would be unpacked; "
                    + "name a folder in the environment variable " + VARIABLE);
        }
        String below = platform.isWindows() ? "AppData/Local" : platform.isMac() ? "Library/Caches" : ".cache";
        return UserFolder.path(home, "user.home").resolve(below).resolve("parfocal");
    }

    /**
     * Unpacks what is missing or damaged.
     *
     * @param cache the folder for all versions
     * @return the library
     */
    static Path unpack(BundledNatives natives, Path cache) {
        Path folder = cache.resolve(natives.folderName());
        try {
            UserFolder.make(cache, folder);
            for (BundledNatives.Entry entry : natives.entries()) {
                Path file = folder.resolve(entry.name);
                if (!intact(file, entry)) {
                    removeLeftBehind(folder);
                    write(natives, entry, file);
                }
            }
        } catch (IOException e) {
            long bytes =
                    natives.entries().stream().mapToLong(entry -> entry.size).sum();
            throw new ParfocalException(
                    Status.RUNTIME,
                    "Parfocal's libraries could not be unpacked to " + folder + " ("
                            + reason(e) + "); expected a folder that can be written and has room for "
                            + ((bytes >> 20) + 1)
                            + " MiB: mend that, or name another folder in the environment variable " + VARIABLE,
                    e);
        }
        return folder.resolve(natives.library());
    }

    private static boolean intact(Path file, BundledNatives.Entry entry) throws IOException {
        if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)
                || Files.size(file) != entry.size
                || !UserFolder.isOwn(file)) {
            return false;
        }
        try (InputStream in = Files.newInputStream(file)) {
            return Sha256.of(in, null).equals(entry.sha256);
        }
    }

    private static void write(BundledNatives natives, BundledNatives.Entry entry, Path file) throws IOException {
        Path temporary = Files.createTempFile(file.getParent(), "." + entry.name + ".", ".tmp");
        try {
            String hash;
            try (InputStream in = natives.open(entry);
                    OutputStream out = new FileOutputStream(temporary.toFile())) {
                hash = Sha256.of(in, out);
                ((FileOutputStream) out).getFD().sync();
            }
            if (!hash.equals(entry.sha256)) {
                throw natives.damaged(entry.name + " has another hash");
            }
            try {
                Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            } catch (AccessDeniedException e) {
                // Windows: another program has the file open, so it is usually complete.
                if (!intact(file, entry)) {
                    throw e;
                }
            }
        } finally {
            Files.deleteIfExists(temporary);
        }
    }

    private static void removeLeftBehind(Path folder) {
        long old = System.currentTimeMillis() - LEFT_BEHIND_MS;
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, ".*.tmp")) {
            for (Path file : files) {
                if (Files.getLastModifiedTime(file, LinkOption.NOFOLLOW_LINKS).toMillis() < old) {
                    Files.deleteIfExists(file);
                }
            }
        } catch (IOException | DirectoryIteratorException e) {
            // Another program has renamed its file meanwhile, or this one cannot be deleted: the next writer tries
            // again.
        }
    }

    private static String reason(IOException e) {
        if (e instanceof AccessDeniedException) {
            return "no permission: " + e.getMessage();
        }
        if (e instanceof FileAlreadyExistsException) {
            return e.getMessage() + " is a file";
        }
        if (e instanceof FileSystemException && ((FileSystemException) e).getReason() != null) {
            return ((FileSystemException) e).getReason() + ": " + ((FileSystemException) e).getFile();
        }
        return e.getMessage();
    }

    private static ParfocalException failure(String message) {
        return new ParfocalException(Status.RUNTIME, message);
    }
}
