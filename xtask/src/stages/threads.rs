//! The test stage `threads`: models of what several threads share, in every order of their steps (loom).

use super::Outcome;
use crate::tools::{cargo, run, target, Result};

pub fn check() -> Result<Outcome> {
    let manifest = ["--manifest-path", "tests/threads/Cargo.toml"];
    let build = ["run", "--quiet", "--locked", "--release"];
    run(cargo().args(build).args(manifest).arg("--target-dir").arg(target().join("threads")))?;
    Ok(Outcome::Passed)
}
