//! The library and the command, linked for an old glibc by the linker of PyPI's `ziglang`.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use super::{Project, GLIBC, TARGET};
use crate::tools::python::Environment;
use crate::tools::{cache, cargo, output, root, run, target, Result};

pub struct Built {
    pub library: PathBuf,
    pub command: PathBuf,
    /// Of the linker, whose own code is linked in: the folder with its licence texts.
    pub zig: PathBuf,
}

/// Release builds in an output folder of their own, so that others stay as they are.
pub fn build(project: &Project) -> Result<Built> {
    let zig = zig()?;
    let folder = target().join("package");
    fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let linker = wrapper(&folder, &zig, "cc")?;
    let out = folder.join("build");
    eprintln!("xtask: building the library and the command for glibc {GLIBC}");
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

/// The same as a compiler for `cc` or `c++`, which links in a C++ library of its own.
pub fn compiler(language: &str) -> Result<PathBuf> {
    let folder = target().join("package");
    fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    wrapper(&folder, &zig()?, language)
}

/// What cargo and CMake are given as a linker and a compiler: they take one file name, and these need words before the arguments.
fn wrapper(folder: &Path, zig: &Path, language: &str) -> Result<PathBuf> {
    let quoted = |path: &Path| format!("'{}'", path.display().to_string().replace('\'', r"'\''"));
    let kept = quoted(&cache()?.join("zig"));
    let text = format!(
        "#!/bin/sh\nexport ZIG_GLOBAL_CACHE_DIR={kept} ZIG_LOCAL_CACHE_DIR={kept}\nexec {} {language} -target \
         x86_64-linux-gnu.{GLIBC} \"$@\"\n",
        quoted(&zig.join("zig"))
    );
    let path = folder.join(language);
    // Cargo does not link anew because of it, but a file that is being run cannot be written.
    if fs::read_to_string(&path).is_ok_and(|old| old == text) {
        return Ok(path);
    }
    fs::write(&path, text).map_err(|e| format!("{}: {e}", path.display()))?;
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
    let folder = output(std::process::Command::new(rustc).current_dir(root()).args(["--print", "sysroot"]))?;
    Ok(PathBuf::from(folder.trim()))
}
