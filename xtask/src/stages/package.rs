//! The test stage `package`: the archive unpacked, moved and used as a stranger's machine would use it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::package::{checks, elf, pack, package, unpacked, Project, HERE, RUNTIME};
use crate::tools::python::Environment;
use crate::tools::runtime::sha256;
use crate::tools::{need, output, root, run, target, Result};

pub fn stage() -> Result<()> {
    if !HERE {
        println!("skipped: the archive is made on Linux on x86-64 only");
        return Ok(());
    }
    need(&[("cmake", "cmake"), ("pkg-config", "pkg-config")])?;
    let prefix = unpacked()?;
    checks::check_sums(&prefix)?;
    same_bytes(&prefix)?;
    refusals(&prefix)?;
    command(&prefix)?;
    library(&prefix)?;
    versions(&prefix)
}

/// Packed again from the unpacked and moved copy, whose times and owner are others.
fn same_bytes(prefix: &Path) -> Result<()> {
    let again = target().join("package/again.tar.gz");
    pack(prefix, &again)?;
    let (first, second) = (sha256(&package()?)?, sha256(&again)?);
    fs::remove_file(&again).map_err(|e| format!("{}: {e}", again.display()))?;
    if first == second {
        return Ok(());
    }
    Err(format!("packing the same files twice gives {first} and {second}"))
}

/// The checks that made the archive do refuse: a changed file, and a library that is linked for this machine.
fn refusals(prefix: &Path) -> Result<()> {
    let header = prefix.join("include/parfocal.h");
    let kept = fs::read(&header).map_err(|e| format!("{}: {e}", header.display()))?;
    let changed = [&kept[..], b"\n"].concat();
    fs::write(&header, changed).map_err(|e| format!("{}: {e}", header.display()))?;
    let seen = checks::check_sums(prefix).is_err();
    fs::write(&header, kept).map_err(|e| format!("{}: {e}", header.display()))?;
    if !seen {
        return Err("SHA256SUMS did not tell that a file had changed".into());
    }
    // The task runner itself is linked as everything on this machine is.
    let program = std::env::current_exe().map_err(|e| format!("where is the task runner? ({e})"))?;
    let beyond = elf::read(&program)?.beyond(&[("GLIBC", "2.2.5")]);
    if beyond.is_empty() {
        return Err(format!("{}: no symbol above GLIBC 2.2.5; readelf's listing is not understood", program.display()));
    }
    Ok(())
}

/// What `doctor` tells must be well, and the runtime that of the copy.
fn well(report: &str, prefix: &Path) -> Result<()> {
    let found: Value = serde_json::from_str(report).map_err(|e| format!("doctor: {e}: {report}"))?;
    let runtime = prefix.join("lib").join(RUNTIME).canonicalize().map_err(|e| format!("{RUNTIME}: {e}"))?;
    if found["ok"] == true && found["runtime_path"] == runtime.display().to_string() && found["model"].is_object() {
        return Ok(());
    }
    Err(format!("doctor: expected all to be well and the runtime {}; it tells {report}", runtime.display()))
}

/// The command in an empty environment, and by a relative path.
fn command(prefix: &Path) -> Result<()> {
    for program in [prefix.join("bin/parfocal"), PathBuf::from("bin/parfocal")] {
        let report = output(Command::new(&program).args(["doctor", "--json"]).env_clear().current_dir(prefix))?;
        well(&report, prefix)?;
    }
    Ok(())
}

/// The library in a process that is not ours, loaded by a relative path, in an empty environment, from another folder.
fn library(prefix: &Path) -> Result<()> {
    const HOST: &str = "
import ctypes, os
library = ctypes.CDLL('lib/libparfocal.so')
os.chdir('/')
length = ctypes.c_uint64()
assert library.parfocal_doctor(None, ctypes.c_uint64(0), ctypes.byref(length)) == 0
text = ctypes.create_string_buffer(length.value)
assert library.parfocal_doctor(text, length, ctypes.byref(length)) == 0
print(text.value.decode())
";
    let interpreter = Environment::Package.interpreter()?;
    let report = output(Command::new(interpreter).args(["-c", HOST]).env_clear().current_dir(prefix))?;
    well(&report, prefix)
}

/// What tells builders a version tells Cargo.toml's; CMake takes it for what it is; pkg-config finds what was moved.
fn versions(prefix: &Path) -> Result<()> {
    let version = Project::read()?.version;
    let expect = |what: &str, found: &str, expected: &str| {
        (found == expected).then_some(()).ok_or(format!("{what}: '{found}'; expected '{expected}' by Cargo.toml"))
    };
    let command = output(Command::new(prefix.join("bin/parfocal")).arg("--version"))?;
    expect("bin/parfocal --version", command.trim(), &format!("parfocal {version}"))?;
    let folder = prefix.join("lib/pkgconfig");
    let asked = |what| output(Command::new("pkg-config").args([what, "parfocal"]).env("PKG_CONFIG_PATH", &folder));
    expect("parfocal.pc", asked("--modversion")?.trim(), &version)?;
    for (flag, letters, file) in [("--cflags-only-I", "-I", "parfocal.h"), ("--libs-only-L", "-L", "libparfocal.so")] {
        let printed = asked(flag)?;
        // As for a shell: spaces in the path are escaped.
        let path = printed.trim().trim_start_matches(letters).replace("\\ ", " ");
        if !Path::new(&path).join(file).is_file() {
            return Err(format!("pkg-config {flag}: {}; expected the folder of {file}", printed.trim()));
        }
    }
    run(Command::new("cmake")
        .arg(format!("-DFILE={}", prefix.join("lib/cmake/Parfocal/ParfocalConfigVersion.cmake").display()))
        .arg(format!("-DVERSION={version}"))
        .arg("-P")
        .arg(root().join("xtask/package/version_test.cmake")))
}
