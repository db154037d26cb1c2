//! What every call from outside passes through, from C or the JVM: the process that owns the library, panics, the last error.

use std::cell::{Cell, RefCell};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Once};

use super::objects::{self, AnyStream, Object, Run, Spoilable};
use crate::error::{Error, Result, Status};
use crate::restore::model::Model;

thread_local! {
    static LAST_ERROR: RefCell<String> = const { RefCell::new(String::new()) };
    /// Whether this thread is inside a call.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
    /// Where the panic came from that this thread is unwinding.
    static PANIC: RefCell<String> = const { RefCell::new(String::new()) };
}

/// The process that first called, 0 before.
static OWNER: AtomicU32 = AtomicU32::new(0);

/// The object that a call works on: a panic spoils it.
#[derive(Default)]
pub struct CallGuard(Option<Object>);

impl CallGuard {
    /// The model behind a handle. Errors: `InvalidHandle`; `Internal` if an earlier panic has spoiled it.
    pub fn model(&mut self, handle: u64) -> Result<Arc<Spoilable<Arc<Model>>>> {
        Ok(self.hold(objects::model(handle)?))
    }

    /// The stream behind a handle. Errors: as `model`.
    pub fn stream(&mut self, handle: u64) -> Result<Arc<Spoilable<AnyStream>>> {
        Ok(self.hold(objects::stream(handle)?))
    }

    /// The task behind a handle. Errors: as `model`.
    pub fn task(&mut self, handle: u64) -> Result<Arc<Spoilable<Arc<Run>>>> {
        Ok(self.hold(objects::task(handle)?))
    }

    fn hold<T>(&mut self, (found, object): (T, Object)) -> T {
        self.0 = Some(object);
        found
    }
}

/// Runs a call: an error is remembered for `parfocal_last_error`, a panic becomes one. Returns the status.
pub fn call(work: impl FnOnce(&mut CallGuard) -> Result<()>) -> i32 {
    match guarded(work) {
        Ok(()) => Status::Ok as i32,
        Err(error) => {
            let status = error.status() as i32;
            // A thread that is ending has no place for it; the status is still told.
            let _ = LAST_ERROR.try_with(|last| {
                let mut last = last.borrow_mut();
                last.clear();
                last.push_str(error.message());
            });
            status
        }
    }
}

/// The message of the last call on this thread that failed. A thread that is ending has none.
pub fn last_error() -> String {
    LAST_ERROR.try_with(|last| last.borrow().clone()).unwrap_or_default()
}

/// Runs a call of any host: a panic becomes an error.
pub fn guarded<T>(work: impl FnOnce(&mut CallGuard) -> Result<T>) -> Result<T> {
    check_process()?;
    hold_panics();
    let mut guard = CallGuard::default();
    let _ = INSIDE.try_with(|inside| inside.set(true));
    let mut caught = catch_unwind(AssertUnwindSafe(|| work(&mut guard)));
    if caught.is_ok() {
        // If the handle was closed meanwhile, this is where its object ends.
        let last = guard.0.take();
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(last))) {
            caught = Err(payload);
        }
    }
    let _ = INSIDE.try_with(|inside| inside.set(false));
    match caught {
        Ok(result) => result,
        Err(payload) => {
            // Dropping a foreign payload could panic again.
            std::mem::forget(payload);
            let spoiled = match &guard.0 {
                Some(object) => {
                    object.spoil();
                    format!("; this {} cannot be used any more: close it and open another", object.kind())
                }
                None => String::new(),
            };
            let place = PANIC.try_with(|place| std::mem::take(&mut *place.borrow_mut())).unwrap_or_default();
            Err(Error::new(
                Status::Internal,
                format!("a fault of Parfocal, not of the input ({place}){spoiled}; please report it"),
            ))
        }
    }
}

/// Threads and locks do not survive `fork`, so the child must not touch them. Errors: `Unsupported`.
fn check_process() -> Result<()> {
    let own = std::process::id();
    match OWNER.compare_exchange(0, own, Ordering::Relaxed, Ordering::Relaxed) {
        Err(owner) if owner != own => Err(Error::new(
            Status::Unsupported,
            format!(
                "process {own} was forked from process {owner}, which uses Parfocal already; its threads do not exist here: \
                 call Parfocal in one of the two only, or start the child as a new program (exec, spawn)"
            ),
        )),
        _ => Ok(()),
    }
}

/// Nothing is printed in somebody else's program: what a panic says goes into the error. The hook is this library's own, as
/// the standard library is linked into it; in a Rust program other threads keep theirs.
fn hold_panics() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let other = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let own = INSIDE.try_with(Cell::get).unwrap_or(true)
                || std::thread::current().name() == Some(crate::restore::stream::THREAD_NAME);
            if !own {
                return other(panic);
            }
            let said = panic.payload_as_str().unwrap_or("no message");
            let place = panic.location().map_or("?".into(), |at| format!("{}:{}", at.file(), at.line()));
            let _ = PANIC.try_with(|kept| *kept.borrow_mut() = format!("{said}, at {place}"));
        }));
    });
}
