//! Every interleaving of small models of the handle table, of cancelling a task, of the pool of sessions, and of the queue of a
//! stream: the engine's own files, with loom's locks and atomics in place of the standard ones.
//!
//! loom tries all orders in which the threads of a model can meet, with at most `PREEMPTIONS` switches where a thread could
//! have gone on (bugs that need more are rare, and the number of orders explodes). A deadlock is a failure, and so is an
//! object that is left over. A model that fails prints the panic of the one order that showed it.

use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::time::Instant;

// The engine's own files; what a model does not use is no mistake.
#[allow(dead_code)]
#[path = "../../../src/error.rs"]
mod error;
#[allow(dead_code)]
#[path = "../../../src/host/handles.rs"]
mod handles;
#[allow(dead_code)]
#[path = "../../../src/network/pool.rs"]
mod pool;
#[allow(dead_code)]
#[path = "../../../src/restore/queue.rs"]
mod queue;
#[allow(dead_code)]
#[path = "../../../src/task.rs"]
mod task;

/// What the engine's `sync.rs` takes from the standard library.
///
/// loom knows no time: its `wait_timeout` waits until it is woken, and instants are the real ones. The models wait without
/// end or not at all; the unit tests of the queue time out.
mod sync {
    pub(crate) use loom::sync::atomic;
    pub(crate) use loom::sync::{Condvar, Mutex, MutexGuard};
}

mod model_cancel;
mod model_handles;
mod model_pool;
mod model_queue;

const PREEMPTIONS: usize = 3;

type Model = (&'static str, fn());

fn main() -> ExitCode {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let models: Vec<Model> =
        [model_handles::MODELS, model_cancel::MODELS, model_pool::MODELS, model_queue::MODELS].concat();
    let mut run = 0;
    for (name, model) in models {
        if wanted.is_empty() || wanted.iter().any(|w| name.contains(w.as_str())) {
            let started = Instant::now();
            println!("{name}: {} orders, {:.1} s", explore(model), started.elapsed().as_secs_f64());
            run += 1;
        }
    }
    if run == 0 {
        eprintln!("no model has any of {wanted:?} in its name");
        return ExitCode::from(2);
    }
    ExitCode::SUCCESS
}

/// Runs a model in every order; how many there were.
fn explore(model: fn()) -> u64 {
    let orders = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&orders);
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(PREEMPTIONS);
    builder.check(move || {
        counted.fetch_add(1, Ordering::Relaxed);
        model();
    });
    orders.load(Ordering::Relaxed)
}
