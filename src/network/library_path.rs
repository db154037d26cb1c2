//! The path of the file that holds this code: the library in a host's process, else the program.

use std::path::PathBuf;

use crate::guest::paths::canonical;

/// The absolute path of the file that holds this function, symbolic links resolved; `None` if it cannot be found out.
///
/// In a process that loaded libparfocal (`java`, `MATLAB`) it is libparfocal; in the command and the tests it is the
/// program.
pub fn this_file() -> Option<PathBuf> {
    let here = this_file as fn() -> Option<PathBuf> as usize;
    let found = mapped(here).or_else(|| linked(here));
    found.or_else(|| std::env::current_exe().ok()).map(|path| canonical(&path).unwrap_or(path))
}

/// From the kernel's list of mapped files. It is absolute even if the library was loaded by a relative path and the
/// process has changed its folder since.
#[cfg(target_os = "linux")]
fn mapped(address: usize) -> Option<PathBuf> {
    use std::os::unix::ffi::OsStringExt;

    let maps = std::fs::read("/proc/self/maps").ok()?;
    maps.split(|byte| *byte == b'\n').find_map(|line| {
        let (range, rest) = line.split_at(line.iter().position(|byte| *byte == b' ')?);
        let (start, end) = std::str::from_utf8(range).ok()?.split_once('-')?;
        let inside = |text| usize::from_str_radix(text, 16).ok();
        if !(inside(start)?..inside(end)?).contains(&address) {
            return None;
        }
        // Permissions, offset, device and inode contain no slash; a newline in a name is written as \012.
        let path = &rest[rest.iter().position(|byte| *byte == b'/')?..];
        if path.windows(4).any(|four| four == br"\012") {
            return None;
        }
        Some(PathBuf::from(std::ffi::OsString::from_vec(path.to_vec())))
    })
}

#[cfg(not(target_os = "linux"))]
fn mapped(_: usize) -> Option<PathBuf> {
    None
}

/// From the dynamic linker, which returns the path that the file was loaded by: useful only if it is absolute.
#[cfg(unix)]
fn linked(address: usize) -> Option<PathBuf> {
    use std::ffi::{CStr, OsStr};
    use std::os::unix::ffi::OsStrExt;

    // SAFETY: the structure consists of pointers, for which zero is valid.
    let mut info: libc::Dl_info = unsafe { std::mem::zeroed() };
    // SAFETY: `info` may be written; the address is only compared with the ranges of loaded files.
    let found = unsafe { libc::dladdr(address as *const libc::c_void, &mut info) };
    if found == 0 || info.dli_fname.is_null() {
        return None;
    }
    // SAFETY: the name ends with a NUL and lives as long as the loaded file, which holds this code.
    let name = unsafe { CStr::from_ptr(info.dli_fname) };
    Some(PathBuf::from(OsStr::from_bytes(name.to_bytes()))).filter(|path| path.is_absolute())
}

/// From Windows' list of modules. Nobody has run this yet.
#[cfg(windows)]
fn linked(address: usize) -> Option<PathBuf> {
    use std::ffi::{c_void, OsString};
    use std::os::windows::ffi::OsStringExt;

    #[link(name = "kernel32")]
    unsafe extern "system" {
        fn GetModuleHandleExW(flags: u32, address: *const c_void, module: *mut *mut c_void) -> i32;
        fn GetModuleFileNameW(module: *mut c_void, name: *mut u16, capacity: u32) -> u32;
    }
    /// Find the module by an address inside it, without a new reference to it.
    const FROM_ADDRESS_UNCHANGED: u32 = 0x4 | 0x2;
    let mut module = std::ptr::null_mut();
    // SAFETY: `module` may be written; the address is only compared with the ranges of loaded modules.
    if unsafe { GetModuleHandleExW(FROM_ADDRESS_UNCHANGED, address as *const c_void, &mut module) } == 0 {
        return None;
    }
    // The longest path that Windows allows.
    let mut name = vec![0u16; 32768];
    // SAFETY: `name` has as many elements as the call says; the module holds this code, so it stays loaded.
    let length = unsafe { GetModuleFileNameW(module, name.as_mut_ptr(), name.len() as u32) } as usize;
    (length > 0 && length < name.len()).then(|| PathBuf::from(OsString::from_wide(&name[..length])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_a_program_it_is_the_program() {
        let program = std::env::current_exe().unwrap().canonicalize().unwrap();
        assert_eq!(this_file(), Some(program.clone()));
        let here = this_file as fn() -> Option<PathBuf> as usize;
        if cfg!(target_os = "linux") {
            assert_eq!(mapped(here), Some(program.clone()));
        }
        // Usually tests are started by an absolute path; if not, there is nothing to compare.
        if let Some(linked) = linked(here) {
            assert_eq!(linked.canonicalize().unwrap(), program);
        }
    }

    #[test]
    #[cfg(unix)]
    fn the_code_of_another_library_is_found_in_its_own_file() {
        let other = libc::getpid as unsafe extern "C" fn() -> libc::pid_t as usize;
        let program = std::env::current_exe().unwrap();
        for found in [mapped(other), linked(other)].into_iter().flatten() {
            assert!(found.is_absolute() && found != program, "{}", found.display());
        }
        assert_eq!((mapped(1), linked(1)), (None, None));
    }
}
