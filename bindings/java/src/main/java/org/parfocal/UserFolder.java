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

/** A folder that nobody but the user can write: what is loaded from it runs as the user. */
final class UserFolder {
    private static final Set<PosixFilePermission> PRIVATE = PosixFilePermissions.fromString("rwx------");

    private UserFolder() {}

    static Path path(String text, String source) {
        try {
            return Paths.get(text);
        } catch (InvalidPathException e) {
            throw new ParfocalException(Status.RUNTIME, source + " is '" + text + "', which is no path (" + e.getReason() + ")", e);
        }
    }

    /** Makes {@code cache} if it is not there, and {@code folder} in it. Errors: whatever the system says. */
    static void make(Path cache, Path folder) throws IOException {
        // What lies above is as the system makes it; only ours are private.
        Files.createDirectories(cache.getParent() == null ? cache : cache.getParent());
        create(cache);
        create(folder);
        if (posix(folder) != null) {
            claim(folder);
        }
    }

    private static PosixFileAttributes posix(Path folder) throws IOException {
        PosixFileAttributeView view =
                Files.getFileAttributeView(folder, PosixFileAttributeView.class, LinkOption.NOFOLLOW_LINKS);
        return view == null ? null : view.readAttributes();
    }

    private static void create(Path folder) throws IOException {
        if (Files.isDirectory(folder)) {
            return;
        }
        try {
            if (FileSystems.getDefault().supportedFileAttributeViews().contains("posix")) {
                Files.createDirectory(folder, PosixFilePermissions.asFileAttribute(PRIVATE));
            } else {
                // Windows: what lies in the user's folder is the user's.
                Files.createDirectory(folder);
            }
        } catch (FileAlreadyExistsException e) {
            // Another program was faster, or it is a file.
            if (!Files.isDirectory(folder)) {
                throw e;
            }
        }
    }

    /** Refuses a folder of somebody else's; takes from others the right to write to the user's own. */
    private static void claim(Path folder) throws IOException {
        PosixFileAttributes attributes = posix(folder);
        UserPrincipal owner = attributes.owner();
        boolean own = owner.equals(user());
        boolean shared = attributes.permissions().contains(PosixFilePermission.GROUP_WRITE)
                || attributes.permissions().contains(PosixFilePermission.OTHERS_WRITE);
        // The administrator may have put it there for everybody.
        if (!attributes.isDirectory() || !own && (shared || !owner.getName().equals("root"))) {
            throw new ParfocalException(Status.RUNTIME, folder + (attributes.isDirectory() ? " belongs to '" + owner.getName() + "'"
                    : " is a link") + ", who could change what is loaded from it; expected a folder of your own: delete it, or "
                    + "name another folder in the environment variable PARFOCAL_CACHE");
        }
        if (own && shared) {
            Files.setPosixFilePermissions(folder, PRIVATE);
        }
    }

    private static UserPrincipal user() throws IOException {
        Path self = Paths.get("/proc/self");
        if (Files.exists(self)) {
            // Also right where the user has no name, as in some containers.
            return Files.getOwner(self);
        }
        return FileSystems.getDefault().getUserPrincipalLookupService().lookupPrincipalByName(System.getProperty("user.name"));
    }
}
