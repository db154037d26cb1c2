//! What MATLAB and Octave get in the archive: +parfocal, its examples, and the thunks that MATLAB needs, built.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{checks, copy, files, linker, permit};
use crate::tools::{root, run, Result};

const ENDINGS: &[&str] = &["m", "c", "md"];
/// By the name that MATLAB's computer('arch') gives Linux on x86-64.
pub const THUNK: &str = "parfocal_thunk_glnxa64.so";

/// Where it lies in the archive.
pub fn folder(tree: &Path) -> PathBuf {
    tree.join("share/parfocal/matlab")
}

pub fn lay_out(tree: &Path) -> Result<()> {
    let (from, to) = (root().join("bindings/matlab"), folder(tree));
    for file in checks::walk(&from)? {
        if file.extension().is_some_and(|ending| ENDINGS.iter().any(|known| ending == *known)) {
            let name = file.strip_prefix(&from).map_err(|e| format!("{}: {e}", file.display()))?;
            copy(&file, &to.join(name))?;
        }
    }
    if files(&to)?.is_empty() {
        return Err(format!("{}: nothing for MATLAB there", from.display()));
    }
    let thunk = to.join(THUNK);
    // By names without a folder: none may stand in the file.
    run(Command::new(linker::compiler("cc")?)
        .args(["-std=c99", "-Wall", "-Wextra", "-Werror", "-O2", "-g0", "-fno-sanitize=all", "-shared", "-fPIC", "-s"])
        .args(["-o", THUNK, "parfocal_thunk.c"])
        .current_dir(&to))?;
    permit(&thunk, 0o755)
}
