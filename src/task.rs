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
    /// Ends the network run that is going on.
    terminate: Mutex<Option<Terminate>>,
}

impl Task {
    /// A task for one run: nothing done, nothing expected, not cancelled.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes it for a run. Errors: `InvalidArgument` if another run has it already.
    pub fn claim(&self) -> Result<()> {
        if self.claimed.swap(true, Ordering::AcqRel) {
            return Err(Error::new(
                Status::InvalidArgument,
                "it belongs to an earlier run; expected a new one: create a task for each run",
            ));
        }
        Ok(())
    }

    /// Declares the runs of the network that are to come; a file of many pages declares them all before the first.
    pub fn expect(&self, runs: u64) {
        self.total.fetch_max(runs, Ordering::Relaxed);
    }

    /// Runs of the network done and expected.
    pub fn progress(&self) -> (u64, u64) {
        (self.done.load(Ordering::Relaxed), self.total.load(Ordering::Relaxed))
    }

    /// Planes written completely.
    pub fn planes_done(&self) -> u64 {
        self.planes.load(Ordering::Acquire)
    }

    /// Stops the run within the network node that is running. What is complete stays.
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

    /// An error once cancelled.
    pub(crate) fn check(&self) -> Result<()> {
        if self.is_cancelled() {
            return Err(Error::new(Status::Cancelled, format!("cancelled after {} planes", self.planes_done())));
        }
        Ok(())
    }

    pub(crate) fn run_done(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }

    /// `runs` that turned out unnecessary (a constant frame).
    pub(crate) fn runs_skipped(&self, runs: u64) {
        self.done.fetch_add(runs, Ordering::Relaxed);
    }

    pub(crate) fn plane_done(&self) {
        self.planes.fetch_add(1, Ordering::Release);
    }

    /// Runs `work` while `terminate` is what `cancel` calls.
    pub(crate) fn guarded<R>(&self, terminate: impl Fn() + Send + 'static, work: impl FnOnce() -> R) -> Result<R> {
        *self.lock() = Some(Box::new(terminate));
        // A cancel before the line above has set the flag, a later one calls `terminate`: none is lost.
        let result = self.check().map(|()| work());
        *self.lock() = None;
        result
    }

    fn lock(&self) -> MutexGuard<'_, Option<Terminate>> {
        self.terminate.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// The task that a thread is at, one after the other, and the switch that ends them all.
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
    /// The next task; it is cancelled already if `end` was called before.
    pub(crate) fn begin(&self) -> Arc<Task> {
        let task = Arc::new(Task::new());
        let mut state = self.lock();
        if state.ended {
            task.cancel();
        }
        state.task = Some(Arc::clone(&task));
        task
    }

    /// The task is done with.
    pub(crate) fn done(&self) {
        self.lock().task = None;
    }

    /// Cancels the task that is going on, and those to come.
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
