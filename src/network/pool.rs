//! Things that are costly to make and serve one thread at a time: made when first needed, up to a limit, and lent out.

use std::sync::Arc;

use crate::error::Result;
use crate::sync::{Condvar, Mutex, MutexGuard};
use crate::task::Task;

/// A bounded set of `S`. Whoever asks waits only while as many as may exist are all lent out.
pub struct Pool<S> {
    shelf: Arc<Shelf<S>>,
    make: Box<dyn Fn() -> Result<S> + Send + Sync>,
}

/// What a cancelled task wakes: it outlives the wait.
struct Shelf<S> {
    state: Mutex<State<S>>,
    /// One came back, fewer may exist, or somebody's task was cancelled.
    changed: Condvar,
}

struct State<S> {
    idle: Vec<S>,
    /// Idle, lent out, or being made.
    made: usize,
    most: usize,
}

impl<S> Shelf<S> {
    fn lock(&self) -> MutexGuard<'_, State<S>> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// One of the pool's; goes back on drop.
pub struct Lent<'a, S> {
    shelf: &'a Shelf<S>,
    item: Option<S>,
}

impl<S> Lent<'_, S> {
    /// The thing itself.
    pub fn get(&mut self) -> &mut S {
        // Taken out only by `discard` and `drop`, which end the loan.
        self.item.as_mut().expect("lent until dropped")
    }

    /// Destroys it instead of giving it back: another is made when one is needed.
    pub fn discard(mut self) {
        drop(self.item.take());
    }
}

impl<S> Drop for Lent<'_, S> {
    fn drop(&mut self) {
        let mut state = self.shelf.lock();
        match self.item.take() {
            Some(item) => state.idle.push(item),
            None => state.made -= 1,
        }
        drop(state);
        self.shelf.changed.notify_one();
    }
}

impl<S: Send + 'static> Pool<S> {
    /// A pool that holds `first` and makes up to `most` in all (at least one).
    pub fn new(first: S, most: usize, make: impl Fn() -> Result<S> + Send + Sync + 'static) -> Self {
        let state = State { idle: vec![first], made: 1, most: most.max(1) };
        Self { shelf: Arc::new(Shelf { state: Mutex::new(state), changed: Condvar::new() }), make: Box::new(make) }
    }

    /// How many may exist. Fewer than asked for once making one has failed.
    pub fn most(&self) -> usize {
        self.shelf.lock().most
    }

    /// An idle one, a new one, or the next that comes back.
    ///
    /// Errors: `Cancelled` when the task is cancelled before or while waiting; that of making one if there is no other to
    /// wait for.
    pub fn take(&self, task: &Task) -> Result<Lent<'_, S>> {
        let shelf = Arc::clone(&self.shelf);
        let wake = move || {
            // The lock: a waiter that has just seen an uncancelled task is then asleep, and wakes.
            drop(shelf.lock());
            shelf.changed.notify_all();
        };
        task.guarded(wake, || self.wait(task))?
    }

    fn wait(&self, task: &Task) -> Result<Lent<'_, S>> {
        let lent = |item| Lent { shelf: &self.shelf, item: Some(item) };
        let mut state = self.shelf.lock();
        loop {
            // One that was woken for something that came back but leaves must wake another.
            if let Err(error) = task.check() {
                self.shelf.changed.notify_one();
                return Err(error);
            }
            if let Some(item) = state.idle.pop() {
                return Ok(lent(item));
            }
            if state.made < state.most {
                state.made += 1;
                drop(state);
                // A panic within counts as lent out and gone: the loan gives the place back.
                let place = Lent { shelf: &self.shelf, item: None };
                let made = (self.make)();
                state = match made {
                    Ok(item) => {
                        std::mem::forget(place);
                        return Ok(lent(item));
                    }
                    Err(error) => {
                        drop(place);
                        let mut state = self.shelf.lock();
                        if state.made == 0 {
                            return Err(error);
                        }
                        // No memory for one more: those there are must do.
                        state.most = state.made;
                        state
                    }
                };
                continue;
            }
            state = self.shelf.changed.wait(state).unwrap_or_else(|poisoned| poisoned.into_inner());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Error, Status};
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::{Duration, Instant};

    fn counting(most: usize, limit: usize) -> (Pool<usize>, Arc<AtomicUsize>) {
        let made = Arc::new(AtomicUsize::new(1));
        let count = Arc::clone(&made);
        let pool = Pool::new(0, most, move || match count.fetch_add(1, Ordering::SeqCst) {
            n if n < limit => Ok(n),
            _ => Err(Error::new(Status::OutOfMemory, "no more")),
        });
        (pool, made)
    }

    #[test]
    fn no_more_than_needed_are_made_and_no_more_than_allowed() {
        let (pool, made) = counting(2, 9);
        for _ in 0..3 {
            pool.take(&Task::new()).unwrap();
        }
        assert_eq!(made.load(Ordering::SeqCst), 1);
        let (most, now) = (AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..5 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let mut one = pool.take(&Task::new()).unwrap();
                        most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        std::thread::sleep(Duration::from_micros(100));
                        now.fetch_sub(1, Ordering::SeqCst);
                        assert!(*one.get() < 2);
                    }
                });
            }
        });
        assert_eq!((most.load(Ordering::SeqCst), made.load(Ordering::SeqCst)), (2, 2));
    }

    #[test]
    fn a_wait_is_cancelled() {
        let (pool, _) = counting(1, 9);
        let all = pool.take(&Task::new()).unwrap();
        let task = Task::new();
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| pool.take(&task).map(|_| ()).unwrap_err());
            std::thread::sleep(Duration::from_millis(50));
            assert!(!waiting.is_finished());
            let started = Instant::now();
            task.cancel();
            assert_eq!(waiting.join().unwrap().status(), Status::Cancelled);
            assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
        });
        drop(all);
        pool.take(&Task::new()).unwrap();
    }

    #[test]
    fn where_no_more_can_be_made_those_there_are_do() {
        let (pool, _) = counting(3, 1);
        let only = pool.take(&Task::new()).unwrap();
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| *pool.take(&Task::new()).unwrap().get());
            std::thread::sleep(Duration::from_millis(50));
            assert!(!waiting.is_finished());
            drop(only);
            assert_eq!(waiting.join().unwrap(), 0);
        });
        assert_eq!(pool.most(), 1);
        // The last one gone: the error of making another is the answer.
        pool.take(&Task::new()).unwrap().discard();
        let error = pool.take(&Task::new()).map(|_| ()).unwrap_err();
        assert_eq!((error.status(), error.message()), (Status::OutOfMemory, "no more"));
    }

    #[test]
    fn one_that_is_discarded_is_made_anew() {
        let (pool, _) = counting(1, 9);
        pool.take(&Task::new()).unwrap().discard();
        assert_eq!(*pool.take(&Task::new()).unwrap().get(), 1);
    }
}
