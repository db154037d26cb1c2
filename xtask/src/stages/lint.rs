//! The test stage `lint`: clippy and ruff, with warnings as errors, and the lengths of functions and lines.

mod lengths;

use super::Outcome;
use crate::tools::python::Environment;
use crate::tools::{cargo, run, shell, target, Result};

/// Of clippy's arguments, the last.
const STRICT: &[&str] = &["--all-targets", "--", "-D", "warnings"];

pub fn check() -> Result<Outcome> {
    let wrong = lengths::too_long()?;
    if !wrong.is_empty() {
        return Err(format!("too long:\n  {}", wrong.join("\n  ")));
    }
    run(shell().cmd(Environment::Lint.program("ruff")?).args(["check", "--quiet"]))?;
    let header = ["--locked", "--manifest-path", "xtask/header/Cargo.toml", "--target-dir"];
    run(cargo().args(["clippy", "--quiet"]).args(header).arg(target().join("header/build")).args(STRICT))?;
    run(cargo().args(["clippy", "--quiet", "--workspace"]).args(STRICT))?;
    Ok(Outcome::Passed)
}
