//! Shared by several test suites.

use std::path::PathBuf;

use parfocal::error::Result;
use parfocal::image::frame::{InPlace, Shape};
use parfocal::restore::model::Model;
use parfocal::restore::options::{OpenOptions, RunOptions};
use parfocal::restore::report::Report;
use parfocal::restore::stack::restore;
use parfocal::task::Task;

/// The test model: same interface as the released ones, random weights.
pub const TINY: &[u8] = include_bytes!("../models/tiny.onnx");

/// The runtime that tests use. Without one, tests that need it are ignored (`no_runtime`, set by build.rs); in CI that
/// is a failure (`tests/release.rs`).
pub fn runtime() -> PathBuf {
    std::env::var_os("PARFOCAL_ONNXRUNTIME").expect("`cargo xtask setup` installs it").into()
}

/// The test model of format 2 (tests/models/make_models.py says what it computes).
#[allow(dead_code)]
pub const TOLD: &[u8] = include_bytes!("../models/told.onnx");

/// The test model opened with `options`.
#[allow(dead_code)]
pub fn tiny(options: &str) -> Model {
    open(TINY, options)
}

/// A model opened with `options`.
#[allow(dead_code)]
pub fn open(bytes: &[u8], options: &str) -> Model {
    let mut options = OpenOptions::parse(options).unwrap();
    options.runtime = Some(runtime());
    Model::open_memory(bytes, &options).unwrap()
}

/// A ramp from 0 to 1000 over all samples, so that the range is known.
#[allow(dead_code)]
pub fn ramp(shape: Shape) -> Vec<f32> {
    let count = shape.samples();
    (0..count).map(|i| 1000.0 * i as f32 / (count - 1) as f32).collect()
}

/// A restored copy of packed pixels, and the report.
#[allow(dead_code)]
pub fn run(model: &Model, data: &[f32], shape: Shape, options: &str) -> Result<(Vec<f32>, Report)> {
    let mut out = data.to_vec();
    let mut planes = InPlace::new(&mut out, shape, None)?;
    let report = restore(model, &Task::new(), &mut planes, &RunOptions::parse(options)?)?;
    Ok((out, report))
}
