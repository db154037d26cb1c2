//! The rules for pixel values: normalisation, constant and non-finite values, channels, tiles, cancelling.

mod common;

use std::time::Instant;

use parfocal::error::{Result, Status};
use parfocal::image::frame::{InPlace, Sample, Separate, Shape, Strides};
use parfocal::restore::model::Model;
use parfocal::restore::options::{OpenOptions, RunOptions};
use parfocal::restore::report::Report;
use parfocal::restore::stack::restore;
use parfocal::task::Task;

fn run<T: Sample>(model: &Model, data: &[T], shape: Shape, options: &str) -> Result<(Vec<T>, Report)> {
    let mut out = data.to_vec();
    let mut planes = InPlace::new(&mut out, shape, None)?;
    let report = restore(model, &Task::new(), &mut planes, &RunOptions::parse(options)?)?;
    Ok((out, report))
}

/// Smooth structure with detail, different for each `seed`.
fn specimen(width: usize, height: usize, seed: usize) -> Vec<f32> {
    (0..width * height)
        .map(|i| {
            let (x, y) = ((i % width) as f32, (i / width) as f32);
            let s = seed as f32;
            500.0 + 300.0 * (0.21 * x + s).sin() * (0.13 * y).cos() + 100.0 * (0.9 * x + 0.7 * y * (1.0 + s)).sin()
        })
        .collect()
}

#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn every_size_and_pixel_type_is_restored() {
    let model = common::tiny("threads=1");
    for (width, height) in [(1, 1), (1, 9), (9, 1), (17, 23), (31, 2), (64, 48), (97, 101)] {
        let f32s = specimen(width, height, 1);
        let u16s: Vec<u16> = f32s.iter().map(|&v| v as u16 * 40).collect();
        let u8s: Vec<u8> = f32s.iter().map(|&v| (v / 5.0) as u8).collect();
        let shape = Shape::grey(width, height);
        let (u8s_restored, _) = run(&model, &u8s, shape, "").unwrap();
        let (u16s_restored, _) = run(&model, &u16s, shape, "").unwrap();
        let (restored, _) = run(&model, &f32s, shape, "").unwrap();
        assert!(restored.iter().all(|v| v.is_finite()));
        if width * height > 1 {
            // The test model changes every frame: one that is unchanged was not restored.
            assert_ne!(u8s_restored, u8s, "{width}x{height}");
            assert_ne!(u16s_restored, u16s, "{width}x{height}");
            assert_ne!(restored, f32s, "{width}x{height}");
        }
    }
}

#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn constant_frames_are_unchanged() {
    let model = common::tiny("threads=1");
    for value in [0u16, 7, u16::MAX] {
        let (restored, report) = run(&model, &[value; 20 * 30], Shape::grey(20, 30), "").unwrap();
        assert_eq!((restored, report.constant_planes), (vec![value; 600], 1));
    }
    let (restored, _) = run(&model, &[255u8; 64], Shape::grey(8, 8), "normalize=0:100").unwrap();
    assert_eq!(restored, [255; 64]);
    let (restored, report) = run(&model, &[f32::NAN; 64], Shape::grey(8, 8), "").unwrap();
    assert!(restored.iter().all(|v| v.is_nan()) && report.nonfinite == 64);
}

#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn non_finite_pixels_are_unchanged_and_counted() {
    let model = common::tiny("threads=1");
    let mut data = specimen(40, 32, 2);
    let clean = run(&model, &data, Shape::grey(40, 32), "").unwrap().0;
    for (i, value) in [(3, f32::NAN), (700, f32::INFINITY), (1279, f32::NEG_INFINITY)] {
        data[i] = value;
    }
    let (restored, report) = run(&model, &data, Shape::grey(40, 32), "").unwrap();
    assert_eq!(report.nonfinite, 3);
    assert!(restored[3].is_nan() && restored[700] == f32::INFINITY && restored[1279] == f32::NEG_INFINITY);
    assert_eq!(restored.iter().filter(|v| v.is_finite()).count(), restored.len() - 3);
    assert_eq!(clean.iter().filter(|v| v.is_finite()).count(), clean.len());
}

#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn gain_and_offset_of_the_input_do_not_matter() {
    let model = common::tiny("threads=1");
    let data = specimen(48, 40, 3);
    let shape = Shape::grey(48, 40);
    let (restored, report) = run(&model, &data, shape, "").unwrap();
    let width = report.ranges[0].width();
    for (gain, offset) in [(1e-6f32, 0.0f32), (250.0, -1e5), (1.0, 1e6)] {
        let scaled: Vec<f32> = data.iter().map(|v| v * gain + offset).collect();
        let (other, _) = run(&model, &scaled, shape, "").unwrap();
        // Ten times the resolution of 32-bit floats at this offset.
        let tolerance = 1e-4 * width + 10.0 * f64::from(offset.abs() / gain) * f64::from(f32::EPSILON);
        for (a, b) in restored.iter().zip(&other) {
            let back = (f64::from(*b) - f64::from(offset)) / f64::from(gain);
            assert!((f64::from(*a) - back).abs() < tolerance, "{gain} {offset}: {a} {back}");
        }
    }
}

#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn channels_share_one_range_and_layouts_do_not_matter() {
    let model = common::tiny("threads=1");
    let (width, height) = (33, 20);
    let channels: Vec<Vec<f32>> = (0..3).map(|c| specimen(width, height, c)).collect();
    let shape = Shape { width, height, channels: 3, planes: 1 };
    let planar: Vec<f32> = channels.concat();
    let interleaved: Vec<f32> = (0..width * height).flat_map(|i| channels.iter().map(move |c| c[i])).collect();
    let planar_strides =
        Strides { x: 1, y: width as isize, channel: (width * height) as isize, plane: planar.len() as isize };
    let mut a = planar.clone();
    let mut planes = InPlace::new(&mut a, shape, Some(planar_strides)).unwrap();
    let report = restore(&model, &Task::new(), &mut planes, &RunOptions::default()).unwrap();
    assert_eq!(report.ranges.len(), 1);
    let (b, _) = run(&model, &interleaved, shape, "").unwrap();
    for c in 0..3 {
        for i in 0..width * height {
            assert_eq!(a[c * width * height + i], b[3 * i + c]);
        }
    }
    // From one buffer to another, column-major: the same pixels.
    let columns =
        Strides { x: height as isize, y: 1, channel: (width * height) as isize, plane: planar.len() as isize };
    let mut out = vec![0.0; planar.len()];
    let mut planes = Separate::new((&planar, Some(planar_strides)), (&mut out, Some(columns)), shape).unwrap();
    restore(&model, &Task::new(), &mut planes, &RunOptions::default()).unwrap();
    for (c, y, x) in [(0, 0, 0), (1, 7, 30), (2, 19, 32)] {
        assert_eq!(out[c * width * height + x * height + y], a[c * width * height + y * width + x]);
    }
}

#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn a_stack_can_share_one_range() {
    let model = common::tiny("threads=1");
    let (width, height) = (32, 32);
    let dim: Vec<f32> = specimen(width, height, 4).iter().map(|v| v * 0.1).collect();
    let stack = [specimen(width, height, 4), dim].concat();
    let shape = Shape { width, height, channels: 1, planes: 2 };
    let (by_frame, each) = run(&model, &stack, shape, "").unwrap();
    let (by_stack, shared) = run(&model, &stack, shape, "normalize=stack").unwrap();
    assert_ne!(each.ranges[0], each.ranges[1]);
    assert_eq!(shared.ranges[0], shared.ranges[1]);
    assert_ne!(by_frame, by_stack);
    // Giving the shared range by hand has the same result.
    let fixed = format!("normalize={}:{}", shared.ranges[0].lo, shared.ranges[0].hi);
    assert_eq!(run(&model, &stack, shape, &fixed).unwrap().0, by_stack);
}

#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn the_same_run_gives_the_same_bytes() {
    let model = common::tiny("threads=2");
    let data = specimen(300, 200, 5);
    for options in ["", "tile=64"] {
        let first = run(&model, &data, Shape::grey(300, 200), options).unwrap();
        let second = run(&model, &data, Shape::grey(300, 200), options).unwrap();
        assert_eq!((first.0, first.1.ranges), (second.0, second.1.ranges), "{options}");
    }
}

#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn tiles_with_the_whole_receptive_field_equal_the_whole_frame() {
    let model = common::tiny("threads=1");
    let (width, height) = (720, 336);
    let mut data = specimen(width, height, 6);
    // A bright point beside a seam.
    data[100 * width + 129] = 5000.0;
    let shape = Shape::grey(width, height);
    let (whole, report) = run(&model, &data, shape, "").unwrap();
    assert_eq!(report.tile, None);
    let (exact, report) = run(&model, &data, shape, "tile=128 halo=exact").unwrap();
    assert_eq!((report.tile, report.halo), (Some(128), 288));
    let width = parfocal::image::metrics::data_range(&whole).unwrap();
    let worst =
        |other: &[f32]| whole.iter().zip(other).map(|(a, b)| f64::from((a - b).abs())).fold(0.0, f64::max) / width;
    assert!(worst(&exact) < 1e-5, "{}", worst(&exact));
    let (auto, _) = run(&model, &data, shape, "tile=128").unwrap();
    assert!(worst(&auto) < 1e-3, "{}", worst(&auto));
    // To show that the test can fail: without a halo there are seams.
    let (bare, _) = run(&model, &data, shape, "tile=128 halo=0").unwrap();
    assert!(worst(&bare) > 1e-3, "{}", worst(&bare));
}

#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn a_cancelled_run_leaves_only_complete_planes() {
    let model = common::tiny("threads=1");
    let shape = Shape { width: 256, height: 256, channels: 1, planes: 40 };
    let data: Vec<f32> = (0..shape.planes).flat_map(|p| specimen(256, 256, p)).collect();
    let complete = run(&model, &data, shape, "").unwrap().0;
    let mut out = data.clone();
    let task = Task::new();
    let mut planes = InPlace::new(&mut out, shape, None).unwrap();
    let error = std::thread::scope(|scope| {
        scope.spawn(|| {
            while task.planes_done() < 3 {
                std::thread::yield_now();
            }
            task.cancel();
        });
        restore(&model, &task, &mut planes, &RunOptions::default()).unwrap_err()
    });
    assert_eq!(error.status(), Status::Cancelled);
    let done = task.planes_done() as usize;
    assert!((3..shape.planes).contains(&done), "{done}");
    assert_eq!(out[..done * 65536], complete[..done * 65536]);
    assert_eq!(out[done * 65536..], data[done * 65536..]);
    // The model still works.
    assert_eq!(run(&model, &data[..65536], Shape::grey(256, 256), "").unwrap().0, complete[..65536]);
}

#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn cancel_stops_a_running_inference() {
    // With the built-in model, whose runs are long enough to be stopped midway.
    let path = common::runtime();
    let options = OpenOptions { runtime: Some(path), threads: Some(1), ..OpenOptions::default() };
    let model = Model::open(None, &options).unwrap();
    let shape = Shape::grey(1024, 1024);
    let data = specimen(1024, 1024, 9);
    let started = Instant::now();
    run(&model, &data, shape, "").unwrap();
    let full = started.elapsed();
    let mut out = data.clone();
    let task = Task::new();
    let mut planes = InPlace::new(&mut out, shape, None).unwrap();
    let (error, took) = std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(full / 5);
            task.cancel();
        });
        let started = Instant::now();
        (restore(&model, &task, &mut planes, &RunOptions::default()).unwrap_err(), started.elapsed())
    });
    assert_eq!((error.status(), task.planes_done()), (Status::Cancelled, 0));
    assert_eq!(out, data);
    // A generous ratio; if the inference were not terminated, it would be 1.
    assert!(took.as_secs_f64() < 0.75 * full.as_secs_f64(), "cancelled at 1/5 of {full:?}, ended after {took:?}");
}

#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn progress_counts_every_tile() {
    let model = common::tiny("threads=1");
    let mut data = specimen(200, 100, 7);
    let task = Task::new();
    let mut planes = InPlace::new(&mut data, Shape::grey(200, 100), None).unwrap();
    restore(&model, &task, &mut planes, &RunOptions::parse("tile=64 halo=16").unwrap()).unwrap();
    assert_eq!((task.progress(), task.planes_done()), ((8, 8), 1));
}

#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn results_that_are_not_finite_are_an_error() {
    let model = common::tiny("threads=1");
    let mut data = specimen(64, 64, 8);
    data[2000] = f32::MAX;
    let error = run(&model, &data, Shape::grey(64, 64), "normalize=0:1e-5").unwrap_err();
    assert!(error.message().contains("not finite") && error.message().contains("normalize=LO:HI"), "{error}");
}
