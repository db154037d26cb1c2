//! The test stage `training`: what PyTorch trains and exports, and what bioimage.io's validator says of it.

use super::{pytest::pytest, Outcome};
use crate::tools::python::Environment;
use crate::tools::{run, Result};

pub fn check() -> Result<Outcome> {
    run(pytest(Environment::Training, "training/tests")?)?;
    run(pytest(Environment::Bioimage, "tests/bioimage")?)?;
    Ok(Outcome::Passed)
}
