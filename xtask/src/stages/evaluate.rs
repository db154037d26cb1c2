//! The test stage `evaluate`: the released model on real focal stacks, which are no part of the repository.

use std::env;
use std::path::PathBuf;

use super::{pytest::pytest, skip, Outcome};
use crate::tools::python::Environment;
use crate::tools::{root, run, Result};

pub fn check() -> Result<Outcome> {
    let folder = env::var_os("PARFOCAL_DATA").map_or_else(|| root().join("../shared/data"), PathBuf::from);
    if !folder.join("eval").is_dir() {
        return skip(format!("no data at {}: set PARFOCAL_DATA", folder.display()));
    }
    run(pytest(Environment::Training, "training/acceptance")?)?;
    Ok(Outcome::Passed)
}
