//! Frames a second of 1, 2 and 4 callers on one model, beside what the hardware gives: one model a core, each with one
//! thread of its own, nothing shared.

use std::sync::Barrier;
use std::time::{Duration, Instant};

use parfocal::control::Task;
use parfocal::frame::{Separate, Shape};
use parfocal::options::{OpenOptions, RunOptions};
use parfocal::pipeline::{restore, Model};
use parfocal::{model, runtime};

const ROUNDS: usize = 7;
/// How long one reading of a throughput takes at least.
const READING: Duration = Duration::from_millis(1500);

fn open(bytes: &[u8], threads: Option<usize>) -> Model {
    let path = runtime::locate(None).expect("`cargo xtask setup` puts ONNX Runtime where benches find it");
    Model::open_memory(bytes, &OpenOptions { runtime: Some(path), threads, ..OpenOptions::default() }).unwrap()
}

fn frame(size: usize) -> Vec<u16> {
    (0..size * size).map(|i| (600 + (i % size) * 7 % 501 + (i / size) * 3 % 301) as u16).collect()
}

/// Frames a second of one caller for each of `models`, all at once for at least a reading.
fn frames_per_second(models: &[&Model], size: usize) -> f64 {
    let start = Barrier::new(models.len());
    let rates: Vec<f64> = std::thread::scope(|scope| {
        let callers: Vec<_> = models
            .iter()
            .map(|model| {
                scope.spawn(|| {
                    let (from, mut to) = (frame(size), vec![0; size * size]);
                    start.wait();
                    let (started, mut frames) = (Instant::now(), 0);
                    while started.elapsed() < READING {
                        let mut planes =
                            Separate::new((&from[..], None), (&mut to, None), Shape::grey(size, size)).unwrap();
                        restore(model, &Task::new(), &mut planes, &RunOptions::default()).unwrap();
                        frames += 1;
                    }
                    frames as f64 / started.elapsed().as_secs_f64()
                })
            })
            .collect();
        callers.into_iter().map(|c| c.join().unwrap()).collect()
    });
    rates.iter().sum()
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn compare(name: &str, bytes: &[u8], size: usize) {
    let cores = std::thread::available_parallelism().map_or(1, usize::from).min(num_cpus::get_physical());
    let alone: Vec<Model> = (0..cores).map(|_| open(bytes, Some(1))).collect();
    let hardware: Vec<&Model> = alone.iter().collect();
    let all = open(bytes, None);
    let one = open(bytes, Some(1));
    let mut configurations: Vec<(String, Vec<&Model>)> = vec![(format!("hardware ({cores} models)"), hardware)];
    for callers in [1, 2, 4] {
        configurations.push((format!("threads={cores}, {callers} callers"), vec![&all; callers]));
        configurations.push((format!("threads=1, {callers} callers"), vec![&one; callers]));
    }
    let mut rates = vec![Vec::new(); configurations.len()];
    for _ in 0..ROUNDS {
        for (i, (_, models)) in configurations.iter().enumerate() {
            rates[i].push(frames_per_second(models, size));
        }
    }
    let medians: Vec<f64> = rates.iter_mut().map(|r| median(r)).collect();
    for ((label, _), rate) in configurations.iter().zip(&medians) {
        println!("{name} {size}x{size}: {label}: {rate:.2} frames/s, {:.2} of the hardware", rate / medians[0]);
    }
}

fn main() {
    compare("released", model::DEFAULT, 512);
    compare("tiny", include_bytes!("../tests/models/tiny.onnx"), 128);
}
