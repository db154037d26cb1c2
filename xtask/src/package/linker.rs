//! The library and the command, linked for an old glibc by the linker of PyPI's `ziglang`.

use std::env;
use std::path::{Path, PathBuf};

use super::{Project, GLIBC, TARGET};
use crate::tools::hash::hex_sha256;
use crate::tools::python::Environment;
use crate::tools::{cache, cargo, lock, output, run, say, shell, target, Result};

pub struct Built {
    pub library: PathBuf,
    pub command: PathBuf,
    /// The folder of the linker with its licence texts: its own code is linked in.
    pub zig: PathBuf,
}

/// Builds both for release, in an output folder of their own.
pub fn build(project: &Project) -> Result<Built> {
    let zig = zig()?;
    let linker = compiler("cc")?;
    let out = target().join("package/build");
    say!("building the library and the command for glibc {GLIBC}");
    run(cargo()
        .args(["build", "--release", "--quiet", "--locked", "--package", "parfocal", "--lib", "--bin", "parfocal"])
        .args(["--target", TARGET])
        .env("CARGO_TARGET_DIR", &out)
        .env(format!("CARGO_TARGET_{}_LINKER", TARGET.replace('-', "_").to_uppercase()), linker)
        .env("CARGO_ENCODED_RUSTFLAGS", flags(project)?)
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
///
/// It is a script, since cargo and CMake take one file name, and in the cache, since cargo builds everything again when
/// the linker's path changes.
pub fn compiler(language: &str) -> Result<PathBuf> {
    let quoted = |path: &Path| format!("'{}'", path.display().to_string().replace('\'', r"'\''"));
    let kept = quoted(&cache()?.join("zig"));
    let text = format!(
        "#!/bin/sh\nexport ZIG_GLOBAL_CACHE_DIR={kept} ZIG_LOCAL_CACHE_DIR={kept}\nexec {} {language} -target \
         x86_64-linux-gnu.{GLIBC} \"$@\"\n",
        quoted(&zig()?.join("zig"))
    );
    let path = cache()?.join(format!("linker-{}", &hex_sha256(text.as_bytes())[..12])).join(language);
    let _lock = lock("linker")?;
    // A file that is being run cannot be written.
    if !path.is_file() {
        super::write(&path, &text)?;
        super::permit(&path, 0o755)?;
    }
    Ok(path)
}

/// Source paths in panic messages name the file in its crate, not on the machine that built it.
///
/// Nothing here depends on the checkout, whose own files cargo names by relative paths: cargo builds everything again
/// when a flag changes.
fn flags(project: &Project) -> Result<String> {
    // The last that fits counts: the folders inside others come after these.
    let mut names: Vec<_> = project.registries().into_iter().map(|folder| (folder, "crates")).collect();
    names.push((sysroot()?.join("lib/rustlib/src/rust"), "rust"));
    let flag = |(from, to): (PathBuf, &str)| format!("--remap-path-prefix={}={to}", from.display());
    Ok(names.into_iter().map(flag).collect::<Vec<_>>().join("\x1f"))
}

/// The folder of the Rust toolchain in use.
pub fn sysroot() -> Result<PathBuf> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let folder = output(shell().cmd(rustc).args(["--print", "sysroot"]))?;
    Ok(PathBuf::from(folder.trim()))
}
