//! The test stage `lint`: clippy and ruff, with warnings as errors, and the lengths of functions and lines.

mod lengths;

use super::Outcome;
use crate::tools::python::Environment;
use crate::tools::{cargo, run, shell, Result};

pub fn check() -> Result<Outcome> {
    let wrong = lengths::too_long()?;
    if !wrong.is_empty() {
        return Err(format!("too long:\n  {}", wrong.join("\n  ")));
    }
    run(shell().cmd(Environment::Lint.program("ruff")?).args(["check", "--quiet"]))?;
    run(cargo().args(["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    Ok(Outcome::Passed)
}
