//! The release build of the command `parfocal`, which the demo and the Python tests run.

use std::path::PathBuf;
use std::sync::OnceLock;

use super::{cargo, run, runtime, say, target, Result};

/// Builds it and puts ONNX Runtime beside it. Once in a run of the task runner.
pub fn command() -> Result<PathBuf> {
    static DONE: OnceLock<Result<PathBuf>> = OnceLock::new();
    DONE.get_or_init(build).clone()
}

fn build() -> Result<PathBuf> {
    runtime::install()?;
    say!("building the command (release)");
    run(cargo().args(["build", "--release", "--quiet", "--package", "parfocal", "--bin", "parfocal"]))?;
    Ok(target().join("release").join(format!("parfocal{}", std::env::consts::EXE_SUFFIX)))
}
