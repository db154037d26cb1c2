//! Progress and cancel of one run, from any thread.

use std::sync::Arc;

use crate::error::{Error, Result, Status};
use crate::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use crate::sync::{Mutex, MutexGuard};

type Terminate = Box<dyn Fn() + Send>;

/// One run's progress and its stop switch. Make a new one for each run.
#[derive(Default)]
pub struct Task {
    claimed: AtomicBool,
    cancelled: AtomicBool,
    done: AtomicU64,
    total: AtomicU64,
    planes: AtomicU64,
    /// Ends the running inference or wait, if there is one.
    terminate: Mutex<Option<Terminate>>,
}

impl Task {
    /// A task for one run: nothing done, nothing expected, not cancelled.
    pub fn new() -> Self {
        Self::default()
    }

    /// Binds the task to a run. Errors: `InvalidArgument` if another run has used it.
    pub fn claim(&self) -> Result<()> {
        if self.claimed.swap(true, Ordering::AcqRel) {
            return Err(Error::new(
                Status::InvalidArgument,
                "it belongs to an earlier run; expected a new one: create a task for each run",
            ));
        }
        Ok(())
    }

    /// Sets the total of network runs; a file of many pages declares them all before the first.
    pub fn expect(&self, runs: u64) {
        self.total.fetch_max(runs, Ordering::Relaxed);
    }

    /// Network runs done, and expected in total.
    pub fn progress(&self) -> (u64, u64) {
        (self.done.load(Ordering::Relaxed), self.total.load(Ordering::Relaxed))
    }

    /// Planes that are written completely.
    pub fn planes_done(&self) -> u64 {
        self.planes.load(Ordering::Acquire)
    }

    /// Stops the run, at the latest when the network node now running ends. Complete planes stay.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::SeqCst);
        if let Some(terminate) = self.lock().as_ref() {
            terminate();
        }
    }

    /// Whether `cancel` was called.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::SeqCst)
    }

    /// Fails once the task is cancelled.
    pub(crate) fn check(&self) -> Result<()> {
        if self.is_cancelled() {
            return Err(Error::new(Status::Cancelled, format!("cancelled after {} planes", self.planes_done())));
        }
        Ok(())
    }

    pub(crate) fn run_done(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts `runs` as done that turned out to be unnecessary (a constant frame).
    pub(crate) fn runs_skipped(&self, runs: u64) {
        self.done.fetch_add(runs, Ordering::Relaxed);
    }

    pub(crate) fn plane_done(&self) {
        self.planes.fetch_add(1, Ordering::Release);
    }

    /// Runs `work`; until it returns, `cancel` calls `terminate`.
    pub(crate) fn guarded<R>(&self, terminate: impl Fn() + Send + 'static, work: impl FnOnce() -> R) -> Result<R> {
        *self.lock() = Some(Box::new(terminate));
        // No cancel is lost: one before the line above has set the flag, a later one calls `terminate`.
        let result = self.check().map(|()| work());
        *self.lock() = None;
        result
    }

    fn lock(&self) -> MutexGuard<'_, Option<Terminate>> {
        self.terminate.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// The current task of a thread that runs one after another, and a switch that cancels it and all later ones.
#[derive(Default)]
pub(crate) struct Current {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    task: Option<Arc<Task>>,
    ended: bool,
}

impl Current {
    /// Starts the next task; after `end` it is cancelled from the start.
    pub(crate) fn begin(&self) -> Arc<Task> {
        let task = Arc::new(Task::new());
        let mut state = self.lock();
        if state.ended {
            task.cancel();
        }
        state.task = Some(Arc::clone(&task));
        task
    }

    /// Forgets the current task.
    pub(crate) fn done(&self) {
        self.lock().task = None;
    }

    /// Cancels the current task and all later ones.
    pub(crate) fn end(&self) {
        let mut state = self.lock();
        state.ended = true;
        if let Some(task) = &state.task {
            task.cancel();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cancel_reaches_the_running_work_and_forbids_the_next() {
        let task = Task::new();
        let stopped = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&stopped);
        let seen = task.guarded(
            move || flag.store(true, Ordering::SeqCst),
            || {
                task.cancel();
                stopped.load(Ordering::SeqCst)
            },
        );
        assert_eq!(seen, Ok(true));
        let next = task.guarded(|| (), || unreachable!("must not start"));
        assert_eq!(next.unwrap_err().status(), Status::Cancelled);
    }
}
