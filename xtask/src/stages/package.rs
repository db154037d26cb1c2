//! The test stage `package`: the archive unpacked, moved and used as on a stranger's machine.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{skip, Outcome};
use crate::package::{checks, elf, pack, package, unpacked, Project, HERE, RUNTIME};
use crate::tools::hash::sha256;
use crate::tools::machine::need;
use crate::tools::python::Environment;
use crate::tools::{at, cmd, in_folder, output, read, root, run, shell, target, Result};

pub fn check() -> Result<Outcome> {
    if !HERE {
        return skip("the archive is made on Linux on x86-64 only");
    }
    need(&[("cmake", "cmake"), ("pkg-config", "pkg-config")])?;
    let prefix = unpacked()?;
    checks::check_sums(&prefix)?;
    same_bytes(&prefix)?;
    refusals(&prefix)?;
    command(&prefix)?;
    library(&prefix)?;
    versions(&prefix)?;
    Ok(Outcome::Passed)
}

/// Packed again from the unpacked and moved copy, whose times and owner are others.
fn same_bytes(prefix: &Path) -> Result<()> {
    let again = target().join("package/again.tar.gz");
    pack(prefix, &again)?;
    let (first, second) = (sha256(&package()?)?, sha256(&again)?);
    fs::remove_file(&again).map_err(at(&again))?;
    if first == second {
        return Ok(());
    }
    Err(format!("packing the same files twice gives {first} and {second}"))
}

/// The checks that the archive passed refuse a changed file, and a program that is linked for this machine.
fn refusals(prefix: &Path) -> Result<()> {
    let header = prefix.join("include/parfocal.h");
    let kept = read(&header)?;
    let changed = [&kept[..], b"\n"].concat();
    fs::write(&header, changed).map_err(at(&header))?;
    let seen = checks::check_sums(prefix).is_err();
    fs::write(&header, kept).map_err(at(&header))?;
    if !seen {
        return Err("a file was changed, and the check of SHA256SUMS passed".into());
    }
    // The task runner is linked for this machine.
    let program = Path::new("/proc/self/exe");
    let beyond = elf::read(program)?.beyond(&[("GLIBC", "2.2.5")]);
    if beyond.is_empty() {
        return Err(format!("{}: no symbol above GLIBC 2.2.5; its versions are not read", program.display()));
    }
    Ok(())
}

/// `doctor` must find nothing wrong, and the runtime of the copy.
fn well(report: &str, prefix: &Path) -> Result<()> {
    let found: Value = serde_json::from_str(report).map_err(|e| format!("doctor: {e}: {report}"))?;
    let runtime = prefix.join("lib").join(RUNTIME).canonicalize().map_err(|e| format!("{RUNTIME}: {e}"))?;
    if found["ok"] == true && found["runtime_path"] == runtime.display().to_string() && found["model"].is_object() {
        return Ok(());
    }
    Err(format!("doctor: expected ok and the runtime {}; it reports {report}", runtime.display()))
}

/// Runs the command in an empty environment, by its whole path and by a relative one.
fn command(prefix: &Path) -> Result<()> {
    for program in [prefix.join("bin/parfocal"), PathBuf::from("bin/parfocal")] {
        let report = output(in_folder(shell().cmd(&program).args(["doctor", "--json"]).env_clear(), prefix))?;
        well(&report, prefix)?;
    }
    Ok(())
}

/// Loads the library into another program by a relative path, in an empty environment, and leaves the folder.
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
    let report = output(in_folder(cmd!("{interpreter} -c {HOST}").env_clear(), prefix))?;
    well(&report, prefix)
}

/// The command, pkg-config and CMake name the version of Cargo.toml; pkg-config finds the moved files.
fn versions(prefix: &Path) -> Result<()> {
    let version = Project::read()?.version;
    let expect = |what: &str, found: &str, expected: &str| {
        (found == expected).then_some(()).ok_or(format!("{what}: '{found}'; expected '{expected}' by Cargo.toml"))
    };
    let command = output(shell().cmd(prefix.join("bin/parfocal")).arg("--version"))?;
    expect("bin/parfocal --version", command.trim(), &format!("parfocal {version}"))?;
    let folder = prefix.join("lib/pkgconfig");
    let asked = |what: &str| output(cmd!("pkg-config {what} parfocal").env("PKG_CONFIG_PATH", &folder));
    expect("parfocal.pc", asked("--modversion")?.trim(), &version)?;
    for (flag, letters, file) in [("--cflags-only-I", "-I", "parfocal.h"), ("--libs-only-L", "-L", "libparfocal.so")] {
        let printed = asked(flag)?;
        // As for a shell: spaces in the path are escaped.
        let path = printed.trim().trim_start_matches(letters).replace("\\ ", " ");
        if !Path::new(&path).join(file).is_file() {
            return Err(format!("pkg-config {flag}: {}; expected the folder of {file}", printed.trim()));
        }
    }
    let file = format!("-DFILE={}", prefix.join("lib/cmake/Parfocal/ParfocalConfigVersion.cmake").display());
    let version = format!("-DVERSION={version}");
    let script = root().join("xtask/package/version_test.cmake");
    run(cmd!("cmake {file} {version} -P {script}"))
}
