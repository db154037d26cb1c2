//! `cargo xtask test micromanager` and `bench micromanager`: the packaged device adapter in Micro-Manager's real core, with a simulated camera.

use std::fs;
use std::path::PathBuf;

use crate::demo;
use crate::package::micromanager::{build, installed, micromanager, mmdevice};
use crate::package::{soname, HERE};
use crate::python::Environment;
use crate::tools::{check_machine, run, target, Result};

/// `cargo xtask package micromanager`.
pub fn package() -> Result<()> {
    check_machine()?;
    micromanager().map(|_| ())
}

pub fn stage() -> Result<()> {
    if !HERE {
        println!("skipped: the package for Micro-Manager is made on Linux on x86-64 only");
        return Ok(());
    }
    run(Environment::Micromanager
        .command()?
        .args(["-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/micromanager"])
        .env("PARFOCAL_COMMAND", demo::build()?)
        .env("PARFOCAL_OLD_ADAPTER", other_interface()?)
        .env("PARFOCAL_ADAPTER", installed()?)
        .env_remove("PARFOCAL_ONNXRUNTIME"))
}

/// The adapter as it would be for another Micro-Manager: MMDevice with another number.
fn other_interface() -> Result<PathBuf> {
    let (from, to) = (mmdevice()?, target().join("package/micromanager other"));
    let fail = |path: &PathBuf, e: std::io::Error| format!("{}: {e}", path.display());
    if to.exists() {
        fs::remove_dir_all(&to).map_err(|e| fail(&to, e))?;
    }
    let sources = to.join("mmdevice");
    fs::create_dir_all(&sources).map_err(|e| fail(&sources, e))?;
    for entry in fs::read_dir(&from).map_err(|e| fail(&from, e))? {
        let file = entry.map_err(|e| fail(&from, e))?.path();
        if file.is_dir() {
            // nlohmann/json, which the archive's sources bring themselves.
            continue;
        }
        let mut text = fs::read(&file).map_err(|e| fail(&file, e))?;
        if file.ends_with("MMDevice.h") {
            let (number, other) = ("DEVICE_INTERFACE_VERSION 75", "DEVICE_INTERFACE_VERSION 74");
            let changed = String::from_utf8_lossy(&text).replace(number, other);
            if !changed.contains(other) {
                return Err(format!("{}: has no '#define {number}'", file.display()));
            }
            text = changed.into_bytes();
        }
        let copy = sources.join(file.file_name().unwrap_or_default());
        fs::write(&copy, text).map_err(|e| fail(&copy, e))?;
    }
    // From what is in the archive, as its users would.
    let adapter = build("other", &installed()?.join("source"), &sources)?;
    let folder = to.join("adapter");
    fs::create_dir_all(&folder).map_err(|e| fail(&folder, e))?;
    let library = soname()?;
    for (source, name) in [(adapter, "libmmgr_dal_Parfocal.so.0"), (installed()?.join(&library), library.as_str())] {
        fs::copy(&source, folder.join(name)).map_err(|e| fail(&source, e))?;
    }
    Ok(folder)
}

/// Frames a second with and without the adapter. There is no limit: the figures are to be compared.
pub fn bench() -> Result<()> {
    if !HERE {
        println!("micromanager: skipped: the package is made on Linux on x86-64 only");
        return Ok(());
    }
    run(Environment::Micromanager
        .command()?
        .arg("tests/micromanager/bench.py")
        .env("PARFOCAL_ADAPTER", installed()?)
        .env_remove("PARFOCAL_ONNXRUNTIME"))
}
