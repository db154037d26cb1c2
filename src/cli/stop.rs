//! A clean end on Ctrl-C and on the signals that ask a program to end.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use crate::error::{Error, Result, Status};
use crate::task::Task;

/// Ctrl-C (and the signals that ask to end): the running task is cancelled, no other begins.
pub struct Stop {
    asked: Arc<AtomicBool>,
    running: Arc<Mutex<Arc<Task>>>,
}

impl Stop {
    /// Begins to listen. Errors: `Internal`.
    pub fn install() -> Result<Self> {
        let stop = Self { asked: Arc::default(), running: Arc::default() };
        let (asked, running) = (Arc::clone(&stop.asked), Arc::clone(&stop.running));
        let handler = move || {
            asked.store(true, Ordering::SeqCst);
            running.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).cancel();
        };
        match ctrlc::try_set_handler(handler) {
            // Who started us ignores one of them, as nohup does SIGHUP: it stays ignored, and the others end the
            // command at once, as they do any other.
            Ok(()) | Err(ctrlc::Error::MultipleHandlers) => {}
            Err(e) => return Err(Error::new(Status::Internal, format!("Ctrl-C cannot be handled: {e}"))),
        }
        Ok(stop)
    }

    /// Whether it was asked to stop.
    pub fn asked(&self) -> bool {
        self.asked.load(Ordering::SeqCst)
    }

    /// The task of the next run; cancelled already if it was asked before.
    pub fn task(&self) -> Arc<Task> {
        let task = Arc::new(Task::new());
        *self.running.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = Arc::clone(&task);
        // The handler sets the flag first: one of the two sees the other.
        if self.asked() {
            task.cancel();
        }
        task
    }
}
