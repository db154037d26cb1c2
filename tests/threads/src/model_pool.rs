//! The pool of sessions: lent to one at a time, nobody forgotten, and a wait that ends when its task is cancelled.

use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::sync::Arc;
use loom::thread::{self, JoinHandle};

use crate::error::{Error, Result, Status};
use crate::pool::Pool;
use crate::task::Task;
use crate::Model;

pub const MODELS: &[Model] = &[
    ("pool: never more than there may be", never_more),
    ("pool: a wait is cancelled", wait_is_cancelled),
    ("pool: one that leaves wakes another", leaver_wakes_another),
    ("pool: no more can be made", no_more_can_be_made),
    ("pool: one is destroyed", one_is_destroyed),
];

/// Numbers for sessions: none is lent to two.
fn pool(most: usize) -> Arc<Pool<Arc<AtomicUsize>>> {
    Arc::new(Pool::new(Arc::default(), most, || Ok(Arc::default())))
}

/// Takes one, uses it, and gives it back.
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

/// Three want one, and two may exist: all get it.
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

/// The only one is lent for good: who waits for it leaves when cancelled, whenever that comes.
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

/// Two wait; one of them is cancelled just when the session comes back: the other gets it.
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

/// There is no memory for a second: both users get the first, in turn.
fn no_more_can_be_made() {
    let pool: Arc<Pool<Arc<AtomicUsize>>> =
        Arc::new(Pool::new(Arc::default(), 2, || Err(Error::new(Status::OutOfMemory, "no memory for a second one"))));
    let users = [(), ()].map(|()| user(&pool, &Arc::default()));
    use_one(&pool, &Task::new()).unwrap();
    for user in users {
        user.join().unwrap().unwrap();
    }
}

/// A session that failed is not given back: who waits makes another.
fn one_is_destroyed() {
    let pool = pool(1);
    let lent = pool.take(&Task::new()).unwrap();
    let users = [(), ()].map(|()| user(&pool, &Arc::default()));
    lent.discard();
    for user in users {
        user.join().unwrap().unwrap();
    }
}
