//! What the focus score costs: nanoseconds a pixel on one thread, 512x512 and 2048x2048 (limit: 3 for 16-bit frames), medians of
//! interleaved rounds.
//!
//! `cargo bench --bench focus` prints the figures and fails over the limit.

use std::time::Instant;

use parfocal::focus::score_plane;
use parfocal::frame::{InPlace, Sample, Shape};

const LIMIT_NS_PER_PIXEL: f64 = 3.0;
const ROUNDS: usize = 21;

/// Structure and noise, in the range of a 12-bit camera or an 8-bit one.
fn camera_frame(size: usize, range: f32) -> impl Iterator<Item = f32> {
    let mut state = 7u32;
    (0..size * size).map(move |i| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let (x, y) = ((i % size) as f32, (i / size) as f32);
        range * (0.4 + 0.2 * (x * 0.05).sin() * (y * 0.03).cos() + (state >> 24) as f32 / 4096.0)
    })
}

/// One score, in nanoseconds a pixel.
fn once<T: Sample>(pixels: &mut [T], size: usize) -> f64 {
    let planes = InPlace::new(pixels, Shape::grey(size, size), None).unwrap();
    let started = Instant::now();
    assert!(score_plane(&planes, 0).unwrap() > 0.0);
    started.elapsed().as_secs_f64() * 1e9 / (size * size) as f64
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn main() {
    let mut over = Vec::new();
    for size in [512, 2048] {
        let mut bytes: Vec<u8> = camera_frame(size, 255.0).map(|v| v as u8).collect();
        let mut words: Vec<u16> = camera_frame(size, 4095.0).map(|v| v as u16).collect();
        let mut floats: Vec<f32> = camera_frame(size, 1.0).collect();
        let mut times = [const { Vec::new() }; 3];
        for _ in 0..ROUNDS {
            times[0].push(once(&mut bytes, size));
            times[1].push(once(&mut words, size));
            times[2].push(once(&mut floats, size));
        }
        let [bytes, words, floats] = times.map(median);
        println!(
            "{size}x{size}: 8-bit {bytes:.2}, 16-bit {words:.2}, 32-bit float {floats:.2} ns/px; 16-bit {} the limit of \
             {LIMIT_NS_PER_PIXEL}",
            if words <= LIMIT_NS_PER_PIXEL { "within" } else { "OVER" }
        );
        if words > LIMIT_NS_PER_PIXEL {
            over.push((size, words));
        }
    }
    assert!(over.is_empty(), "over the limit of {LIMIT_NS_PER_PIXEL} ns/px: {over:?}");
}
