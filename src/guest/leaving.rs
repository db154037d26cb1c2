//! The end of the process, and `parfocal_shutdown`: whoever is inside ONNX Runtime then is cancelled and waited for,
//! and nobody enters it any more.
//!
//! When a process ends, the runtime's destructors run while the host's other threads go on. A handler that was
//! registered after them runs before them; it waits until no thread is inside.

use std::cell::Cell;
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, TryLockError};
use std::time::{Duration, Instant};

use super::locals;
use super::threads::{self, Priority};
use crate::error::{Error, Result, Status};

/// How long the end of the process waits for threads inside ONNX Runtime. A run stops within a node of the network.
const PATIENCE: Duration = Duration::from_secs(2);

/// Why nobody may enter any more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum End {
    /// Anybody may.
    #[default]
    Not,
    /// The host has called `parfocal_shutdown`.
    Shutdown,
    /// The process is ending.
    Exit,
}

impl End {
    fn error(self) -> Error {
        let why = match self {
            Self::Shutdown => {
                "parfocal_shutdown has ended Parfocal in this process; expected no calls after it: make \
                               it the last"
            }
            _ => "the process is ending, and Parfocal with it; expected no calls from here on: make them before exit",
        };
        Error::new(Status::Closed, why)
    }
}

type Cancel = Box<dyn Fn() + Send>;

struct Door {
    end: End,
    /// Threads inside ONNX Runtime.
    inside: usize,
    /// What cancels the runs of some of them, by number.
    cancels: Vec<(u64, Cancel)>,
    next: u64,
}

static DOOR: Mutex<Door> = Mutex::new(Door { end: End::Not, inside: 0, cancels: Vec::new(), next: 0 });

fn door() -> MutexGuard<'static, Door> {
    DOOR.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// A thread's stay inside ONNX Runtime.
pub struct Inside(());

/// Enters ONNX Runtime. Everything that was made inside must be dropped before the guard.
///
/// Errors: `Closed` when the process is ending or after `end`; `OutOfMemory`.
pub fn enter() -> Result<Inside> {
    check_memory()?;
    enter_until(End::Not)
}

/// The runtime's own thread-local memory is taken when a thread first enters it, and the dynamic linker ends the
/// process if there is none. So each thread looks before it enters for the first time.
///
/// Errors: `OutOfMemory`.
pub fn check_memory() -> Result<()> {
    const ENOUGH: usize = 256 << 10;
    thread_local! {
        static ENTERED: Cell<bool> = const { Cell::new(false) };
    }
    // A thread that came before the runtime was loaded looks again.
    if locals::are_known() && !ENTERED.try_with(Cell::get).unwrap_or(true) {
        Vec::<u8>::new().try_reserve_exact(ENOUGH).map_err(|_| {
            Error::new(
                Status::OutOfMemory,
                "no memory for this thread in ONNX Runtime; expected some KiB: close other programs, raise the limit",
            )
        })?;
        locals::take();
        let _ = ENTERED.try_with(|entered| entered.set(true));
    }
    Ok(())
}

fn enter_until(last: End) -> Result<Inside> {
    let mut door = door();
    if door.end > last {
        return Err(door.end.error());
    }
    door.inside += 1;
    Ok(Inside(()))
}

impl Drop for Inside {
    fn drop(&mut self) {
        door().inside -= 1;
    }
}

/// What was made inside. When the process is ending it is forgotten, not dropped: the runtime may have destroyed what
/// it refers to, and the memory goes with the process.
pub struct Held<T>(ManuallyDrop<T>);

impl<T> Held<T> {
    /// Holds a value that only a thread inside may drop.
    pub fn new(value: T) -> Self {
        Self(ManuallyDrop::new(value))
    }
}

impl<T> Deref for Held<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> Drop for Held<T> {
    fn drop(&mut self) {
        // Still allowed after a shutdown.
        if let Ok(_inside) = enter_until(End::Shutdown) {
            // SAFETY: it is dropped once, here, and not used any more.
            unsafe { ManuallyDrop::drop(&mut self.0) };
        }
    }
}

/// A run that the end cancels, until it is dropped.
pub struct Cancellable(u64);

impl Inside {
    /// Lets the end call `cancel`. Errors: `Closed` if it has come already.
    pub fn cancellable(&self, cancel: impl Fn() + Send + 'static) -> Result<Cancellable> {
        let mut door = door();
        if door.end > End::Not {
            return Err(door.end.error());
        }
        door.next += 1;
        let number = door.next;
        door.cancels.push((number, Box::new(cancel)));
        Ok(Cancellable(number))
    }
}

impl Drop for Cancellable {
    fn drop(&mut self) {
        let mut door = door();
        if let Some(at) = door.cancels.iter().position(|(number, _)| *number == self.0) {
            drop(door.cancels.swap_remove(at));
        }
    }
}

/// Errors: `Closed` when the process is ending, or after a shutdown.
pub fn check() -> Result<()> {
    match door().end {
        End::Not => Ok(()),
        end => Err(end.error()),
    }
}

/// Closes the door, cancels those inside and waits for them. Returns whether all have left.
pub fn end(why: End, patience: Duration) -> bool {
    let until = Instant::now().checked_add(patience);
    let in_time = || until.is_none_or(|until| Instant::now() < until);
    let mut told = false;
    loop {
        // Not `lock`: `exit` may be called from a signal handler on a thread that holds the lock.
        let found = match DOOR.try_lock() {
            Ok(door) => Some(door),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        };
        if let Some(mut door) = found {
            if !told {
                door.end = door.end.max(why);
                door.cancels.iter().for_each(|(_, cancel)| cancel());
                told = true;
            }
            if door.inside == 0 {
                return true;
            }
        }
        if !in_time() {
            return false;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// The process whose end is watched. A forked child has copies of the counts, but not the threads.
static WATCHED: AtomicU32 = AtomicU32::new(0);

/// Registers the handler of the process's end.
fn watch_exit() {
    #[cfg(unix)]
    {
        WATCHED.store(std::process::id(), Ordering::Relaxed);
        // SAFETY: the handler stays loaded (`-z nodelete`) and does not unwind. If there is no room for it, the process
        // ends as it would without.
        unsafe { libc::atexit(at_exit) };
    }
}

/// Registered when the library itself is loaded, so that a process that is ending before the first call is seen, too.
#[cfg(target_os = "linux")]
#[used]
#[link_section = ".init_array"]
static AT_LOAD: extern "C" fn() = {
    extern "C" fn at_load() {
        watch_exit();
    }
    at_load
};

/// Runs `work`, which may load a GPU's driver, and registers the handler of the process's end behind what the driver
/// has registered. Once, since handlers are never taken back and this may be called often: a process that ends within
/// `work` may end badly.
pub fn ahead_of_drivers<R>(work: impl FnOnce() -> R) -> R {
    let result = work();
    watch_exit();
    result
}

/// Runs `work`, which loads ONNX Runtime or runs parts of it for the first time, and sees to it that the handler of the
/// process's end is registered behind whatever the runtime registers meanwhile: handlers run in the reverse order, and
/// the runtime's destroy what other threads may be using. So it is registered again and again, by a thread of its own.
pub fn watching_exit<R>(work: impl FnOnce() -> R) -> R {
    const EVERY: Duration = Duration::from_micros(200);
    const MOST: usize = 2000;
    watch_exit();
    let done = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&done);
    let watcher = threads::spawn(c"parfocal-exit", Priority::Normal, move || {
        for _ in 0..MOST {
            if told.load(Ordering::Relaxed) {
                return;
            }
            std::thread::sleep(EVERY);
            watch_exit();
        }
    });
    let result = work();
    done.store(true, Ordering::Relaxed);
    // Where no thread can be had, the process may end badly while it loads the runtime, and only then.
    if let Ok(watcher) = watcher {
        watcher.join();
    }
    watch_exit();
    result
}

#[cfg(unix)]
extern "C" fn at_exit() {
    if WATCHED.load(Ordering::Relaxed) == std::process::id() {
        // Those who have not left by then are left behind: the process ends all the same.
        end(End::Exit, PATIENCE);
    }
}

#[cfg(not(unix))]
const _: &AtomicU32 = &WATCHED;
