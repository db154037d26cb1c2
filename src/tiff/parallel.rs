//! Work on the strips or tiles of a page, several side by side.

use std::panic::{catch_unwind, resume_unwind, AssertUnwindSafe};
use std::sync::{Arc, Mutex};

use crate::guest::threads::{spawn, Priority};

/// A piece of work. What it needs moves into it, since the library's own threads may outlive no borrow.
pub(super) type Job<R> = Box<dyn FnOnce() -> R + Send>;

/// The threads of one page.
#[derive(Clone, Copy, Debug)]
pub(super) struct Workers {
    /// At least one.
    pub count: usize,
    pub priority: Priority,
}

impl Workers {
    /// Bytes of pixels that are worth a thread; libtiff's strips have 8 KiB.
    const WORTH: usize = 1 << 18;
    /// Most of them: more would wait for the disk, and each has a strip in memory.
    const MOST: usize = 8;

    pub fn new(count: usize, priority: Priority) -> Self {
        Self { count: count.clamp(1, Self::MOST), priority }
    }

    /// How many strips or tiles of so many bytes one thread takes at a time.
    pub fn at_a_time(bytes: usize) -> usize {
        Self::WORTH.div_ceil(bytes.max(1))
    }
}

impl Default for Workers {
    fn default() -> Self {
        Self::new(1, Priority::Normal)
    }
}

/// Where a job waits for a thread, and its result for the caller.
enum Slot<R> {
    Waiting(Job<R>),
    Running,
    Done(std::thread::Result<R>),
}

/// Runs a job where it waits; does nothing if a thread has taken it.
fn work<R>(slot: &Mutex<Slot<R>>) {
    let lock = || slot.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let taken = std::mem::replace(&mut *lock(), Slot::Running);
    let after = match taken {
        Slot::Waiting(job) => Slot::Done(catch_unwind(AssertUnwindSafe(job))),
        other => other,
    };
    *lock() = after;
}

/// The results of all jobs, in their order. Each has a thread of its own but the last, which runs on the caller's, as
/// do all for which the system gives no thread. Panics if a job has panicked.
pub(super) fn side_by_side<R: Send + 'static>(jobs: Vec<Job<R>>, priority: Priority) -> Vec<R> {
    let slots: Vec<_> = jobs.into_iter().map(|job| Arc::new(Mutex::new(Slot::Waiting(job)))).collect();
    let others = slots.len().saturating_sub(1);
    let running: Vec<_> = slots[..others]
        .iter()
        .map(|slot| {
            let slot = Arc::clone(slot);
            spawn(c"parfocal-pack", priority, move || work(&slot)).ok()
        })
        .collect();
    if let Some(own) = slots.last() {
        work(own);
    }
    for (thread, slot) in running.into_iter().zip(&slots) {
        match thread {
            Some(thread) => thread.join(),
            None => work(slot),
        }
    }
    let result = |slot: &Arc<Mutex<Slot<R>>>| {
        let taken = std::mem::replace(&mut *slot.lock().unwrap_or_else(|p| p.into_inner()), Slot::Running);
        match taken {
            Slot::Done(Ok(result)) => result,
            Slot::Done(Err(panic)) => resume_unwind(panic),
            // The loop above has waited for each thread, or done its work.
            Slot::Waiting(_) | Slot::Running => unreachable!("every job has run"),
        }
    };
    slots.iter().map(result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_their_order() {
        let jobs: Vec<Job<usize>> = (0..7usize).map(|i| Box::new(move || i * i) as Job<usize>).collect();
        assert_eq!(side_by_side(jobs, Priority::Normal), [0, 1, 4, 9, 16, 25, 36]);
        assert!(side_by_side::<u8>(Vec::new(), Priority::Normal).is_empty());
    }

    #[test]
    fn a_panic_reaches_the_caller() {
        let jobs: Vec<Job<()>> = vec![Box::new(|| panic!("a fault")), Box::new(|| ())];
        assert!(catch_unwind(AssertUnwindSafe(|| side_by_side(jobs, Priority::Normal))).is_err());
    }
}
