//! What the focus score costs: nanoseconds a pixel on one thread, 2048x2048 and 512x512 (limit: 3 for 16-bit frames).
//!
//! `cargo bench --bench focus` prints the figures and fails over the limit.

use std::time::{Duration, Instant};

use criterion::{criterion_group, criterion_main, BenchmarkId, Criterion, Throughput};
use parfocal::focus::score_plane;
use parfocal::frame::{InPlace, Sample, Shape};

const LIMIT_NS_PER_PIXEL: f64 = 3.0;

/// Structure and noise, in the range of a 12-bit camera or an 8-bit one.
fn camera_frame(size: usize, range: f32) -> impl Iterator<Item = f32> {
    let mut state = 7u32;
    (0..size * size).map(move |i| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let (x, y) = ((i % size) as f32, (i / size) as f32);
        range * (0.4 + 0.2 * (x * 0.05).sin() * (y * 0.03).cos() + (state >> 24) as f32 / 4096.0)
    })
}

/// The best time, in nanoseconds a pixel.
fn measure<T: Sample>(criterion: &mut Criterion, size: usize, frame: impl Iterator<Item = T>) -> f64 {
    let mut pixels: Vec<T> = frame.collect();
    let planes = InPlace::new(&mut pixels, Shape::grey(size, size), None).unwrap();
    let mut group = criterion.benchmark_group("focus score");
    group.sample_size(10).throughput(Throughput::Elements((size * size) as u64));
    let mut best = Duration::MAX;
    group.bench_function(BenchmarkId::new(T::PIXEL_TYPE.to_string(), size), |bencher| {
        bencher.iter_custom(|count| {
            let once = |_| {
                let started = Instant::now();
                assert!(score_plane(&planes, 0).unwrap() > 0.0);
                let taken = started.elapsed();
                best = best.min(taken);
                taken
            };
            (0..count).map(once).sum()
        });
    });
    group.finish();
    best.as_secs_f64() * 1e9 / (size * size) as f64
}

fn focus(criterion: &mut Criterion) {
    let mut over = Vec::new();
    for size in [512, 2048] {
        let bytes = measure(criterion, size, camera_frame(size, 255.0).map(|v| v as u8));
        let words = measure(criterion, size, camera_frame(size, 4095.0).map(|v| v as u16));
        let floats = measure(criterion, size, camera_frame(size, 1.0));
        println!(
            "{size}x{size}: best 8-bit {bytes:.2}, 16-bit {words:.2}, 32-bit float {floats:.2} ns/px; 16-bit {} the limit \
             of {LIMIT_NS_PER_PIXEL}",
            if words <= LIMIT_NS_PER_PIXEL { "within" } else { "OVER" }
        );
        if words > LIMIT_NS_PER_PIXEL {
            over.push((size, words));
        }
    }
    assert!(over.is_empty(), "over the limit of {LIMIT_NS_PER_PIXEL} ns/px: {over:?}");
}

criterion_group!(benches, focus);
criterion_main!(benches);
