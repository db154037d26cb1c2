//! The pool of sessions: each is lent to one thread at a time, no waiter is forgotten, and cancelling a task ends its
//! wait.

use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::sync::Arc;
use loom::thread::{self, JoinHandle};

use crate::error::{Error, Result, Status};
use crate::pool::Pool;
use crate::task::Task;
use crate::Model;

pub const MODELS: &[Model] = &[
    ("pool: never more than its limit", never_more),
    ("pool: a wait is cancelled", wait_is_cancelled),
    ("pool: a cancelled waiter wakes another", leaver_wakes_another),
    ("pool: making another fails", no_more_can_be_made),
    ("pool: one is discarded", one_is_discarded),
];

/// A pool of counters in place of sessions; each counts its current users.
fn pool(most: usize) -> Arc<Pool<Arc<AtomicUsize>>> {
    Arc::new(Pool::new(Arc::default(), most, || Ok(Arc::default())))
}

/// Takes one, checks that nobody else has it, and gives it back.
fn use_one(pool: &Pool<Arc<AtomicUsize>>, task: &Task) -> Result<()> {
    let mut one = pool.take(task)?;
    let users = one.get();
    assert_eq!(users.fetch_add(1, Ordering::SeqCst), 0, "lent to two");
    users.fetch_sub(1, Ordering::SeqCst);
    Ok(())
}

fn user(pool: &Arc<Pool<Arc<AtomicUsize>>>, task: &Arc<Task>) -> JoinHandle<Result<()>> {
    let (pool, task) = (Arc::clone(pool), Arc::clone(task));
    thread::spawn(move || use_one(&pool, &task))
}

/// Three threads take from a pool of at most two: all get one.
fn never_more() {
    let made = Arc::new(AtomicUsize::new(1));
    let count = Arc::clone(&made);
    let pool: Arc<Pool<Arc<AtomicUsize>>> = Arc::new(Pool::new(Arc::default(), 2, move || {
        count.fetch_add(1, Ordering::SeqCst);
        Ok(Arc::default())
    }));
    let users = [(), ()].map(|()| user(&pool, &Arc::default()));
    use_one(&pool, &Task::new()).unwrap();
    for user in users {
        user.join().unwrap().unwrap();
    }
    assert!(made.load(Ordering::SeqCst) <= 2);
}

/// The only one stays lent: a waiter leaves when it is cancelled, whenever that happens.
fn wait_is_cancelled() {
    let pool = pool(1);
    let lent = pool.take(&Task::new()).unwrap();
    let task: Arc<Task> = Arc::default();
    let waiting = user(&pool, &task);
    task.cancel();
    assert_eq!(waiting.join().unwrap().map_err(|e| e.status()), Err(Status::Cancelled));
    drop(lent);
    use_one(&pool, &Task::new()).unwrap();
}

/// Two wait, and one is cancelled just when the session comes back: the other gets it.
fn leaver_wakes_another() {
    let pool = pool(1);
    let lent = pool.take(&Task::new()).unwrap();
    let task: Arc<Task> = Arc::default();
    let (leaves, stays) = (user(&pool, &task), user(&pool, &Arc::default()));
    let canceller = thread::spawn(move || task.cancel());
    drop(lent);
    stays.join().unwrap().unwrap();
    if let Err(e) = leaves.join().unwrap() {
        assert_eq!(e.status(), Status::Cancelled);
    }
    canceller.join().unwrap();
}

/// There is no memory for a second one: all users get the first, in turn.
fn no_more_can_be_made() {
    let pool: Arc<Pool<Arc<AtomicUsize>>> =
        Arc::new(Pool::new(Arc::default(), 2, || Err(Error::new(Status::OutOfMemory, "no memory for a second one"))));
    let users = [(), ()].map(|()| user(&pool, &Arc::default()));
    use_one(&pool, &Task::new()).unwrap();
    for user in users {
        user.join().unwrap().unwrap();
    }
}

/// A session that failed is discarded: a waiter makes another.
fn one_is_discarded() {
    let pool = pool(1);
    let lent = pool.take(&Task::new()).unwrap();
    let users = [(), ()].map(|()| user(&pool, &Arc::default()));
    lent.discard();
    for user in users {
        user.join().unwrap().unwrap();
    }
}
