//! Memory for C++ code that cannot say that there is none: the initialisers of ONNX Runtime throw through the dynamic
//! linker, which ends the host's process.

use crate::error::{Error, Result, Status};

/// What the initialisers and the environment take at most, several times over.
const SPARE: usize = 16 << 20;

/// Runs `load` with spare memory: if C++ finds none, the spare memory is given back, and C++ tries again. Only on
/// Linux, and without effect where there is no C++ library yet.
///
/// Errors: `OutOfMemory` if there is no spare memory to begin with; then `load` has not run.
pub fn with_spare_memory<R>(load: impl FnOnce() -> Result<R>) -> Result<R> {
    let no_memory = || {
        Error::new(
            Status::OutOfMemory,
            format!(
                "no memory to load ONNX Runtime; expected {} MiB: close other programs, or raise the limit",
                SPARE >> 20
            ),
        )
    };
    #[cfg(target_os = "linux")]
    let _spare = linux::Spare::hold().ok_or_else(no_memory)?;
    #[cfg(not(target_os = "linux"))]
    Vec::<u8>::new().try_reserve_exact(SPARE).map_err(|_| no_memory())?;
    load()
}

#[cfg(target_os = "linux")]
mod linux {
    use std::ptr::null_mut;
    use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

    use libloading::os::unix::{Library, RTLD_LAZY, RTLD_LOCAL};

    use super::SPARE;

    type Handler = Option<extern "C" fn()>;
    type SetHandler = unsafe extern "C" fn(Handler) -> Handler;

    /// The spare memory; NULL once it is given back.
    static MEMORY: AtomicPtr<libc::c_void> = AtomicPtr::new(null_mut());
    /// `std::set_new_handler` of the process's C++ library, and the host's handler; 0 for none.
    static SET: AtomicUsize = AtomicUsize::new(0);
    static BEFORE: AtomicUsize = AtomicUsize::new(0);

    /// C++ calls it when there is no memory, on any thread of the process, and tries again when it returns.
    extern "C" fn none_left() {
        if give_back() {
            return;
        }
        match handler(BEFORE.load(Ordering::Acquire)) {
            Some(before) => before(),
            // C++ then throws, as it would have without this handler.
            None => {
                put(None);
            }
        }
    }

    /// Returns whether there was any.
    fn give_back() -> bool {
        let memory = MEMORY.swap(null_mut(), Ordering::AcqRel);
        // SAFETY: mapped by `hold` with this size, and unmapped once.
        !memory.is_null() && unsafe { libc::munmap(memory, SPARE) } == 0
    }

    fn handler(address: usize) -> Handler {
        // SAFETY: 0, or what `set_new_handler` returned.
        unsafe { std::mem::transmute::<usize, Handler>(address) }
    }

    fn put(new: Handler) -> Handler {
        match SET.load(Ordering::Acquire) {
            0 => None,
            // SAFETY: the address of `set_new_handler`, whose library stays loaded.
            set => unsafe { std::mem::transmute::<usize, SetHandler>(set)(new) },
        }
    }

    /// The handler is ours until it is dropped.
    pub struct Spare;

    impl Spare {
        pub fn hold() -> Option<Self> {
            let (access, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
            // SAFETY: a new mapping, at an address that the system chooses; it takes no memory before it is used.
            let memory = unsafe { libc::mmap(null_mut(), SPARE, access, kind, -1, 0) };
            if memory == libc::MAP_FAILED {
                return None;
            }
            MEMORY.store(memory, Ordering::Release);
            if SET.load(Ordering::Acquire) == 0 {
                SET.store(set_new_handler().unwrap_or(0), Ordering::Release);
            }
            let before = put(Some(none_left));
            BEFORE.store(before.map_or(0, |before| before as usize), Ordering::Release);
            Some(Self)
        }
    }

    impl Drop for Spare {
        fn drop(&mut self) {
            let now = put(handler(BEFORE.load(Ordering::Acquire)));
            if now.map(|now| now as usize) != Some(none_left as extern "C" fn() as usize) {
                // The host has set another one meanwhile: it stays.
                put(now);
            }
            give_back();
        }
    }

    /// The C++ library that ONNX Runtime will use: that of the process, or the system's, which it would load anyway.
    fn set_new_handler() -> Option<usize> {
        // SAFETY: loading it runs its initialisers, as loading ONNX Runtime would.
        let library = unsafe { Library::open(Some("libstdc++.so.6"), RTLD_LAZY | RTLD_LOCAL) }.ok()?;
        // SAFETY: the signature is that of the C++ standard.
        let address =
            unsafe { library.get::<SetHandler>(b"_ZSt15set_new_handlerPFvvE\0") }.ok().map(|set| *set as usize);
        // It must stay loaded while its address is kept.
        std::mem::forget(library);
        address
    }
}
