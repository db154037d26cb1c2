//! Choosing devices; half precision and frames transferred as integers, computed on the CPU.

mod common;

use parfocal::error::{Result, Status};
use parfocal::image::frame::{InPlace, Sample, Shape};
use parfocal::restore::model::Model;
use parfocal::restore::options::{OpenOptions, RunOptions};
use parfocal::restore::stack::restore;
use parfocal::task::Task;

fn run<T: Sample>(model: &Model, data: &[T], shape: Shape, options: &str) -> Result<Vec<T>> {
    let mut out = data.to_vec();
    let mut planes = InPlace::new(&mut out, shape, None)?;
    restore(model, &Task::new(), &mut planes, &RunOptions::parse(options)?)?;
    Ok(out)
}

fn as_on_a_device(bytes: &[u8], half: bool) -> Model {
    let options = OpenOptions { runtime: Some(common::runtime()), threads: Some(1), ..OpenOptions::default() };
    Model::open_as_on_a_device(bytes, &options, half).unwrap()
}

fn refused(options: &str) -> (Status, String) {
    let mut options = OpenOptions::parse(options).unwrap();
    options.runtime = Some(common::runtime());
    let error = Model::open_memory(common::TINY, &options).map(|_| ()).unwrap_err();
    (error.status(), error.message().to_owned())
}

fn specimen(shape: Shape, greatest: f32) -> Vec<f32> {
    (0..shape.width * shape.height * shape.channels)
        .map(|i| {
            let (x, y) = ((i % shape.width) as f32, (i / shape.width) as f32);
            greatest * (0.4 + 0.3 * (0.21 * x).sin() * (0.13 * y).cos() + 0.29 * (0.9 * x + 1.3 * y).sin())
        })
        .collect()
}

#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn a_requested_device_that_is_missing_is_an_error() {
    for (device, provider) in [("cuda", "CUDAExecutionProvider"), ("cuda:2", "CUDAExecutionProvider")] {
        let (status, message) = refused(&format!("device={device}"));
        assert_eq!(status, Status::Device, "{message}");
        for part in [&format!("device={device}"), provider, "this ONNX Runtime (1.", "device=cpu", "It needs"] {
            assert!(message.contains(part), "no '{part}' in: {message}");
        }
    }
}

#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn without_cuda_auto_is_the_cpu() {
    let model = common::tiny("device=auto");
    let described = model.describe();
    assert_eq!((&described["device"], &described["device_requested"]), (&"cpu".into(), &"auto".into()));
    assert_eq!((&described["provider"], &described["precision"]), (&"CPUExecutionProvider".into(), &"fp32".into()));
    assert_eq!(described["warnings"], serde_json::json!([]), "a runtime without CUDA is nothing to warn about");
}

#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn half_precision_is_refused_on_the_cpu() {
    for options in ["precision=fp16", "precision=fp16 device=cpu"] {
        let (status, message) = refused(options);
        assert_eq!(status, Status::Unsupported, "{message}");
        assert!(message.contains("precision=fp16: the CPU computes in fp32"), "{message}");
    }
}

/// Largest difference between two frames, and the range of the first.
fn worst_and_range<T: Sample>(expected: &[T], found: &[T]) -> (f64, f64) {
    let values = expected.iter().map(|v| v.as_f64());
    let (least, most) = values.fold((f64::MAX, f64::MIN), |(least, most), v| (least.min(v), most.max(v)));
    let worst = expected.iter().zip(found).map(|(a, b)| (a.as_f64() - b.as_f64()).abs()).fold(0.0, f64::max);
    (worst, most - least)
}

fn compare<T: Sample>(cpu: &Model, other: &Model, data: &[T], shape: Shape, options: &str, half: bool) {
    let (expected, found) = (run(cpu, data, shape, options).unwrap(), run(other, data, shape, options).unwrap());
    let (worst, range) = worst_and_range(&expected, &found);
    // Half precision's own error, and the rounding to an integer.
    let limit = if half { 2e-3 * range + 1.0 } else { 0.0 };
    assert!(worst <= limit, "{shape} {options} half={half}: {worst} of {range}");
    assert!(expected != data || range == 0.0, "the test model changes everything");
}

#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn integers_and_half_precision_agree_with_the_cpu() {
    // The test model's random weights give a narrow range, too narrow for half precision, which needs the trained
    // model.
    for (bytes, half) in [(common::TINY, false), (parfocal::onnx::model_file::DEFAULT, true)] {
        let other = as_on_a_device(bytes, half);
        let options = OpenOptions { runtime: Some(common::runtime()), threads: Some(1), ..OpenOptions::default() };
        let cpu = Model::open_memory(bytes, &options).unwrap();
        assert_eq!(other.describe()["precision"], if half { "fp16" } else { "fp32" });
        for (width, height, channels, options) in [
            (97, 61, 1, ""),
            (16, 16, 1, ""),
            (3, 50, 1, ""),
            (64, 48, 3, ""),
            (80, 70, 1, "normalize=100:220"),
            (300, 90, 1, "tile=64 halo=16"),
        ] {
            let shape = Shape { channels, ..Shape::grey(width, height) };
            let u16s: Vec<u16> = specimen(shape, 65535.0).iter().map(|v| *v as u16).collect();
            let u8s: Vec<u8> = specimen(shape, 255.0).iter().map(|v| *v as u8).collect();
            compare(&cpu, &other, &u8s, shape, options, half);
            if !options.contains("normalize") {
                compare(&cpu, &other, &u16s, shape, options, half);
                compare(&cpu, &other, &specimen(shape, 4000.0), shape, options, half);
            }
            let constant = vec![77u16; width * height * channels];
            assert_eq!(run(&other, &constant, shape, options).unwrap(), constant);
        }
    }
}

#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn channels_that_do_not_fit_into_memory_run_one_by_one() {
    let path = common::runtime();
    let shape = Shape { channels: 3, ..Shape::grey(256, 256) };
    let data: Vec<u16> = specimen(shape, 60000.0).iter().map(|v| *v as u16).collect();
    // Room for one channel, not for two.
    let pixels = 256 * 256 * parfocal::onnx::model_file::inspect(common::TINY).unwrap().bytes_per_pixel;
    let memory_mib = (pixels * 3 / 2) >> 20;
    let options = OpenOptions { runtime: Some(path), threads: Some(1), memory_mib, ..OpenOptions::default() };
    let cpu = Model::open_memory(common::TINY, &options).unwrap();
    let other = Model::open_as_on_a_device(common::TINY, &options, false).unwrap();
    let runs = parfocal::restore::stack::runs_per_plane(&cpu, shape, &RunOptions::default()).unwrap();
    assert_eq!(runs, 3);
    compare(&cpu, &other, &data, shape, "", false);
}

#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn a_probe_that_is_not_finite_is_an_error() {
    // The model computes 1 / x, which is infinite for the probe's zeros, so no device passes the probe.
    let options = OpenOptions { runtime: Some(common::runtime()), ..OpenOptions::default() };
    let bytes = include_bytes!("models/inverse.onnx");
    let error = Model::open_as_on_a_device(bytes, &options, false).map(|_| ()).unwrap_err();
    assert_eq!(error.status(), Status::Device, "{error}");
}

#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn integer_results_saturate() {
    let other = as_on_a_device(include_bytes!("models/doubles.onnx"), false);
    let shape = Shape::grey(32, 32);
    let mut data = vec![100u16; 1024];
    data[5] = 65535;
    data[9] = 0;
    let restored = run(&other, &data, shape, "normalize=1000:40000").unwrap();
    assert_eq!((restored[5], restored[9], restored[6]), (65535, 0, 0));
}

/// Runs only under `cargo xtask test cuda`, which sets the variable and the runtime if CUDA works.
#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn cuda_agrees_with_the_cpu() {
    if std::env::var_os("PARFOCAL_TEST_CUDA").is_none() {
        eprintln!("skipped: no CUDA device (`cargo xtask test cuda` looks for one)");
        return;
    }
    let open = |text: &str| {
        let options = OpenOptions { runtime: Some(common::runtime()), ..OpenOptions::parse(text).unwrap() };
        Model::open(None, &options).unwrap()
    };
    let cpu = open("device=cpu");
    for options in ["device=cuda", "device=cuda precision=fp32"] {
        let cuda = open(options);
        let described = cuda.describe();
        assert_eq!(described["provider"], "CUDAExecutionProvider");
        println!("{options}: {} {}", described["precision"], described["warnings"]);
        for (shape, run_options) in [
            (Shape::grey(640, 512), ""),
            (Shape { channels: 3, ..Shape::grey(300, 200) }, ""),
            (Shape::grey(900, 500), "tile=256"),
        ] {
            let data: Vec<u16> = specimen(shape, 4000.0).iter().map(|v| *v as u16).collect();
            compare(&cpu, &cuda, &data, shape, run_options, true);
        }
        let shape = Shape::grey(2048, 2048);
        let data: Vec<u16> = specimen(shape, 4000.0).iter().map(|v| *v as u16).collect();
        run(&cuda, &data, shape, "").unwrap();
        let mut seconds: Vec<f64> = (0..9)
            .map(|_| {
                let started = std::time::Instant::now();
                run(&cuda, &data, shape, "").unwrap();
                started.elapsed().as_secs_f64()
            })
            .collect();
        seconds.sort_by(f64::total_cmp);
        println!("{options}: 2048x2048 u16, transfers included: {:.1} frames/s (median of 9)", 1.0 / seconds[4]);
    }
}
