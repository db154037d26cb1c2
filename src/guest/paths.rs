//! Paths without links, found without memory of the C library: where a host preloads an allocator and loads this
//! library with RTLD_DEEPBIND, memory that the C library allocates is not ours to free, which is how Rust's
//! `canonicalize` works.

use std::io;
use std::path::{Path, PathBuf};

/// The absolute path of an existing file, all links followed. Errors: those of the system.
#[cfg(unix)]
pub fn canonical(path: &Path) -> io::Result<PathBuf> {
    use std::ffi::{CStr, CString, OsStr};
    use std::os::unix::ffi::OsStrExt;

    let path = CString::new(path.as_os_str().as_bytes())?;
    let mut found = vec![0 as libc::c_char; libc::PATH_MAX as usize];
    // SAFETY: a text, and a buffer of the size that the function asks for.
    if unsafe { libc::realpath(path.as_ptr(), found.as_mut_ptr()) }.is_null() {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the function has written a text.
    let found = unsafe { CStr::from_ptr(found.as_ptr()) };
    Ok(PathBuf::from(OsStr::from_bytes(found.to_bytes())))
}

/// The absolute path of an existing file, all links followed. Errors: those of the system.
#[cfg(not(unix))]
pub fn canonical(path: &Path) -> io::Result<PathBuf> {
    path.canonicalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_finds_what_the_standard_library_finds() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.txt");
        std::fs::write(&file, "").unwrap();
        for path in [file.as_path(), folder.path(), Path::new("."), Path::new("src/../src/lib.rs")] {
            assert_eq!(canonical(path).unwrap(), path.canonicalize().unwrap(), "{}", path.display());
        }
        let error = canonical(&folder.path().join("none")).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }
}
