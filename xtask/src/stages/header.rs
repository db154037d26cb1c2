//! The test stage `header`: include/parfocal.h is what `src/` gives, and other languages can read it.

use std::fs;

use super::Outcome;
use crate::tools::python::Environment;
use crate::tools::{at, cargo, make_folder, read, root, run, target, Result};

pub fn check() -> Result<Outcome> {
    let committed = root().join("include/parfocal.h");
    let folder = target().join("header");
    make_folder(&folder)?;
    let made = folder.join("parfocal.h");
    let build = ["run", "--quiet", "--locked", "--manifest-path", "xtask/header/Cargo.toml", "--target-dir"];
    run(cargo().args(build).arg(target().join("header/build")).arg("--").arg(&made))?;
    if read(&made)? != read(&committed)? {
        if std::env::var_os("UPDATE_HEADER").is_none() {
            return Err("include/parfocal.h is not what src/ gives: run with UPDATE_HEADER=1 to write it".into());
        }
        fs::copy(&made, &committed).map_err(at(&committed))?;
    }
    run(Environment::Abi.command()?.arg("tests/abi/check_header.py").arg(&committed))?;
    Ok(Outcome::Passed)
}
