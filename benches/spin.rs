//! What the option `spin` buys and costs: the latency of a frame when frames come one after the other and when they
//! come ten a second, and the processor time of the whole process at ten a second.
//!
//! Two threads. The options alternate frame by frame in each row; medians are printed. The default, spin=off, has a
//! limit: beyond the calling thread the process may use 0.1 of a core between tiny frames.

use std::time::{Duration, Instant};

use parfocal::image::frame::{InPlace, Shape};
use parfocal::network::runtime;
use parfocal::restore::model::Model;
use parfocal::restore::options::{OpenOptions, RunOptions};
use parfocal::restore::stack::restore;
use parfocal::task::Task;

const LIMIT: f64 = 0.1;
const INTERVAL: Duration = Duration::from_millis(100);

struct Row {
    name: &'static str,
    bytes: &'static [u8],
    size: usize,
    frames: usize,
}

fn main() {
    let tiny = include_bytes!("../tests/models/tiny.onnx");
    let fast = include_bytes!("../models/parfocal-w8.onnx");
    let default = parfocal::onnx::model_file::DEFAULT;
    let rows = [
        Row { name: "test model", bytes: tiny, size: 64, frames: 40 },
        Row { name: "test model", bytes: tiny, size: 512, frames: 40 },
        Row { name: "parfocal-w8", bytes: fast, size: 512, frames: 20 },
        Row { name: "built-in model", bytes: default, size: 512, frames: 12 },
    ];
    println!("| frames | spin | one after the other | ten a second | processor at ten a second |");
    println!("|---|---|---|---|---|");
    for row in rows {
        let models = [open(row.bytes, "off"), open(row.bytes, "on")];
        let dense = dense(&row, &models);
        for (spin, (model, dense)) in models.iter().zip(dense).enumerate() {
            let (sparse, share) = sparse(&row, model);
            let spin = ["off", "on"][spin];
            println!(
                "| {}, {}x{} | {spin} | {:.2} ms | {:.2} ms | {:.2} cores |",
                row.name,
                row.size,
                row.size,
                milliseconds(dense),
                milliseconds(sparse),
                share
            );
            assert!(row.size > 64 || spin == "on" || share <= LIMIT, "spin=off uses {share} cores; limit {LIMIT}");
        }
    }
}

fn open(bytes: &[u8], spin: &str) -> Model {
    let mut options = OpenOptions::parse(&format!("device=cpu threads=2 spin={spin}")).unwrap();
    options.runtime = Some(runtime::locate(None).expect("`cargo xtask setup` puts ONNX Runtime where benches find it"));
    Model::open_memory(bytes, &options).unwrap()
}

fn frame(model: &Model, size: usize) -> Duration {
    let shape = Shape { width: size, height: size, channels: 1, planes: 1 };
    let mut pixels: Vec<u16> =
        (0..size * size).map(|i| (600 + i % size * 7 % 501 + i / size * 3 % 301) as u16).collect();
    let started = Instant::now();
    let mut planes = InPlace::new(&mut pixels, shape, None).unwrap();
    restore(model, &Task::new(), &mut planes, &RunOptions::default()).unwrap();
    started.elapsed()
}

/// Median latencies of both models, frame by frame in turn, without a pause.
fn dense(row: &Row, models: &[Model; 2]) -> [Duration; 2] {
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..row.frames {
        for (model, times) in models.iter().zip(&mut times) {
            // Of three in a row, the last: its threads are as the frame before has left them.
            frame(model, row.size);
            frame(model, row.size);
            times.push(frame(model, row.size));
        }
    }
    times.map(median)
}

/// Median latency at ten frames a second, and the processor time as cores.
fn sparse(row: &Row, model: &Model) -> (Duration, f64) {
    std::thread::sleep(Duration::from_millis(300));
    let (started, before) = (Instant::now(), processor());
    let times = (1..=row.frames as u32).map(|number| {
        let time = frame(model, row.size);
        std::thread::sleep((INTERVAL * number).saturating_sub(started.elapsed()));
        time
    });
    let times = times.collect();
    (median(times), (processor() - before).as_secs_f64() / started.elapsed().as_secs_f64())
}

/// Processor time of the process so far.
fn processor() -> Duration {
    // SAFETY: the structure is plain data and is written by the call.
    let used = unsafe {
        let mut used: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_SELF, &mut used);
        used
    };
    let time = |t: libc::timeval| Duration::new(t.tv_sec as u64, t.tv_usec as u32 * 1000);
    time(used.ru_utime) + time(used.ru_stime)
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
