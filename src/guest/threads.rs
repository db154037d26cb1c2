//! The library's own threads. They inherit nothing from the thread that starts them, which may be a camera's: neither
//! its real-time priority, nor the core it is pinned to, nor the signals it handles, nor its floating-point state.

use std::ffi::CStr;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use super::caller::set_float_state;
use super::locals;

/// Priority of the library's threads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Priority {
    /// That of the process.
    #[default]
    Normal,
    /// Below it: on a busy machine the host's threads go first.
    Low,
}

impl Priority {
    /// Whether this system has it.
    pub fn is_available(self) -> bool {
        self == Self::Normal || cfg!(target_os = "linux")
    }
}

/// As the option `priority` spells it.
impl std::fmt::Display for Priority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Normal => "normal",
            Self::Low => "low",
        })
    }
}

type Work = Box<dyn FnOnce() + Send>;

/// Stack of a thread: that of Rust's own, whatever `ulimit -s` says.
const STACK: usize = 2 << 20;

/// A thread that is running, or has ended.
pub struct Running(system::Handle);

impl Running {
    /// Waits for the thread's end.
    pub fn join(self) {
        self.0.join();
    }
}

/// Starts a thread with the scheduler's ordinary policy, on the cores of the process, with all signals blocked. `work`
/// must not panic.
///
/// Errors: those of the system, which has no memory or allows no more threads.
pub fn spawn(name: &'static CStr, priority: Priority, work: impl FnOnce() + Send + 'static) -> io::Result<Running> {
    let started = Arc::new(Started::default());
    let told = Arc::clone(&started);
    let work = move || {
        // Before it is told: until then the thread that starts this one takes no memory.
        let has_room = Vec::<u8>::new().try_reserve_exact(ROOM).is_ok();
        if has_room {
            locals::take();
        }
        told.tell(has_room);
        if has_room {
            system::join_process(priority);
            set_float_state();
            let counted = system::Counted::new();
            work();
            drop(counted);
        }
    };
    let thread = Running(system::spawn(name, Box::new(work))?);
    if started.has_room() {
        return Ok(thread);
    }
    thread.join();
    Err(io::ErrorKind::OutOfMemory.into())
}

/// What a thread needs before it works, in bytes: more than is served from the reserve.
const ROOM: usize = 96 << 10;

/// By which a new thread says whether it can work.
#[derive(Default)]
struct Started {
    room: Mutex<Option<bool>>,
    changed: Condvar,
}

impl Started {
    fn tell(&self, has_room: bool) {
        *self.room.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = Some(has_room);
        self.changed.notify_one();
    }

    fn has_room(&self) -> bool {
        let mut room = self.room.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        loop {
            match *room {
                Some(has_room) => return has_room,
                None => room = self.changed.wait(room).unwrap_or_else(|poisoned| poisoned.into_inner()),
            }
        }
    }
}

/// Processor time of the library's own threads so far; `None` where the system does not tell (other than Linux). It
/// holds the time of callers only as far as the network runs on threads of its own.
pub fn processor_time() -> Option<Duration> {
    system::processor_time()
}

/// Cores that the process may use: of the process, not of the calling thread, which may be pinned to one.
pub fn cores() -> usize {
    let found = Arc::new(AtomicUsize::new(0));
    let to = Arc::clone(&found);
    let count = || std::thread::available_parallelism().map_or(1, usize::from);
    if let Ok(thread) = spawn(c"parfocal-cores", Priority::Normal, move || to.store(count(), Ordering::Relaxed)) {
        thread.join();
    }
    match found.load(Ordering::Relaxed) {
        0 => count(),
        cores => cores,
    }
}

#[cfg(unix)]
mod system {
    use std::ffi::{c_void, CStr};
    use std::io;
    #[cfg(target_os = "linux")]
    use std::sync::Mutex;
    use std::time::Duration;

    use super::{Priority, Work, STACK};

    /// A thread of the system's. Not one of Rust's: each of these registers a destructor when it starts, and where
    /// there is no memory for that, the C library ends the process.
    pub struct Handle(libc::pthread_t);

    impl Handle {
        pub fn join(self) {
            // SAFETY: the thread was started joinable, and is joined once. (If it never is, it keeps its stack.)
            unsafe { libc::pthread_join(self.0, std::ptr::null_mut()) };
        }
    }

    // SAFETY: any thread may join it.
    unsafe impl Send for Handle {}
    // SAFETY: it can only be moved.
    unsafe impl Sync for Handle {}

    struct Start {
        name: &'static CStr,
        work: Work,
    }

    pub fn spawn(name: &'static CStr, work: Work) -> io::Result<Handle> {
        let start = Box::into_raw(Box::new(Start { name, work }));
        let blocked = SignalsBlocked::new();
        // SAFETY: the attributes are initialised before they are used and destroyed after; the thread takes over
        // `start`, or nobody does.
        let (result, thread) = unsafe {
            let mut attributes: libc::pthread_attr_t = std::mem::zeroed();
            let mut thread: libc::pthread_t = std::mem::zeroed();
            let mut result = libc::pthread_attr_init(&mut attributes);
            if result == 0 {
                libc::pthread_attr_setstacksize(&mut attributes, STACK);
                result = libc::pthread_create(&mut thread, &attributes, main, start.cast());
                libc::pthread_attr_destroy(&mut attributes);
            }
            (result, thread)
        };
        drop(blocked);
        if result == 0 {
            return Ok(Handle(thread));
        }
        // SAFETY: no thread has it.
        drop(unsafe { Box::from_raw(start) });
        Err(io::Error::from_raw_os_error(result))
    }

    extern "C" fn main(start: *mut c_void) -> *mut c_void {
        // SAFETY: made by `spawn` for this thread.
        let start = unsafe { Box::from_raw(start.cast::<Start>()) };
        #[cfg(target_os = "linux")]
        // SAFETY: this thread, and a text.
        unsafe {
            libc::pthread_setname_np(libc::pthread_self(), start.name.as_ptr())
        };
        #[cfg(not(target_os = "linux"))]
        let _ = start.name;
        (start.work)();
        std::ptr::null_mut()
    }

    /// Blocks all signals of the calling thread, and those of a thread that it starts meanwhile: the host's handlers
    /// run on the host's threads.
    struct SignalsBlocked(libc::sigset_t);

    impl SignalsBlocked {
        fn new() -> Self {
            // SAFETY: a set of signals is plain data; both calls write to local variables.
            unsafe {
                let mut all: libc::sigset_t = std::mem::zeroed();
                let mut before: libc::sigset_t = std::mem::zeroed();
                libc::sigfillset(&mut all);
                libc::pthread_sigmask(libc::SIG_SETMASK, &all, &mut before);
                Self(before)
            }
        }
    }

    impl Drop for SignalsBlocked {
        fn drop(&mut self) {
            // SAFETY: the set that the thread had.
            unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &self.0, std::ptr::null_mut()) };
        }
    }

    /// Gives the calling thread the policy, niceness and cores of the process, that is of its first thread. Each step
    /// may fail where the system forbids it; the thread then keeps what it has.
    #[cfg(target_os = "linux")]
    pub fn join_process(priority: Priority) {
        /// On top of the process's; a thread at 10 gets a tenth of the time of one at 0.
        const NICER: libc::c_int = 10;
        const NICEST: libc::c_int = 19;
        // SAFETY: numbers and local variables only; on Linux the number of the process is that of its first thread,
        // and 0 is the calling thread.
        unsafe {
            let process = libc::getpid();
            let ordinary: libc::sched_param = std::mem::zeroed();
            if libc::sched_getscheduler(0) != libc::SCHED_OTHER {
                libc::sched_setscheduler(0, libc::SCHED_OTHER, &ordinary);
            }
            let nice = libc::getpriority(libc::PRIO_PROCESS, process as libc::id_t);
            let wanted = if priority == Priority::Low { (nice + NICER).min(NICEST) } else { nice };
            libc::setpriority(libc::PRIO_PROCESS, 0, wanted);
            let mut cores: libc::cpu_set_t = std::mem::zeroed();
            let size = std::mem::size_of_val(&cores);
            if libc::sched_getaffinity(process, size, &mut cores) == 0 {
                libc::sched_setaffinity(0, size, &cores);
            }
        }
    }

    #[cfg(not(target_os = "linux"))]
    pub fn join_process(_: Priority) {}

    /// The clocks of the threads that are running, and the time of those that have ended.
    #[cfg(target_os = "linux")]
    static CLOCKS: Mutex<(Vec<libc::clockid_t>, Duration)> = Mutex::new((Vec::new(), Duration::ZERO));

    #[cfg(target_os = "linux")]
    fn time_of(clock: libc::clockid_t) -> Duration {
        let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: `time` may be written; a clock of a thread that has ended is an error and leaves it.
        unsafe { libc::clock_gettime(clock, &mut time) };
        Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
    }

    /// The calling thread's processor time counts, also after its end.
    pub struct Counted(#[cfg(target_os = "linux")] Option<libc::clockid_t>);

    impl Counted {
        #[cfg(target_os = "linux")]
        pub fn new() -> Self {
            let mut clock = 0;
            // SAFETY: this thread, and a local variable.
            let found = unsafe { libc::pthread_getcpuclockid(libc::pthread_self(), &mut clock) } == 0;
            if found {
                CLOCKS.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).0.push(clock);
            }
            Self(found.then_some(clock))
        }

        #[cfg(not(target_os = "linux"))]
        pub fn new() -> Self {
            Self()
        }
    }

    #[cfg(target_os = "linux")]
    impl Drop for Counted {
        fn drop(&mut self) {
            if let Some(clock) = self.0 {
                let mut clocks = CLOCKS.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
                clocks.0.retain(|other| *other != clock);
                clocks.1 += time_of(clock);
            }
        }
    }

    #[cfg(target_os = "linux")]
    pub fn processor_time() -> Option<Duration> {
        let clocks = CLOCKS.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        Some(clocks.0.iter().map(|clock| time_of(*clock)).sum::<Duration>() + clocks.1)
    }

    #[cfg(not(target_os = "linux"))]
    pub fn processor_time() -> Option<Duration> {
        None
    }
}

#[cfg(not(unix))]
mod system {
    use std::ffi::CStr;
    use std::io;
    use std::time::Duration;

    use super::{Priority, Work, STACK};

    pub struct Counted;

    impl Counted {
        pub fn new() -> Self {
            Self
        }
    }

    pub fn processor_time() -> Option<Duration> {
        None
    }

    pub struct Handle(std::thread::JoinHandle<()>);

    impl Handle {
        pub fn join(self) {
            // The work does not panic.
            let _ = self.0.join();
        }
    }

    pub fn spawn(name: &'static CStr, work: Work) -> io::Result<Handle> {
        let builder = std::thread::Builder::new().name(name.to_string_lossy().into_owned());
        builder.stack_size(STACK).spawn(work).map(Handle)
    }

    pub fn join_process(_: Priority) {}
}
