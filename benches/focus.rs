//! The cost of the focus score: nanoseconds a pixel on one thread, at 512x512 and 2048x2048 (limit: 3 for 16-bit
//! frames).
//!
//! Readings of the three pixel types are interleaved, and the best of each counts: a frame takes about as long as a
//! time slice, so the other readings measure how busy the machine is.

use std::time::Instant;

use parfocal::image::focus::score_plane;
use parfocal::image::frame::{InPlace, Sample, Shape};

const ROUNDS: usize = 31;
const LIMIT_NS_PER_PIXEL: f64 = 3.0;

/// Structure and noise, from 0 to 0.7.
fn specimen(size: usize) -> Vec<f32> {
    let mut state = 7u32;
    (0..size * size)
        .map(|i| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let (x, y) = ((i % size) as f32, (i / size) as f32);
            0.4 + 0.2 * (x * 0.05).sin() * (y * 0.03).cos() + (state >> 24) as f32 / 4096.0
        })
        .collect()
}

/// One reading, in nanoseconds a pixel.
fn reading<T: Sample>(pixels: &mut [T], size: usize) -> f64 {
    let planes = InPlace::new(pixels, Shape::grey(size, size), None).unwrap();
    let started = Instant::now();
    assert!(score_plane(&planes, 0).unwrap() > 0.0);
    started.elapsed().as_secs_f64() * 1e9 / (size * size) as f64
}

fn main() {
    let mut over = Vec::new();
    for size in [512, 2048] {
        let mut floats = specimen(size);
        let mut bytes: Vec<u8> = floats.iter().map(|v| (v * 255.0) as u8).collect();
        let mut words: Vec<u16> = floats.iter().map(|v| (v * 4095.0) as u16).collect();
        let mut readings: [Vec<f64>; 3] = Default::default();
        for _ in 0..ROUNDS {
            readings[0].push(reading(&mut bytes, size));
            readings[1].push(reading(&mut words, size));
            readings[2].push(reading(&mut floats, size));
        }
        let [bytes, words, floats] = readings.map(|one| one.into_iter().fold(f64::INFINITY, f64::min));
        let verdict = if words <= LIMIT_NS_PER_PIXEL { "within" } else { "OVER" };
        println!(
            "focus score, {size}x{size}: 8-bit {bytes:.2}, 16-bit {words:.2}, 32-bit float {floats:.2} ns/px; 16-bit \
             {verdict} the limit of {LIMIT_NS_PER_PIXEL}"
        );
        if words > LIMIT_NS_PER_PIXEL {
            over.push((size, words));
        }
    }
    assert!(over.is_empty(), "over the limit of {LIMIT_NS_PER_PIXEL} ns/px: {over:?}");
}
