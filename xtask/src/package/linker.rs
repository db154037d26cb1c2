//! The library and the command, linked for an old glibc by the linker of PyPI's `ziglang`.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use super::{Project, GLIBC, TARGET};
use crate::tools::python::Environment;
use crate::tools::{at, cache, cargo, make_folder, output, root, run, say, shell, target, Result};

pub struct Built {
    pub library: PathBuf,
    pub command: PathBuf,
    /// The folder of the linker with its licence texts: its own code is linked in.
    pub zig: PathBuf,
}

/// Builds both for release, in an output folder of their own.
pub fn build(project: &Project) -> Result<Built> {
    let zig = zig()?;
    let folder = target().join("package");
    make_folder(&folder)?;
    let linker = wrapper(&folder, &zig, "cc")?;
    let out = folder.join("build");
    say!("building the library and the command for glibc {GLIBC}");
    run(cargo()
        .args(["build", "--release", "--quiet", "--locked", "--package", "parfocal", "--lib", "--bin", "parfocal"])
        .args(["--target", TARGET])
        .env("CARGO_TARGET_DIR", &out)
        .env(format!("CARGO_TARGET_{}_LINKER", TARGET.replace('-', "_").to_uppercase()), linker)
        .env("CARGO_ENCODED_RUSTFLAGS", flags(project, &out)?)
        // Names stay for the backtraces of panics; lines and types would be most of the file.
        .env("CARGO_PROFILE_RELEASE_DEBUG", "false")
        .env("CARGO_PROFILE_RELEASE_STRIP", "debuginfo"))?;
    let release = out.join(TARGET).join("release");
    Ok(Built { library: release.join("libparfocal.so"), command: release.join("parfocal"), zig })
}

/// The folder of the package `ziglang`.
pub fn zig() -> Result<PathBuf> {
    let print = "import os, ziglang; print(os.path.dirname(ziglang.__file__))";
    let folder = output(Environment::Package.command()?.args(["-c", print]))?;
    Ok(PathBuf::from(folder.trim()))
}

/// A compiler for `cc` or `c++` that aims at the same glibc; it links in a C++ library of its own.
pub fn compiler(language: &str) -> Result<PathBuf> {
    let folder = target().join("package");
    make_folder(&folder)?;
    wrapper(&folder, &zig()?, language)
}

/// A script for cargo and CMake, which take one file name, while the linker needs words before its arguments.
fn wrapper(folder: &Path, zig: &Path, language: &str) -> Result<PathBuf> {
    let quoted = |path: &Path| format!("'{}'", path.display().to_string().replace('\'', r"'\''"));
    let kept = quoted(&cache()?.join("zig"));
    let text = format!(
        "#!/bin/sh\nexport ZIG_GLOBAL_CACHE_DIR={kept} ZIG_LOCAL_CACHE_DIR={kept}\nexec {} {language} -target \
         x86_64-linux-gnu.{GLIBC} \"$@\"\n",
        quoted(&zig.join("zig"))
    );
    let path = folder.join(language);
    // A file that is being run cannot be written.
    if fs::read_to_string(&path).is_ok_and(|old| old == text) {
        return Ok(path);
    }
    fs::write(&path, text).map_err(at(&path))?;
    super::permit(&path, 0o755)?;
    Ok(path)
}

/// Source paths in panic messages say where in the project or crate, not where on the machine that built it.
fn flags(project: &Project, out: &Path) -> Result<String> {
    // The last that fits counts: the folders inside others come after these.
    let mut names = vec![(root(), "parfocal".to_owned()), (out.to_owned(), "build".to_owned())];
    names.extend(project.registries().into_iter().map(|folder| (folder, "crates".to_owned())));
    names.push((sysroot()?.join("lib/rustlib/src/rust"), "rust".to_owned()));
    let flag = |(from, to): (PathBuf, String)| format!("--remap-path-prefix={}={to}", from.display());
    Ok(names.into_iter().map(flag).collect::<Vec<_>>().join("\x1f"))
}

/// The folder of the Rust toolchain in use.
pub fn sysroot() -> Result<PathBuf> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let folder = output(shell().cmd(rustc).args(["--print", "sysroot"]))?;
    Ok(PathBuf::from(folder.trim()))
}
