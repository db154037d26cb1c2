//! The cost of unpacking a camera's pixels: nanoseconds a pixel on one thread, at 2048x2048 (limit: 1 for each).
//!
//! Readings of the packings are interleaved, and the best of each counts: the others measure how busy the machine is.

use std::hint::black_box;
use std::time::Instant;

use parfocal::image::packed::{unpack, Packing};

const ROUNDS: usize = 31;
const SIZE: usize = 2048;
const LIMIT_NS_PER_PIXEL: f64 = 1.0;

fn main() {
    let bytes: Vec<u8> = (0..SIZE * SIZE * 3 / 2).map(|i| (i * 37 % 251) as u8).collect();
    let mut pixels = vec![0u16; SIZE * SIZE];
    let mut best = vec![f64::INFINITY; Packing::ALL.len()];
    for _ in 0..ROUNDS {
        for (packing, best) in Packing::ALL.iter().zip(&mut best) {
            let started = Instant::now();
            unpack(*packing, black_box(&bytes), 0, SIZE, SIZE, &mut pixels).unwrap();
            *best = best.min(started.elapsed().as_secs_f64() * 1e9 / (SIZE * SIZE) as f64);
            black_box(&pixels);
        }
    }
    let mut over = Vec::new();
    for (packing, best) in Packing::ALL.iter().zip(best) {
        let verdict = if best <= LIMIT_NS_PER_PIXEL { "within" } else { "OVER" };
        println!("unpacking {packing:?}, {SIZE}x{SIZE}: {best:.2} ns/px, {verdict} the limit of {LIMIT_NS_PER_PIXEL}");
        if best > LIMIT_NS_PER_PIXEL {
            over.push((packing, best));
        }
    }
    assert!(over.is_empty(), "over the limit of {LIMIT_NS_PER_PIXEL} ns/px: {over:?}");
}
