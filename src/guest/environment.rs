//! Variables that ONNX Runtime reads while it is loaded, set for that moment only: it must not call home.

/// The variable by which releases with a telemetry client (1.29 and later, not on Windows) are told to keep it off.
/// They read it once, when they are loaded and make their environment; `with_telemetry(false)` would come after the
/// first event.
const OPT_OUT: &str = "ORT_DISABLE_TELEMETRY";

/// The variable by which WebGPU's library offers itself where ONNX Runtime sees no GPU: in containers and virtual
/// machines without /sys/class/drm, and where there is none. It reads it once, when it is loaded; whether there is an
/// adapter, and of which kind, is looked up before.
const WITHOUT_DRM: &str = "ORT_WEBGPU_EP_ALLOW_SOFTWARE_ADAPTER";

/// As `without_telemetry`, and ONNX Runtime need not see a GPU.
pub fn with_any_adapter<R>(load: impl FnOnce() -> R) -> R {
    #[cfg(unix)]
    let _restored = unix::With::variable(WITHOUT_DRM, "1");
    #[cfg(not(unix))]
    let _ = WITHOUT_DRM;
    without_telemetry(load)
}

/// Runs `load` while the process's environment says that ONNX Runtime's telemetry is off. Afterwards the environment is
/// what it was. Call it from one thread at a time.
pub fn without_telemetry<R>(load: impl FnOnce() -> R) -> R {
    #[cfg(unix)]
    let _restored = unix::With::variable(OPT_OUT, "1");
    #[cfg(not(unix))]
    let _ = OPT_OUT;
    load()
}

#[cfg(unix)]
mod unix {
    use std::ffi::{c_char, CStr, CString};
    use std::ptr::null_mut;
    use std::sync::atomic::{AtomicPtr, Ordering};

    /// The process's list of variables: the address of the pointer that C's `environ` is.
    fn list() -> &'static AtomicPtr<*mut c_char> {
        #[cfg(target_vendor = "apple")]
        // SAFETY: it returns the address of a variable that lives as long as the process.
        let environ = unsafe { libc::_NSGetEnviron() };
        #[cfg(not(target_vendor = "apple"))]
        let environ = {
            extern "C" {
                static mut environ: *mut *mut c_char;
            }
            &raw mut environ
        };
        // SAFETY: the variable is aligned, valid until the process ends, and pointers are loaded and stored whole.
        unsafe { AtomicPtr::from_ptr(environ) }
    }

    /// The list that was put in place, which is never freed: kept here, so that whoever looks for lost memory finds it.
    /// Nothing reads it, so the compiler would leave it out.
    #[used]
    static KEPT: AtomicPtr<*mut c_char> = AtomicPtr::new(null_mut());

    /// The environment with one more variable, until it is dropped.
    ///
    /// `setenv` would move the list that other threads of the host may be reading. So the list is not touched: a second
    /// one, which holds the same texts and one more, takes its place and is never freed.
    pub struct With {
        name: CString,
        /// The host's own value.
        own: Option<CString>,
        before: *mut *mut c_char,
        with: *mut *mut c_char,
    }

    impl With {
        pub fn variable(name: &str, value: &str) -> Self {
            let text = |text: String| CString::new(text).unwrap_or_default();
            let (start, entry) = (text(format!("{name}=")), text(format!("{name}={value}")));
            let before = list().load(Ordering::Acquire);
            let mut entries = vec![entry.into_raw()];
            let mut own = None;
            let mut next = before;
            // SAFETY: the list is NULL, or its entries are texts and the one behind the last is NULL.
            while let Some(entry) = unsafe { next.as_ref() }.filter(|entry| !entry.is_null()) {
                // SAFETY: as above.
                match unsafe { CStr::from_ptr(*entry) }.to_bytes().strip_prefix(start.as_bytes()) {
                    None => entries.push(*entry),
                    Some(value) => own = own.or(CString::new(value).ok()),
                }
                // SAFETY: the entry was not the last.
                next = unsafe { next.add(1) };
            }
            entries.push(null_mut());
            let with = Box::leak(entries.into_boxed_slice()).as_mut_ptr();
            KEPT.store(with, Ordering::Release);
            list().store(with, Ordering::Release);
            Self { name: text(name.to_owned()), own, before, with }
        }
    }

    impl Drop for With {
        fn drop(&mut self) {
            let there = list().compare_exchange(self.with, self.before, Ordering::AcqRel, Ordering::Acquire);
            if there.is_ok() {
                return;
            }
            // Another thread has called setenv meanwhile, which made a list of its own from ours and may have freed the
            // one before: it stays, without our value.
            match &self.own {
                // SAFETY: two texts; both are copied.
                Some(own) => unsafe { libc::setenv(self.name.as_ptr(), own.as_ptr(), 1) },
                // SAFETY: a text, which is only read.
                None => unsafe { libc::unsetenv(self.name.as_ptr()) },
            };
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        fn value(name: &CStr) -> Option<String> {
            // SAFETY: a text; this is the only test of the program that changes the environment.
            let found = unsafe { libc::getenv(name.as_ptr()) };
            // SAFETY: a text that no other thread changes.
            (!found.is_null()).then(|| unsafe { CStr::from_ptr(found) }.to_string_lossy().into_owned())
        }

        #[test]
        fn the_environment_is_what_it_was() {
            let (name, other) = (c"PARFOCAL_TEST_WITH", c"PARFOCAL_TEST_OTHER");
            let before = list().load(Ordering::Acquire);
            let with = With::variable("PARFOCAL_TEST_WITH", "1");
            assert_eq!(value(name).as_deref(), Some("1"));
            assert_eq!(value(c"PATH"), std::env::var("PATH").ok());
            drop(with);
            assert_eq!((value(name), list().load(Ordering::Acquire)), (None, before));
            // A host that has set the variable itself, and one that sets another one meanwhile.
            // SAFETY: texts.
            unsafe { libc::setenv(name.as_ptr(), c"own".as_ptr(), 1) };
            let with = With::variable("PARFOCAL_TEST_WITH", "1");
            assert_eq!(value(name).as_deref(), Some("1"));
            // SAFETY: texts.
            unsafe { libc::setenv(other.as_ptr(), c"new".as_ptr(), 1) };
            drop(with);
            assert_eq!((value(name).as_deref(), value(other).as_deref()), (Some("own"), Some("new")));
        }
    }
}
