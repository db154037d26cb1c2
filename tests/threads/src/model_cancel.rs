//! Cancelling a task: no cancel is lost, whenever it comes.

use loom::sync::atomic::{AtomicBool, Ordering};
use loom::sync::Arc;
use loom::thread;

use crate::error::Status;
use crate::task::{Current, Task};
use crate::Model;

pub const MODELS: &[Model] = &[
    ("cancel: during two runs", during_two_runs),
    ("cancel: twice during a run", twice),
    ("cancel: progress goes up", progress),
    ("cancel: a stream that closes stops its frame", closing_stops_the_frame),
];

/// One run of the network, as the session does it.
#[derive(Default)]
struct Run {
    terminated: AtomicBool,
    over: AtomicBool,
}

/// Whether it ran. `cancelled` is set once `Task::cancel` has returned.
fn go(run: &Arc<Run>, task: &Task, cancelled: &AtomicBool) -> bool {
    let target = Arc::clone(run);
    let terminate = move || {
        assert!(!target.over.load(Ordering::SeqCst), "terminated after it had ended");
        target.terminated.store(true, Ordering::SeqCst);
    };
    let result = task.guarded(terminate, || {
        // Between two nodes of the network. From here on nothing else would stop it.
        if cancelled.load(Ordering::SeqCst) {
            assert!(run.terminated.load(Ordering::SeqCst), "it goes on though it was cancelled");
        }
    });
    run.over.store(true, Ordering::SeqCst);
    match result {
        Ok(()) => true,
        Err(e) => {
            assert!(e.status() == Status::Cancelled && task.is_cancelled());
            false
        }
    }
}

/// While a frame of two tiles runs: the tile that runs is terminated, or the next one does not start.
fn during_two_runs() {
    let (task, cancelled) = (Arc::new(Task::new()), Arc::new(AtomicBool::new(false)));
    let canceller = {
        let (task, cancelled) = (Arc::clone(&task), Arc::clone(&cancelled));
        thread::spawn(move || {
            task.cancel();
            cancelled.store(true, Ordering::SeqCst);
        })
    };
    let runs = [(), ()].map(|()| Arc::new(Run::default()));
    let went = [go(&runs[0], &task, &cancelled), go(&runs[1], &task, &cancelled)];
    assert!(went[0] || !went[1], "one started after another was refused");
    canceller.join().unwrap();
    assert!(!go(&Arc::default(), &task, &cancelled), "a run starts though the task is cancelled");
    assert!(task.check().is_err());
}

/// From two threads, as a user and a closing stream may: each holds.
fn twice() {
    let task = Arc::new(Task::new());
    let cancellers = [(), ()].map(|()| {
        let (task, cancelled) = (Arc::clone(&task), Arc::new(AtomicBool::new(false)));
        let done = Arc::clone(&cancelled);
        let thread = thread::spawn(move || {
            task.cancel();
            done.store(true, Ordering::SeqCst);
        });
        (thread, cancelled)
    });
    go(&Arc::default(), &task, &cancellers[0].1);
    go(&Arc::default(), &task, &cancellers[1].1);
    for (thread, _) in cancellers {
        thread.join().unwrap();
    }
    assert!(task.is_cancelled());
}

/// Who looks on sees counts that only grow, and a plane that counts as done only after its runs.
fn progress() {
    let task = Arc::new(Task::new());
    task.expect(2);
    let watcher = {
        let task = Arc::clone(&task);
        thread::spawn(move || {
            let planes = task.planes_done();
            let (first, total) = task.progress();
            let (second, _) = task.progress();
            assert!(planes <= first && first <= second && second <= total, "{planes} {first} {second} {total}");
        })
    };
    for _ in 0..2 {
        task.run_done();
        task.plane_done();
    }
    watcher.join().unwrap();
    assert_eq!((task.progress(), task.planes_done()), ((2, 2), 2));
}

/// A worker restores one frame after the other, as a stream's does; it is closed meanwhile, and no frame goes on.
fn closing_stops_the_frame() {
    let (current, ended) = (Arc::new(Current::default()), Arc::new(AtomicBool::new(false)));
    let worker = {
        let (current, ended) = (Arc::clone(&current), Arc::clone(&ended));
        thread::spawn(move || {
            let frames = [(), ()].map(|()| {
                let went = go(&Arc::default(), &current.begin(), &ended);
                current.done();
                went
            });
            assert!(frames[0] || !frames[1], "one started after another was refused");
        })
    };
    current.end();
    ended.store(true, Ordering::SeqCst);
    assert!(!go(&Arc::default(), &current.begin(), &ended), "a frame starts though the stream is closed");
    worker.join().unwrap();
}
