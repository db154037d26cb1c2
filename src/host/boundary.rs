//! The boundary that every call from C or the JVM passes: refuses forked children, catches panics, keeps the last
//! error.

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
    /// Message and place of the panic that this thread is unwinding.
    static PANIC: RefCell<String> = const { RefCell::new(String::new()) };
}

/// The process that called first; 0 before any call.
static OWNER: AtomicU32 = AtomicU32::new(0);

/// Holds the object that a call works on, so that a panic can mark it as spoiled.
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

/// Runs a call from C and returns its status. A panic becomes an error; the error's message is kept for
/// `parfocal_last_error`.
pub fn call(work: impl FnOnce(&mut CallGuard) -> Result<()>) -> i32 {
    match guarded(work) {
        Ok(()) => Status::Ok as i32,
        Err(error) => {
            let status = error.status() as i32;
            // A thread that is ending has no thread-local storage any more; the status is still returned.
            let _ = LAST_ERROR.try_with(|last| {
                let mut last = last.borrow_mut();
                last.clear();
                last.push_str(error.message());
            });
            status
        }
    }
}

/// The message of the last failed call on this thread; empty on a thread that is ending.
pub fn last_error() -> String {
    LAST_ERROR.try_with(|last| last.borrow().clone()).unwrap_or_default()
}

/// Runs a call of any host: a panic becomes an error.
pub fn guarded<T>(work: impl FnOnce(&mut CallGuard) -> Result<T>) -> Result<T> {
    check_process()?;
    silence_panics();
    let mut guard = CallGuard::default();
    let _ = INSIDE.try_with(|inside| inside.set(true));
    let mut caught = catch_unwind(AssertUnwindSafe(|| work(&mut guard)));
    if caught.is_ok() {
        // If the handle was closed meanwhile, the object is dropped here, and its drop may panic.
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

/// Refuses calls in a forked child, where threads and locks do not work. Errors: `Unsupported`.
fn check_process() -> Result<()> {
    let own = std::process::id();
    match OWNER.compare_exchange(0, own, Ordering::Relaxed, Ordering::Relaxed) {
        Err(owner) if owner != own => Err(Error::new(
            Status::Unsupported,
            format!(
                "process {own} was forked from process {owner}, which uses Parfocal already; its threads do not exist \
                 here: call Parfocal in one of the two only, or start the child as a new program (exec, spawn)"
            ),
        )),
        _ => Ok(()),
    }
}

/// Keeps panics of the library from printing in the host's program: their message goes into the error. The hook affects
/// only this library, which contains its own standard library; in a Rust program, other threads keep the previous hook.
fn silence_panics() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let other = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let own = INSIDE.try_with(Cell::get).unwrap_or(true)
                || std::thread::current().name() == Some(crate::restore::stream::THREAD_NAME);
            if !own {
                return other(panic);
            }
            let message = panic.payload_as_str().unwrap_or("no message");
            let place = panic.location().map_or("?".into(), |at| format!("{}:{}", at.file(), at.line()));
            let _ = PANIC.try_with(|text| *text.borrow_mut() = format!("{message}, at {place}"));
        }));
    });
}
