//! The test stage `rust`: unit, property, documentation and command tests of the workspace.

use super::Outcome;
use crate::tools::{cargo, run, Result};

pub fn check() -> Result<Outcome> {
    run(cargo().args(["test", "--workspace"]))?;
    Ok(Outcome::Passed)
}
