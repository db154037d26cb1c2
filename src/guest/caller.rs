//! The caller's thread during a call: its floating-point state and its cancellation are set aside, and put back.

/// The caller's state, put back when it is dropped, on the thread that it was taken from.
pub struct Caller {
    float: float::State,
    #[cfg(all(unix, not(target_os = "android")))]
    cancel: std::ffi::c_int,
}

/// Sets rounding to nearest with denormals and without traps, as all numbers here are defined, and defers
/// `pthread_cancel`: it would unwind through frames that cannot be unwound and end the process.
pub fn set_aside() -> Caller {
    Caller {
        #[cfg(all(unix, not(target_os = "android")))]
        cancel: cancel::defer(),
        float: float::State::replace(),
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        self.float.put_back();
        #[cfg(all(unix, not(target_os = "android")))]
        cancel::put_back(self.cancel);
    }
}

/// Gives the calling thread the floating-point state that numbers here are defined in: for the library's own threads,
/// which inherit the state of the thread that starts them.
pub fn set_float_state() {
    let _ = float::State::replace();
}

#[cfg(all(unix, not(target_os = "android")))]
mod cancel {
    use std::ffi::c_int;

    extern "C" {
        fn pthread_setcancelstate(state: c_int, before: *mut c_int) -> c_int;
    }

    const DISABLE: c_int = if cfg!(target_vendor = "apple") { 0 } else { 1 };

    pub fn defer() -> c_int {
        let mut before = DISABLE;
        // SAFETY: `before` may be written; the state is one of the two that there are.
        unsafe { pthread_setcancelstate(DISABLE, &mut before) };
        before
    }

    pub fn put_back(state: c_int) {
        let mut now = 0;
        // SAFETY: as above. A cancellation that came meanwhile acts at the host's next cancellation point, not here.
        unsafe { pthread_setcancelstate(state, &mut now) };
    }
}

#[cfg(target_arch = "x86_64")]
mod float {
    use std::arch::asm;

    /// MXCSR and the control word of the x87 unit.
    pub struct State(u32, u16);

    /// All traps off, rounding to nearest, denormals as they are: what a process starts with.
    const MXCSR: u32 = 0x1f80;
    const X87: u16 = 0x037f;

    impl State {
        pub fn replace() -> Self {
            let (mut sse, mut x87) = (0u32, 0u16);
            // SAFETY: both store a control register in a variable of its size.
            unsafe {
                asm!("stmxcsr [{}]", in(reg) &mut sse, options(nostack, preserves_flags));
                asm!("fnstcw [{}]", in(reg) &mut x87, options(nostack, preserves_flags));
            }
            Self(MXCSR, X87).load();
            Self(sse, x87)
        }

        /// With the exceptions that the host had seen, and not those of our arithmetic.
        pub fn put_back(&self) {
            self.load();
        }

        fn load(&self) {
            // SAFETY: values that the registers had, or have at the start of a process. The numbers of this crate do
            // not depend on the registers being what the compiler takes them for: that is what this call sees to.
            unsafe {
                asm!("ldmxcsr [{}]", in(reg) &self.0, options(nostack, preserves_flags));
                asm!("fldcw [{}]", in(reg) &self.1, options(nostack, preserves_flags));
            }
        }
    }
}

#[cfg(target_arch = "aarch64")]
mod float {
    use std::arch::asm;

    /// FPCR and FPSR.
    pub struct State(u64, u64);

    impl State {
        pub fn replace() -> Self {
            let (mut control, mut status) = (0u64, 0u64);
            // SAFETY: reads two registers.
            unsafe {
                asm!("mrs {}, fpcr", out(reg) control, options(nostack, nomem, preserves_flags));
                asm!("mrs {}, fpsr", out(reg) status, options(nostack, nomem, preserves_flags));
            }
            Self(0, 0).load();
            Self(control, status)
        }

        pub fn put_back(&self) {
            self.load();
        }

        fn load(&self) {
            // SAFETY: values that the registers had, or zero, with which a process starts.
            unsafe {
                asm!("msr fpcr, {}", in(reg) self.0, options(nostack, preserves_flags));
                asm!("msr fpsr, {}", in(reg) self.1, options(nostack, preserves_flags));
            }
        }
    }
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
mod float {
    /// No state that a host could have changed is known here.
    pub struct State;

    impl State {
        pub fn replace() -> Self {
            Self
        }

        pub fn put_back(&self) {}
    }
}
