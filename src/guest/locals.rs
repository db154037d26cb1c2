//! Takes a library's thread-local memory while there is some: the dynamic linker takes it when a thread first uses it,
//! and ends the process if there is none.

/// Remembers the thread-local memory of a loaded library, for `take`. Once in a process.
pub fn remember(library: &std::path::Path) {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    gnu::remember(library);
    #[cfg(not(all(target_os = "linux", target_env = "gnu")))]
    let _ = library;
}

/// Whether there is a library to take it for.
pub fn are_known() -> bool {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    return gnu::are_known();
    #[cfg(not(all(target_os = "linux", target_env = "gnu")))]
    false
}

/// Takes the calling thread's part of it, if that has not happened yet.
pub fn take() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    gnu::take();
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod gnu {
    use std::ffi::{c_int, c_void, CStr};
    use std::os::unix::ffi::OsStrExt;
    use std::path::Path;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// The dynamic linker's number of the library; 0 for none.
    static MODULE: AtomicUsize = AtomicUsize::new(0);

    /// What the linker's function is asked for.
    #[repr(C)]
    struct Index {
        module: usize,
        offset: usize,
    }

    extern "C" {
        fn __tls_get_addr(index: *const Index) -> *mut c_void;
    }

    pub fn remember(library: &Path) {
        let mut library = library.as_os_str().as_bytes();
        // SAFETY: the function is called with what this call passes on, and only until it returns.
        unsafe { libc::dl_iterate_phdr(Some(look), (&raw mut library).cast()) };
    }

    unsafe extern "C" fn look(info: *mut libc::dl_phdr_info, _: usize, library: *mut c_void) -> c_int {
        // SAFETY: the linker passes a loaded file; `library` is what `remember` passes.
        let (info, library) = unsafe { (&*info, *library.cast::<&[u8]>()) };
        // SAFETY: the linker's text.
        let is_it = !info.dlpi_name.is_null() && unsafe { CStr::from_ptr(info.dlpi_name) }.to_bytes() == library;
        if is_it {
            MODULE.store(info.dlpi_tls_modid, Ordering::Release);
        }
        c_int::from(is_it)
    }

    pub fn are_known() -> bool {
        MODULE.load(Ordering::Acquire) != 0
    }

    pub fn take() {
        let module = MODULE.load(Ordering::Acquire);
        if module != 0 {
            // SAFETY: the number of a library that stays loaded; what it returns is not used.
            unsafe { __tls_get_addr(&Index { module, offset: 0 }) };
        }
    }
}
