//! A run on a thread of its own, which the caller leaves when it is cancelled or takes too long: what waits for a GPU
//! cannot be stopped from outside.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{channel, RecvTimeoutError, Sender};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use crate::error::{Error, Result, Status};
use crate::guest::leaving::{self, Inside};
use crate::guest::threads::{self, Priority};
use crate::task::Task;

/// How long a run may take, in milliseconds. A GPU that takes a frame takes far less; drivers reset one that hangs
/// after some seconds.
static LIMIT_MS: AtomicU64 = AtomicU64::new(120_000);

/// Another limit, for tests.
#[doc(hidden)]
pub fn limit(ms: u64) {
    LIMIT_MS.store(ms, Ordering::Relaxed);
}

/// The right to use the library of WebGPU: its sessions share one device and spoil each other's work if two run at
/// once, or one is made or closed meanwhile.
pub struct Turn(());

static TAKEN: Mutex<bool> = Mutex::new(false);
static FREE: Condvar = Condvar::new();

impl Drop for Turn {
    fn drop(&mut self) {
        *TAKEN.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = false;
        FREE.notify_one();
    }
}

/// Waits for a turn. Errors: `Cancelled`, `Closed`; `Device` if another run does not come back.
pub fn turn(task: &Task) -> Result<Turn> {
    // A cancel does not notify.
    const LOOK: Duration = Duration::from_millis(10);
    let started = Instant::now();
    let mut taken = TAKEN.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    while *taken {
        (taken, _) = FREE.wait_timeout(taken, LOOK).unwrap_or_else(|poisoned| poisoned.into_inner());
        task.check()?;
        leaving::check()?;
        if started.elapsed() > Duration::from_millis(LIMIT_MS.load(Ordering::Relaxed)) {
            let advice = "start another process with device=cpu, or update the GPU's driver";
            let waited = started.elapsed().as_secs_f32().round();
            let found = format!("an earlier run has not come back from the GPU for {waited} s");
            return Err(Error::new(Status::Device, format!("device=webgpu: {found}: {advice}")));
        }
    }
    *taken = true;
    Ok(Turn(()))
}

/// After a cancel: how long the caller waits for the run to end by itself.
const GRACE: Duration = Duration::from_millis(100);

/// What the caller hears.
enum Event<R> {
    Done(R),
    Stop,
}

/// How a run ended for its caller.
pub enum End<R> {
    /// By itself, or by `stop` within the time of grace.
    Done(R),
    /// The caller has left it, cancelled: the task or the process's end says so.
    Left,
    /// The caller has left it after this time.
    Late(Duration),
}

/// Runs `work` on a thread of its own. `stop` asks it to end early.
///
/// Errors: `Cancelled`, `Closed`, `OutOfMemory` if there is no thread.
pub fn run<R: Send + 'static>(
    inside: &Inside,
    task: &Task,
    priority: Priority,
    stop: Arc<dyn Fn() + Send + Sync>,
    work: impl FnOnce() -> R + Send + 'static,
) -> Result<End<R>> {
    let (tell, told) = channel::<Event<R>>();
    let wake = |tell: Sender<Event<R>>, stop: Arc<dyn Fn() + Send + Sync>| {
        move || {
            stop();
            let _ = tell.send(Event::Stop);
        }
    };
    let _cancellable = inside.cancellable(wake(tell.clone(), Arc::clone(&stop)))?;
    task.guarded(wake(tell.clone(), Arc::clone(&stop)), || {
        let thread = threads::spawn(c"parfocal-gpu", priority, move || {
            // The end of the process waits for it, too. Without it, what is inside `work` is never touched.
            let Ok(_inside) = leaving::enter() else { return std::mem::forget(work) };
            // If nobody listens any more, the result is dropped here.
            let _ = tell.send(Event::Done(work()));
        });
        let thread = thread.map_err(|e| {
            let advice = "raise the limit on threads or memory, or give device=cpu";
            Error::new(Status::OutOfMemory, format!("the system gives no thread for the GPU: {e}; {advice}"))
        })?;
        let end = wait(&told, &*stop);
        if matches!(end, End::Done(_)) {
            thread.join();
        }
        Ok(end)
    })?
}

fn wait<R>(told: &std::sync::mpsc::Receiver<Event<R>>, stop: &dyn Fn()) -> End<R> {
    let limit = Duration::from_millis(LIMIT_MS.load(Ordering::Relaxed));
    let (started, mut until, mut stopped) = (Instant::now(), Instant::now() + limit, false);
    loop {
        match told.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(Event::Done(result)) => return End::Done(result),
            Ok(Event::Stop) if !stopped => {
                stopped = true;
                until = Instant::now() + GRACE;
            }
            Ok(Event::Stop) => {}
            Err(_) if stopped => return End::Left,
            Err(RecvTimeoutError::Timeout) => {
                stop();
                return End::Late(started.elapsed());
            }
            // The thread could not enter: the process is ending.
            Err(RecvTimeoutError::Disconnected) => return End::Left,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(task: &Task, work: impl FnOnce() -> u8 + Send + 'static) -> Result<End<u8>> {
        let inside = leaving::enter().unwrap();
        run(&inside, task, Priority::Normal, Arc::new(|| ()), work)
    }

    #[test]
    fn one_at_a_time_has_the_turn() {
        let first = turn(&Task::new()).unwrap();
        let task = Arc::new(Task::new());
        let other = Arc::clone(&task);
        let waiting = std::thread::spawn(move || turn(&other).map(|_| ()));
        std::thread::sleep(Duration::from_millis(50));
        assert!(!waiting.is_finished());
        task.cancel();
        assert_eq!(waiting.join().unwrap().unwrap_err().status(), Status::Cancelled);
        drop(first);
        turn(&Task::new()).unwrap();
    }

    #[test]
    fn a_run_ends_by_itself_or_is_left() {
        assert!(matches!(ended(&Task::new(), || 7), Ok(End::Done(7))));
        let task = Arc::new(Task::new());
        let other = Arc::clone(&task);
        let started = Instant::now();
        let end = ended(&task, move || {
            other.cancel();
            std::thread::sleep(Duration::from_millis(800));
            1
        });
        assert!(matches!(end, Ok(End::Left)));
        assert!(started.elapsed() < Duration::from_millis(700), "{:?}", started.elapsed());
    }
}
