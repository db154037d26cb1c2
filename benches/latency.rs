//! How long a user waits for a model to open, the first time in a process and again, and for a cancelled run to end.
//!
//! Limits: 1 s for the first open of the released model, 0.5 s for another. The longest cancel may take twice as long
//! as the slowest node of the network on the same frame, by ONNX Runtime's own profile.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use parfocal::error::Status;
use parfocal::image::frame::{InPlace, Shape};
use parfocal::network::runtime;
use parfocal::onnx::model_file;
use parfocal::restore::model::Model;
use parfocal::restore::options::{OpenOptions, RunOptions};
use parfocal::restore::stack::restore;
use parfocal::task::Task;

const COLD: Duration = Duration::from_millis(1000);
const CACHED: Duration = Duration::from_millis(500);
const CANCEL_NODES: f64 = 2.0;
const OPENS: usize = 7;
const CANCELS: usize = 12;
/// Side of the frame whose run is cancelled.
const SIZE: usize = 1024;
/// Environment variable that makes the program a child: it opens the model, prints the time and ends.
const CHILD: &str = "PARFOCAL_BENCH_OPEN";

fn runtime_path() -> PathBuf {
    runtime::locate(None).expect("`cargo xtask setup` puts ONNX Runtime where benches find it")
}

fn timed_open() -> (Model, Duration) {
    let options = OpenOptions { runtime: Some(runtime_path()), ..OpenOptions::default() };
    let started = Instant::now();
    (Model::open(None, &options).unwrap(), started.elapsed())
}

fn median(values: &[Duration]) -> Duration {
    let mut sorted = values.to_vec();
    sorted.sort();
    sorted[sorted.len() / 2]
}

/// Prints a time and its limit; returns whether it is within.
fn check_limit(what: &str, found: Duration, limit: Duration) -> bool {
    let verdict = if found <= limit { "within" } else { "OVER" };
    println!("{what}: {:.0} ms, {verdict} the limit of {:.0} ms", found.as_secs_f64() * 1e3, limit.as_secs_f64() * 1e3);
    found <= limit
}

fn open_times() -> bool {
    let (mut cold, mut cached) = (Vec::new(), Vec::new());
    for _ in 0..OPENS {
        let child = Command::new(std::env::current_exe().unwrap()).env(CHILD, "1").output().unwrap();
        let text = String::from_utf8_lossy(&child.stdout).into_owned();
        let seconds: f64 = text.trim().parse().unwrap_or_else(|_| panic!("the child printed '{text}': {child:?}"));
        cold.push(Duration::from_secs_f64(seconds));
        cached.push(timed_open().1);
    }
    // The first open of this process was a cold one.
    let cold = check_limit("open, first in a process, median", median(&cold), COLD);
    check_limit("open again, median", median(&cached[1..]), CACHED) && cold
}

/// The slowest node of the network on one frame, and its time.
fn slowest_node(threads: usize) -> (String, Duration) {
    let folder = tempfile::tempdir().unwrap();
    let mut session = runtime::load(Some(&runtime_path()))
        .unwrap()
        .session_builder()
        .unwrap()
        .with_intra_threads(threads)
        .unwrap()
        .with_memory_pattern(false)
        .unwrap()
        .with_profiling(folder.path().join("profile"))
        .unwrap()
        .commit_from_memory(model_file::DEFAULT)
        .unwrap();
    let image: Vec<f32> = frame().iter().map(|&v| f32::from(v) / 1000.0).collect();
    for _ in 0..2 {
        let input = ort::value::TensorRef::from_array_view(([1, 1, SIZE, SIZE], &image[..])).unwrap();
        session.run(ort::inputs!["image" => input]).unwrap();
    }
    let file = session.end_profiling().unwrap();
    let events: Vec<serde_json::Value> = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let nodes = events.iter().filter(|e| e["cat"] == "Node");
    let slowest = nodes.max_by_key(|e| e["dur"].as_u64()).expect("nodes in the profile");
    let name = slowest["name"].as_str().unwrap_or_default().trim_end_matches("_kernel_time").to_owned();
    (name, Duration::from_micros(slowest["dur"].as_u64().unwrap()))
}

fn frame() -> Vec<u16> {
    (0..SIZE * SIZE).map(|i| (600 + (i % SIZE) * 7 % 501 + (i / SIZE) * 3 % 301) as u16).collect()
}

fn run(model: &Model, task: &Task) -> Option<Instant> {
    let mut pixels = frame();
    let mut planes = InPlace::new(&mut pixels, Shape::grey(SIZE, SIZE), None).unwrap();
    match restore(model, task, &mut planes, &RunOptions::default()) {
        Ok(_) => None,
        Err(error) if error.status() == Status::Cancelled => Some(Instant::now()),
        Err(error) => panic!("{error}"),
    }
}

fn cancel_latency() -> bool {
    let model = timed_open().0;
    let threads = model.describe()["threads"].as_u64().unwrap() as usize;
    let (mut nodes, mut latencies) = (vec![slowest_node(threads)], Vec::new());
    run(&model, &Task::new());
    let started = Instant::now();
    run(&model, &Task::new());
    let whole = started.elapsed();
    let mut state = 11u32;
    for i in 0..CANCELS {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let task = Task::new();
        std::thread::scope(|scope| {
            let running = scope.spawn(|| run(&model, &task));
            // At a random time, but not at the very end: the run must still be going on.
            std::thread::sleep(whole.mul_f64(0.05 + 0.8 * f64::from(state >> 8) / f64::from(1 << 24)));
            let asked = Instant::now();
            task.cancel();
            if let Some(ended) = running.join().unwrap() {
                latencies.push(ended - asked);
            }
        });
        // Interleaved, so that other load on the machine affects both.
        if i % 4 == 3 {
            nodes.push(slowest_node(threads));
        }
    }
    assert!(latencies.len() * 2 > CANCELS, "{} of {CANCELS} runs were cancelled in time", latencies.len());
    // The slowest node varies with the load of the machine: take the median.
    nodes.sort_by_key(|n| n.1);
    let (name, node) = nodes.swap_remove(nodes.len() / 2);
    println!(
        "{SIZE}x{SIZE}, {threads} threads: a run takes {whole:.1?}, its slowest node ({name}) {node:.1?}; {} runs \
         cancelled, median latency {:.1?}",
        latencies.len(),
        median(&latencies)
    );
    check_limit("the longest cancel", *latencies.iter().max().unwrap(), node.mul_f64(CANCEL_NODES))
}

fn main() {
    if std::env::var_os(CHILD).is_some() {
        println!("{}", timed_open().1.as_secs_f64());
        return;
    }
    let (open, cancel) = (open_times(), cancel_latency());
    assert!(open && cancel, "over a limit: see above");
}
