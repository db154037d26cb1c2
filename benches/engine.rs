//! The engine's cost outside the network, and the network's speed compared with a plain convolution.
//!
//! `cargo bench` prints, for 512x512 and 2048x2048 16-bit frames on one thread: nanoseconds a pixel spent outside ONNX
//! Runtime (limit: 3 for the best of the rounds, since the others measure how busy the machine is; sizes interleaved),
//! and GFLOP/s of the released network and of one 3x3 convolution of 16 channels.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use parfocal::image::frame::{Separate, Shape};
use parfocal::network::runtime;
use parfocal::onnx::{model_file, wire};
use parfocal::restore::model::Model;
use parfocal::restore::options::{OpenOptions, RunOptions};
use parfocal::restore::stack::restore;
use parfocal::task::Task;

const LIMIT_NS_PER_PIXEL: f64 = 3.0;
const ROUNDS: usize = 15;
const SIZES: [usize; 2] = [512, 2048];

fn runtime_path() -> PathBuf {
    runtime::locate(None).expect("`cargo xtask setup` puts ONNX Runtime where benches find it")
}

fn open(bytes: &[u8]) -> Model {
    let options = OpenOptions { runtime: Some(runtime_path()), threads: Some(1), ..OpenOptions::default() };
    Model::open_memory(bytes, &options).unwrap()
}

/// A 12-bit camera frame in 16 bits: background, structure, noise.
fn camera_frame(size: usize) -> Vec<u16> {
    let mut state = 7u32;
    (0..size * size)
        .map(|i| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let (x, y) = ((i % size) as f32, (i / size) as f32);
            (600.0 + 400.0 * (x * 0.05).sin() * (y * 0.03).cos() + (state >> 26) as f32) as u16
        })
        .collect()
}

/// One run: time outside ONNX Runtime and inside.
fn run(model: &Model, size: usize, from: &[u16], to: &mut [u16]) -> (Duration, Duration) {
    let started = Instant::now();
    let mut planes = Separate::new((from, None), (to, None), Shape::grey(size, size)).unwrap();
    let report = restore(model, &Task::new(), &mut planes, &RunOptions::default()).unwrap();
    assert_eq!(report.tile, None);
    (started.elapsed() - report.network, report.network)
}

fn overhead() {
    let tiny = open(include_bytes!("../tests/models/tiny.onnx"));
    let mut frames = SIZES.map(|size| (size, camera_frame(size), vec![0; size * size], Vec::new()));
    // The first round warms up.
    for round in 0..=ROUNDS {
        for (size, from, to, outside) in &mut frames {
            let seconds = run(&tiny, *size, from, to).0.as_secs_f64();
            if round > 0 {
                outside.push(seconds * 1e9 / (*size * *size) as f64);
            }
        }
    }
    let mut over = Vec::new();
    for (size, _, _, mut outside) in frames {
        outside.sort_by(f64::total_cmp);
        let (best, median) = (outside[0], outside[ROUNDS / 2]);
        let verdict = if best <= LIMIT_NS_PER_PIXEL {
            "within"
        } else {
            over.push((size, best));
            "OVER"
        };
        println!(
            "{size}x{size}, u16, one thread: {best:.2} ns/px outside ONNX Runtime (median {median:.2}), {verdict} the \
             limit of {LIMIT_NS_PER_PIXEL}"
        );
    }
    assert!(over.is_empty(), "over the limit of {LIMIT_NS_PER_PIXEL} ns/px: {over:?}");
}

/// GFLOP/s of `work`, which does `flop` operations: the best of three, after one to warm up.
fn gflops(flop: f64, mut work: impl FnMut() -> Duration) -> f64 {
    work();
    let best = (0..3).map(|_| work()).min().unwrap();
    flop / best.as_secs_f64() / 1e9
}

fn plain_convolution(size: usize) -> f64 {
    let library = runtime::load(Some(&runtime_path())).unwrap();
    let mut session = library
        .session_builder()
        .unwrap()
        .with_intra_threads(1)
        .unwrap()
        .commit_from_memory(include_bytes!("../tests/models/conv16.onnx"))
        .unwrap();
    let image = vec![0.5f32; 16 * size * size];
    gflops(2.0 * 16.0 * 16.0 * 9.0 * (size * size) as f64, || {
        let started = Instant::now();
        let input = ort::value::TensorRef::from_array_view(([1, 16, size, size], &image[..])).unwrap();
        session.run(ort::inputs!["image" => input]).unwrap();
        started.elapsed()
    })
}

fn throughput() {
    let released = open(model_file::DEFAULT);
    let metadata = wire::read(model_file::DEFAULT).unwrap().metadata;
    let macs: f64 = metadata["parfocal.macs_per_pixel"].parse().unwrap();
    for size in SIZES {
        let (from, mut to) = (camera_frame(size), vec![0; size * size]);
        let flop = 2.0 * macs * (size * size) as f64;
        let network = gflops(flop, || run(&released, size, &from, &mut to).1);
        let convolution = plain_convolution(size);
        println!(
            "{size}x{size}, one thread: {} {network:.0} GFLOP/s, one 3x3 convolution {convolution:.0} GFLOP/s, ratio \
             {:.2}",
            released.info().name,
            network / convolution
        );
    }
}

fn main() {
    overhead();
    throughput();
}
