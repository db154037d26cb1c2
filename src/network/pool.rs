//! A pool of costly objects that serve one thread at a time: made on demand, up to a limit, and lent out.

use std::sync::Arc;

use crate::error::Result;
use crate::sync::{Condvar, Mutex, MutexGuard};
use crate::task::Task;

/// A bounded set of `S`. `take` waits only while the pool is at its limit and all are lent out.
pub struct Pool<S> {
    shelf: Arc<Shelf<S>>,
    make: Box<dyn Fn() -> Result<S> + Send + Sync>,
}

/// The shared state. In an `Arc`, since a task that is cancelled late may still notify it after the wait.
struct Shelf<S> {
    state: Mutex<State<S>>,
    /// Notified when an object comes back, when the limit drops, and when a task is cancelled.
    changed: Condvar,
}

struct State<S> {
    idle: Vec<S>,
    /// How many are idle, lent out, or being made.
    made: usize,
    /// The limit on `made`.
    most: usize,
}

impl<S> Shelf<S> {
    fn lock(&self) -> MutexGuard<'_, State<S>> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// A borrowed object; goes back to the pool on drop.
pub struct Lent<'a, S> {
    shelf: &'a Shelf<S>,
    item: Option<S>,
}

impl<S> Lent<'_, S> {
    /// The object.
    pub fn get(&mut self) -> &mut S {
        // Only `discard` and `drop` take it out, and they end the loan.
        self.item.as_mut().expect("lent until dropped")
    }

    /// Takes the object out of the pool, which makes another when one is needed, unless `put_back` comes first.
    pub fn take_out(&mut self) -> S {
        // Called once in a loan: `put_back` fills the place again.
        self.item.take().expect("lent until dropped")
    }

    /// The object that was taken out.
    pub fn put_back(&mut self, item: S) {
        self.item = Some(item);
    }

    /// Destroys the object instead of giving it back; another is made when one is needed.
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
    /// A pool that holds `first` and makes more on demand, up to `most` in all (at least one).
    pub fn new(first: S, most: usize, make: impl Fn() -> Result<S> + Send + Sync + 'static) -> Self {
        let state = State { idle: vec![first], made: 1, most: most.max(1) };
        Self { shelf: Arc::new(Shelf { state: Mutex::new(state), changed: Condvar::new() }), make: Box::new(make) }
    }

    /// Destroys the objects that nobody has borrowed.
    pub fn drop_idle(&self) {
        let mut state = self.shelf.lock();
        let idle = std::mem::take(&mut state.idle);
        state.made -= idle.len();
        drop(state);
        drop(idle);
        self.shelf.changed.notify_all();
    }

    /// How many may exist. The limit drops if making one fails.
    pub fn most(&self) -> usize {
        self.shelf.lock().most
    }

    /// Borrows an idle object, a new one, or the next that comes back.
    ///
    /// Errors: `Cancelled` if the task is cancelled before or during the wait; the error of making an object if there
    /// is no other to wait for.
    pub fn take(&self, task: &Task) -> Result<Lent<'_, S>> {
        let shelf = Arc::clone(&self.shelf);
        let wake = move || {
            // Taking the lock makes sure that a waiter that has just checked its task is asleep by now, and wakes.
            drop(shelf.lock());
            shelf.changed.notify_all();
        };
        task.guarded(wake, || self.wait(task))?
    }

    fn wait(&self, task: &Task) -> Result<Lent<'_, S>> {
        let lent = |item| Lent { shelf: &self.shelf, item: Some(item) };
        let mut state = self.shelf.lock();
        loop {
            // This thread may have been woken for a returned object; if it leaves, another waiter must wake.
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
                // If `make` panics, dropping this empty loan lowers `made` again.
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
                        // Most likely there is no memory for one more: stay with the existing ones.
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
    fn objects_are_made_on_demand_up_to_the_limit() {
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
    fn a_wait_can_be_cancelled() {
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
    fn if_making_one_fails_the_existing_ones_serve() {
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
        // With the last one gone, `take` returns the error of making another.
        pool.take(&Task::new()).unwrap().discard();
        let error = pool.take(&Task::new()).map(|_| ()).unwrap_err();
        assert_eq!((error.status(), error.message()), (Status::OutOfMemory, "no more"));
    }

    #[test]
    fn an_object_that_stays_out_is_replaced() {
        let (pool, _) = counting(1, 9);
        let mut lent = pool.take(&Task::new()).unwrap();
        let item = lent.take_out();
        lent.put_back(item);
        drop(lent);
        let mut lent = pool.take(&Task::new()).unwrap();
        assert_eq!(lent.take_out(), 0);
        drop(lent);
        assert_eq!(*pool.take(&Task::new()).unwrap().get(), 1);
    }

    #[test]
    fn idle_objects_are_replaced() {
        let (pool, _) = counting(2, 9);
        let mut lent = pool.take(&Task::new()).unwrap();
        drop(pool.take(&Task::new()).unwrap());
        pool.drop_idle();
        assert_eq!((*lent.get(), *pool.take(&Task::new()).unwrap().get()), (0, 2));
    }

    #[test]
    fn a_discarded_object_is_replaced() {
        let (pool, _) = counting(1, 9);
        pool.take(&Task::new()).unwrap().discard();
        assert_eq!(*pool.take(&Task::new()).unwrap().get(), 1);
    }
}
