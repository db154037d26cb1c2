//! The boundary that every call from C or the JVM passes: refuses forked children and calls after the end, sets the
//! caller's floating-point state aside, catches panics, keeps the last error.

use std::cell::{Cell, RefCell};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Once};
use std::time::{Duration, Instant};

use super::objects::{self, AnyStream, Object, Run, Spoilable};
use crate::error::{Error, Result, Status};
use crate::guest::caller::set_aside;
use crate::guest::leaving::{self, End};
use crate::restore::model::Model;

thread_local! {
    static LAST_ERROR: RefCell<Message> = const { RefCell::new(Message { length: 0, bytes: [0; SHORT] }) };
    /// A message that is longer than `SHORT`; otherwise empty, and then never touched: a value with a destructor makes
    /// the C library end the process if there is no memory to register that.
    static LONG_ERROR: RefCell<String> = const { RefCell::new(String::new()) };
    /// Whether this thread is inside a call.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
    /// Message and place of the panic that this thread is unwinding.
    static PANIC: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Longest message that a thread keeps without asking for memory.
const SHORT: usize = 1536;

/// The message of a thread's last failure.
struct Message {
    /// Of the text in `bytes`; `usize::MAX` if it is in `LONG_ERROR`.
    length: usize,
    bytes: [u8; SHORT],
}

impl Message {
    fn keep(&mut self, text: &str) {
        if let Some(to) = self.bytes.get_mut(..text.len()) {
            to.copy_from_slice(text.as_bytes());
            self.length = text.len();
            return;
        }
        self.length = usize::MAX;
        let _ = LONG_ERROR.try_with(|long| text.clone_into(&mut long.borrow_mut()));
    }

    fn text(&self) -> String {
        match self.bytes.get(..self.length) {
            Some(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            None => LONG_ERROR.try_with(|long| long.borrow().clone()).unwrap_or_default(),
        }
    }
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
    told(guarded(work))
}

/// The status of a call from C, whose error's message is kept for `parfocal_last_error`.
pub fn told(result: Result<()>) -> i32 {
    match result {
        Ok(()) => Status::Ok as i32,
        Err(error) => {
            let status = error.status() as i32;
            // A thread that is ending has no thread-local storage any more; the status is still returned.
            let _ = LAST_ERROR.try_with(|last| last.borrow_mut().keep(error.message()));
            status
        }
    }
}

/// The message of the last failed call on this thread; empty on a thread that is ending.
pub fn last_error() -> String {
    LAST_ERROR.try_with(|last| last.borrow().text()).unwrap_or_default()
}

/// Runs a call of any host: a panic becomes an error.
pub fn guarded<T>(work: impl FnOnce(&mut CallGuard) -> Result<T>) -> Result<T> {
    check_process()?;
    let _calling = Calling::new()?;
    caught(work)
}

/// Ends the use of the library in this process: every call from now on is refused, running ones are cancelled, streams
/// and models are closed. Errors: `Timeout` if a call still runs after `timeout`; then nothing may be unloaded.
pub fn shutdown(timeout: Option<Duration>) -> Result<()> {
    check_process()?;
    caught(|_| {
        let started = Instant::now();
        let left = || timeout.map_or(Duration::MAX, |timeout| timeout.saturating_sub(started.elapsed()));
        let outside = leaving::end(End::Shutdown, left());
        // Wakes threads that wait for a stream's next result, and ends the streams' own.
        objects::stop_streams();
        let quiet = || CALLS.load(Ordering::SeqCst) == 0;
        while !quiet() && !left().is_zero() {
            std::thread::sleep(Duration::from_millis(1));
        }
        if outside && quiet() {
            objects::close_all();
            return Ok(());
        }
        Err(Error::new(
            Status::Timeout,
            format!(
                "{} calls still run after {} ms; expected none: call it again with more time before anything is \
                 unloaded",
                CALLS.load(Ordering::SeqCst).max(1),
                started.elapsed().as_millis()
            ),
        ))
    })
}

/// Calls of all threads that have not returned.
static CALLS: AtomicUsize = AtomicUsize::new(0);

/// A call that has not returned; `shutdown` waits for it.
struct Calling;

impl Calling {
    /// Errors: `Closed` when the process is ending or after `shutdown`.
    fn new() -> Result<Self> {
        // Counted first: a shutdown that this call does not see yet, sees this call.
        CALLS.fetch_add(1, Ordering::SeqCst);
        let calling = Self;
        leaving::check()?;
        Ok(calling)
    }
}

impl Drop for Calling {
    fn drop(&mut self) {
        CALLS.fetch_sub(1, Ordering::SeqCst);
    }
}

fn caught<T>(work: impl FnOnce(&mut CallGuard) -> Result<T>) -> Result<T> {
    let _caller = set_aside();
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
            let own = INSIDE.try_with(Cell::get).unwrap_or(true) || crate::restore::stream::is_own_thread();
            if !own {
                return other(panic);
            }
            let message = panic.payload_as_str().unwrap_or("no message");
            let place = panic.location().map_or("?".into(), |at| format!("{}:{}", at.file(), at.line()));
            let _ = PANIC.try_with(|text| *text.borrow_mut() = format!("{message}, at {place}"));
        }));
    });
}
