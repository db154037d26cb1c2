package org.parfocal;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.util.Set;

/** A folder that only the user can write to, because libraries in it run as the user. */
final class UserFolder {
    private static final Set<PosixFilePermission> PRIVATE = PosixFilePermissions.fromString("rwx------");

    private UserFolder() {}

    static Path path(String text, String source) {
        try {
            return Paths.get(text);
        } catch (InvalidPathException e) {
            throw new ParfocalException(
                    Status.RUNTIME, source + " is '" + text + "', which is no path (" + e.getReason() + ")", e);
        }
    }

    /** Creates {@code cache}, and {@code folder} in it, where they do not exist. */
    static void make(Path cache, Path folder) throws IOException {
        // Folders above have the system's permissions; only these two are private.
        Files.createDirectories(cache.getParent() == null ? cache : cache.getParent());
        create(cache);
        if (hasOwners(cache)) {
            checkAround(cache);
        }
        create(folder);
        if (hasOwners(folder)) {
            claim(folder);
        }
    }

    /** Whether a file belongs to the user or the administrator, and nobody else may write to it. */
    static boolean isOwn(Path file) throws IOException {
        if (!hasOwners(file)) {
            return true;
        }
        PosixFileAttributes attributes = posix(file);
        return isTrusted(attributes.owner()) && !isShared(attributes);
    }

    private static boolean hasOwners(Path file) {
        return Files.getFileAttributeView(file, PosixFileAttributeView.class) != null;
    }

    private static PosixFileAttributes posix(Path file, LinkOption... links) throws IOException {
        return Files.readAttributes(file, PosixFileAttributes.class, links);
    }

    private static boolean isShared(PosixFileAttributes attributes) {
        return attributes.permissions().contains(PosixFilePermission.GROUP_WRITE)
                || attributes.permissions().contains(PosixFilePermission.OTHERS_WRITE);
    }

    /** The administrator may have installed it for all users. */
    private static boolean isTrusted(UserPrincipal owner) throws IOException {
        return owner.equals(user()) || owner.getName().equals("root");
    }

    private static void create(Path folder) throws IOException {
        if (Files.isDirectory(folder)) {
            return;
        }
        try {
            if (FileSystems.getDefault().supportedFileAttributeViews().contains("posix")) {
                Files.createDirectory(folder, PosixFilePermissions.asFileAttribute(PRIVATE));
            } else {
                // Windows: files in the user's folder belong to the user.
                Files.createDirectory(folder);
            }
        } catch (FileAlreadyExistsException e) {
            // Another program was faster, or a file of this name exists.
            if (!Files.isDirectory(folder)) {
                throw e;
            }
        }
    }

    /**
     * Refuses a cache folder in which somebody else could replace our folder. Other programs may use it, so its
     * permissions stay.
     */
    private static void checkAround(Path cache) throws IOException {
        PosixFileAttributes attributes = posix(cache);
        if (!isTrusted(attributes.owner())) {
            throw refusal(cache + " belongs to '" + attributes.owner().getName() + "'", "a folder of your own: ");
        }
        if (isShared(attributes) && !isSticky(cache)) {
            throw refusal(
                    cache + " may be written by others (" + PosixFilePermissions.toString(attributes.permissions())
                            + ")",
                    "a folder that you alone may write: run chmod go-w on it, or ");
        }
    }

    /** Whether users may rename and delete only their own files there, as in /tmp. */
    private static boolean isSticky(Path folder) throws IOException {
        try {
            return ((Integer) Files.getAttribute(folder, "unix:mode") & 01000) != 0;
        } catch (UnsupportedOperationException | IllegalArgumentException e) {
            // This Java does not know the mode.
            return false;
        }
    }

    private static ParfocalException refusal(String fault, String expected) {
        return new ParfocalException(
                Status.RUNTIME,
                fault + ", who could change what is loaded from it; expected " + expected
                        + "name another folder in the environment variable PARFOCAL_CACHE");
    }

    /** Refuses somebody else's folder. Makes the user's own folder private. */
    private static void claim(Path folder) throws IOException {
        PosixFileAttributes attributes = posix(folder, LinkOption.NOFOLLOW_LINKS);
        UserPrincipal owner = attributes.owner();
        boolean own = owner.equals(user());
        boolean shared = isShared(attributes);
        if (!attributes.isDirectory() || !own && (shared || !isTrusted(owner))) {
            throw refusal(
                    folder + (attributes.isDirectory() ? " belongs to '" + owner.getName() + "'" : " is a link"),
                    "a folder of your own: delete it, or ");
        }
        if (own && shared) {
            Files.setPosixFilePermissions(folder, PRIVATE);
        }
    }

    private static UserPrincipal user() throws IOException {
        Path self = Paths.get("/proc/self");
        if (Files.exists(self)) {
            // Works where the user has no name, as in some containers.
            return Files.getOwner(self);
        }
        return FileSystems.getDefault()
                .getUserPrincipalLookupService()
                .lookupPrincipalByName(System.getProperty("user.name"));
    }
}
