//! A clean end on Ctrl-C and on SIGTERM and SIGHUP.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};

use crate::error::{Error, Result, Status};
use crate::task::Task;

/// On such a signal the running tasks are cancelled, and no further one begins.
pub struct Stop {
    asked: Arc<AtomicBool>,
    running: Arc<Mutex<Vec<Weak<Task>>>>,
}

impl Stop {
    /// Installs the signal handler. Errors: `Internal`.
    pub fn install() -> Result<Self> {
        let stop = Self { asked: Arc::default(), running: Arc::default() };
        let (asked, running) = (Arc::clone(&stop.asked), Arc::clone(&stop.running));
        let handler = move || {
            asked.store(true, Ordering::SeqCst);
            let running = running.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            running.iter().filter_map(Weak::upgrade).for_each(|task| task.cancel());
        };
        match ctrlc::try_set_handler(handler) {
            // The parent ignores one of the signals, as nohup does with SIGHUP: it stays ignored. The others then end
            // this command at once, as by default.
            Ok(()) | Err(ctrlc::Error::MultipleHandlers) => {}
            Err(e) => return Err(Error::new(Status::Internal, format!("Ctrl-C cannot be handled: {e}"))),
        }
        Ok(stop)
    }

    /// Whether a signal has come.
    pub fn asked(&self) -> bool {
        self.asked.load(Ordering::SeqCst)
    }

    /// The task for the next run; it is cancelled from the start if a signal has come.
    pub fn task(&self) -> Arc<Task> {
        let task = Arc::new(Task::new());
        let mut running = self.running.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        running.retain(|task| task.strong_count() > 0);
        running.push(Arc::downgrade(&task));
        drop(running);
        // No signal is lost: the handler sets the flag before it cancels, so either it cancels this task or we see the
        // flag.
        if self.asked() {
            task.cancel();
        }
        task
    }
}
