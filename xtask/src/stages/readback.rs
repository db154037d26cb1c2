//! The test stage `readback`: other software reads the files that the command writes.

use super::{pytest::pytest, Outcome};
use crate::tools::python::Environment;
use crate::tools::{run, Result};

pub fn check() -> Result<Outcome> {
    run(pytest(Environment::Light, "tests/readback")?)?;
    Ok(Outcome::Passed)
}
