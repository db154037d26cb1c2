//! What several test suites share.

use std::path::PathBuf;

use parfocal::options::OpenOptions;
use parfocal::pipeline::Model;

/// The test model: same interface as the released ones, random weights.
pub const TINY: &[u8] = include_bytes!("../models/tiny.onnx");

/// The runtime that tests use, or None with the reason printed; in CI its absence is a failure.
pub fn runtime() -> Option<PathBuf> {
    let named = std::env::var_os("PARFOCAL_ONNXRUNTIME").map(PathBuf::from);
    match named {
        Some(path) if path.is_file() => Some(path),
        missing => {
            let what = format!("no ONNX Runtime at {missing:?}; `cargo xtask setup` puts it there");
            assert!(std::env::var_os("CI").is_none(), "{what}");
            eprintln!("skipped: {what}");
            None
        }
    }
}

/// The test model opened with `options`.
#[allow(dead_code)]
pub fn tiny(options: &str) -> Option<Model> {
    let path = runtime()?;
    let mut options = OpenOptions::parse(options).unwrap();
    options.runtime = Some(path);
    Some(Model::open_memory(TINY, &options).unwrap())
}
