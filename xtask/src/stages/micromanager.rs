//! The test stage `micromanager`, and its bench: the packaged device adapter in Micro-Manager's core.

use std::fs;
use std::path::PathBuf;

use super::{skip, Outcome};
use crate::package::micromanager::{build, installed, micromanager, mmdevice};
use crate::package::{soname, HERE};
use crate::tools::machine::{self, check_machine, LOCALES};
use crate::tools::python::Environment;
use crate::tools::{at, empty_folder, files, make_folder, read, release, run, target, Result};

/// `cargo xtask package micromanager`.
pub fn package() -> Result<()> {
    check_machine()?;
    micromanager().map(drop)
}

pub fn check() -> Result<Outcome> {
    if !HERE {
        return skip("the package for Micro-Manager is made on Linux on x86-64 only");
    }
    let without_locale = machine::missing(&[LOCALES])?;
    run(Environment::Micromanager
        .command()?
        .args(["-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/micromanager"])
        .env("PARFOCAL_COMMAND", release::command()?)
        .env("PARFOCAL_OLD_ADAPTER", other_interface()?)
        .env("PARFOCAL_ADAPTER", installed()?)
        .env_remove("PARFOCAL_ONNXRUNTIME"))?;
    match without_locale {
        Some(reason) => skip(format!("no host with a decimal comma: {reason}")),
        None => Ok(Outcome::Passed),
    }
}

/// Builds the adapter for another Micro-Manager: MMDevice with another interface number.
fn other_interface() -> Result<PathBuf> {
    let (from, to) = (mmdevice()?, target().join("package/micromanager other"));
    empty_folder(&to)?;
    let sources = to.join("mmdevice");
    make_folder(&sources)?;
    // Only files: in the folder of nlohmann/json is what the archive's sources bring themselves.
    for file in files(&from)? {
        let mut text = read(&file)?;
        if file.ends_with("MMDevice.h") {
            let (number, other) = ("DEVICE_INTERFACE_VERSION 75", "DEVICE_INTERFACE_VERSION 74");
            let changed = String::from_utf8_lossy(&text).replace(number, other);
            if !changed.contains(other) {
                return Err(format!("{}: has no '#define {number}'", file.display()));
            }
            text = changed.into_bytes();
        }
        let copy = sources.join(file.file_name().unwrap_or_default());
        fs::write(&copy, text).map_err(at(&copy))?;
    }
    // From the sources in the archive, as its users would.
    let adapter = build("other", &installed()?.join("source"), &sources)?;
    let folder = to.join("adapter");
    make_folder(&folder)?;
    let library = soname()?;
    for (source, name) in [(adapter, "libmmgr_dal_Parfocal.so.0"), (installed()?.join(&library), library.as_str())] {
        fs::copy(&source, folder.join(name)).map_err(at(&source))?;
    }
    Ok(folder)
}

/// Prints frames a second with and without the adapter. There is no limit: people compare the figures.
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
