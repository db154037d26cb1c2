//! Shared by several test suites.

use std::path::PathBuf;

use parfocal::restore::model::Model;
use parfocal::restore::options::OpenOptions;

/// The test model: same interface as the released ones, random weights.
pub const TINY: &[u8] = include_bytes!("../models/tiny.onnx");

/// The runtime that tests use. Without one, tests that need it are ignored (`no_runtime`, set by build.rs); in CI that
/// is a failure (`tests/release.rs`).
pub fn runtime() -> PathBuf {
    std::env::var_os("PARFOCAL_ONNXRUNTIME").expect("`cargo xtask setup` installs it").into()
}

/// The test model opened with `options`.
#[allow(dead_code)]
pub fn tiny(options: &str) -> Model {
    let mut options = OpenOptions::parse(options).unwrap();
    options.runtime = Some(runtime());
    Model::open_memory(TINY, &options).unwrap()
}
