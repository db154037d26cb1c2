//! Frames a second of 1, 2 and 4 callers on one model, compared with the hardware's limit: a separate model with one
//! thread for each core.
//!
//! Readings are interleaved. Each reading is divided by the hardware's reading of the same round, and the median of
//! these ratios has a limit, for at least as many callers as cores. It is 0.9 with the released model, both for one run
//! at a time on all cores (the default, and the fastest for one caller) and for one thread a run; 0.7 with the test
//! model on small frames and one thread a run. Frames that take a millisecond gain nothing from several threads: there
//! the default is printed without a limit.

use std::sync::Barrier;
use std::time::{Duration, Instant};

use parfocal::image::frame::{Separate, Shape};
use parfocal::network::runtime;
use parfocal::onnx::model_file;
use parfocal::restore::model::Model;
use parfocal::restore::options::{OpenOptions, RunOptions};
use parfocal::restore::stack::restore;
use parfocal::task::Task;

const ROUNDS: usize = 7;
/// Shortest time of one reading.
const READING: Duration = Duration::from_millis(1000);
/// For the released model.
const LIMIT: f64 = 0.9;
/// For the test model on small frames, one thread.
const LIMIT_SMALL: f64 = 0.7;

fn open(bytes: &[u8], threads: Option<usize>) -> Model {
    let path = runtime::locate(None).expect("`cargo xtask setup` puts ONNX Runtime where benches find it");
    Model::open_memory(bytes, &OpenOptions { runtime: Some(path), threads, ..OpenOptions::default() }).unwrap()
}

fn frame(size: usize) -> Vec<u16> {
    (0..size * size).map(|i| (600 + (i % size) * 7 % 501 + (i / size) * 3 % 301) as u16).collect()
}

/// Total frames a second of one caller for each of `models`, all at once, for at least a reading.
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

/// Measures and prints; returns whether all ratios are within their limits.
fn compare(name: &str, bytes: &[u8], size: usize, limits: [Option<f64>; 2]) -> bool {
    let cores = std::thread::available_parallelism().map_or(1, usize::from).min(num_cpus::get_physical());
    let alone: Vec<Model> = (0..cores).map(|_| open(bytes, Some(1))).collect();
    let (all, one) = (open(bytes, Some(cores)), open(bytes, Some(1)));
    // Label, the callers' models, limit.
    let mut settings = vec![(format!("{cores} models, {cores} callers"), alone.iter().collect(), None)];
    for callers in [1, 2, 4] {
        for (threads, model, limit) in [(cores, &all, limits[0]), (1, &one, limits[1])] {
            let limit = limit.filter(|_| callers >= cores && callers > 1);
            settings.push((format!("threads={threads}, {callers} callers"), vec![model; callers], limit));
        }
    }
    let mut rates = vec![Vec::new(); settings.len()];
    let mut ratios = rates.clone();
    for _ in 0..ROUNDS {
        for (i, (_, models, _)) in settings.iter().enumerate() {
            let rate = frames_per_second(models, size);
            rates[i].push(rate);
            // The first setting is the hardware's limit.
            ratios[i].push(rate / rates[0].last().unwrap());
        }
    }
    let mut within = true;
    for (i, (label, _, limit)) in settings.iter().enumerate() {
        let (rate, ratio) = (median(&mut rates[i]), median(&mut ratios[i]));
        let verdict = match limit {
            None => String::new(),
            Some(limit) if ratio >= *limit => format!(", within the limit of {limit}"),
            Some(limit) => {
                within = false;
                format!(", BELOW the limit of {limit}")
            }
        };
        println!("{name} {size}x{size}: {label}: {rate:.2} frames/s, {ratio:.2} of the hardware{verdict}");
    }
    within
}

fn main() {
    let released = compare("released", model_file::DEFAULT, 512, [Some(LIMIT); 2]);
    let tiny = compare("tiny", include_bytes!("../tests/models/tiny.onnx"), 128, [None, Some(LIMIT_SMALL)]);
    assert!(released && tiny, "below a limit: see above");
}
