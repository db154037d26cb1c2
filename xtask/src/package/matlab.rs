//! What the archive has for MATLAB and Octave: +parfocal, its examples, and the compiled thunks that MATLAB needs.

use std::path::{Path, PathBuf};

use super::{copy, linker, permit};
use crate::tools::{cmd, files, in_folder, root, run, walk, Result};

const ENDINGS: &[&str] = &["m", "c", "md"];
/// Named after Linux on x86-64 in MATLAB's computer('arch').
pub const THUNK: &str = "parfocal_thunk_glnxa64.so";

/// Where it lies in the archive.
pub fn folder(tree: &Path) -> PathBuf {
    tree.join("share/parfocal/matlab")
}

pub fn lay_out(tree: &Path) -> Result<()> {
    let (from, to) = (root().join("bindings/matlab"), folder(tree));
    for file in walk(&from)? {
        if file.extension().is_some_and(|ending| ENDINGS.iter().any(|known| ending == *known)) {
            let name = file.strip_prefix(&from).map_err(|e| format!("{}: {e}", file.display()))?;
            copy(&file, &to.join(name))?;
        }
    }
    if files(&to)?.is_empty() {
        return Err(format!("{}: nothing for MATLAB there", from.display()));
    }
    let thunk = to.join(THUNK);
    // File names without folders: none may end up in the library.
    let compiler = linker::compiler("cc")?;
    let strict = ["-std=c99", "-Wall", "-Wextra", "-Werror"];
    let how = ["-O2", "-g0", "-fno-sanitize=all", "-shared", "-fPIC", "-s"];
    run(in_folder(cmd!("{compiler} {strict...} {how...} -o {THUNK} parfocal_thunk.c"), &to))?;
    permit(&thunk, 0o755)
}
