//! `cargo xtask package micromanager`: the device adapter with its library in target/dist/micromanager, as one archive; docs/packaging.md.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::{checks, clear, copy, elf, files, package, program, unpacked, write, Project, HERE, RUNTIME};
use crate::python::Environment;
use crate::tools::{cache, lock, need, root, run, shown, target, Result};

/// The device interface of the MMDevice that `fetch_mmdevice.py` fetches.
const INTERFACE: &str = "75";
const ADAPTER: &str = "libmmgr_dal_Parfocal.so.0";
/// All that MMCore looks for in it.
const EXPORTS: &[&str] = &[
    "CreateDevice",
    "DeleteDevice",
    "GetDeviceDescription",
    "GetDeviceInterfaceVersion",
    "GetDeviceName",
    "GetDeviceType",
    "GetModuleVersion",
    "GetNumberOfDevices",
    "InitializeModuleData",
];
/// The oldest C library that it may ask for: that of Debian 12 and Ubuntu 22.04, where the C library has threads in itself.
const GLIBC: &str = "2.34";

/// Builds, checks and packs; returns the archive. Once in a run of the task runner.
pub fn micromanager() -> Result<PathBuf> {
    static DONE: OnceLock<Result<PathBuf>> = OnceLock::new();
    DONE.get_or_init(make).clone()
}

fn make() -> Result<PathBuf> {
    if !HERE {
        return Err(
            "package micromanager: made on Linux on x86-64 only; docs/packaging.md has what other systems need".into(),
        );
    }
    need(&[("g++", "g++"), ("cmake", "cmake")])?;
    package()?;
    let project = Project::read()?;
    let built = build("adapter", &mmdevice()?)?;
    let tree = target().join("package/micromanager").join(name(&project));
    clear(&tree)?;
    let from = target().join("package/tree").join(project.name());
    program(&built, &tree.join(ADAPTER))?;
    for library in [project.soname().as_str(), RUNTIME] {
        program(&from.join("lib").join(library), &tree.join(library))?;
    }
    copy(&root().join("bindings/micromanager/README.md"), &tree.join("README.md"))?;
    copy(&root().join("docs/microscope-control.md"), &tree.join("microscope-control.md"))?;
    for file in files(&root().join("bindings/micromanager"))? {
        if let Some(name) = file.file_name().filter(|name| *name != ".gitignore") {
            copy(&file, &tree.join("source").join(name))?;
        }
    }
    licences(&from, &tree.join("licenses"))?;
    check(&project, &tree)?;
    let archive = root().join("target/dist/micromanager").join(format!("{}.tar.gz", name(&project)));
    super::pack(&tree, &archive)?;
    let size = std::fs::metadata(&archive).map_or(0, |m| m.len());
    println!("package: {} ({:.1} MB)", shown(&archive), size as f64 / 1e6);
    Ok(archive)
}

fn name(project: &Project) -> String {
    format!("parfocal-micromanager-{}-interface{INTERFACE}-linux-x86_64", project.version)
}

/// MMDevice's sources, fetched once.
pub fn mmdevice() -> Result<PathBuf> {
    let folder = cache()?.join(format!("mmdevice-{INTERFACE}"));
    let _lock = lock("mmdevice")?;
    let complete = folder.join("complete");
    if !complete.exists() {
        clear(&folder)?;
        run(Environment::Micromanager.command()?.arg("bindings/micromanager/fetch_mmdevice.py").arg(&folder))?;
        write(&complete, "")?;
    }
    Ok(folder)
}

/// The adapter, built against these sources as its page says, and the library of the archive.
pub fn build(place: &str, mmdevice: &Path) -> Result<PathBuf> {
    let prefix = unpacked()?;
    let folder = target().join("package/micromanager build").join(place);
    clear(&folder)?;
    run(Command::new("cmake")
        .args(["-DCMAKE_BUILD_TYPE=Release", "-DCMAKE_CXX_FLAGS=-Wall -Wextra -Wpedantic -Werror", "-S"])
        .arg(root().join("bindings/micromanager"))
        .arg(format!("-DMMDEVICE={}", mmdevice.display()))
        .arg(format!("-DCMAKE_PREFIX_PATH={}", prefix.display()))
        .arg("-B")
        .arg(&folder)
        .stdout(std::process::Stdio::null()))?;
    run(Command::new("cmake").arg("--build").arg(&folder).arg("--parallel").stdout(std::process::Stdio::null()))?;
    Ok(folder.join(ADAPTER))
}

/// What it asks of the machine, where it looks, what it shows.
fn check(project: &Project, tree: &Path) -> Result<()> {
    let adapter = elf::read(&tree.join(ADAPTER))?;
    let mut wrong = adapter.beyond(&[("GLIBC", GLIBC)]);
    let parts = [project.soname(), "libc.so.6".into(), "libm.so.6".into(), "ld-linux-x86-64.so.2".into()];
    let others = adapter.needed.iter().filter(|name| !parts.contains(name));
    wrong.extend(others.map(|name| format!("needs {name}; expected {}", parts.join(", "))));
    if adapter.search != ["$ORIGIN"] {
        wrong.push(format!("looks for libraries in {:?}; expected $ORIGIN", adapter.search));
    }
    if adapter.exports != EXPORTS {
        wrong.push(format!("shows {:?}; expected {EXPORTS:?}", adapter.exports));
    }
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(format!("{ADAPTER}: {}", wrong.join("\n  ")))
    }
}

/// Those of the archive, and of what the adapter is built from.
fn licences(from: &Path, folder: &Path) -> Result<()> {
    let documents = from.join("share/doc/parfocal");
    for file in checks::walk(&documents)? {
        let name = file.strip_prefix(&documents).map_err(|e| format!("{}: {e}", file.display()))?;
        // The manuals of the archive are for builders.
        let manual = name.parent() == Some(Path::new("")) && !name.starts_with("THIRD-PARTY.md");
        if !manual || name.to_string_lossy().starts_with("LICENSE") {
            copy(&file, &folder.join(name))?;
        }
    }
    let table = folder.join("THIRD-PARTY.md");
    let text = std::fs::read_to_string(&table).map_err(|e| format!("{}: {e}", table.display()))?;
    let more = format!(
        "| Micro-Manager's MMDevice (in the adapter) | interface {INTERFACE} | BSD-3-Clause | `mmdevice/` |\n\
         | GCC's C++ library (in the adapter) | | GPL-3.0 with the GCC Runtime Library Exception, which asks for nothing here | |\n"
    );
    write(&table, &(text + &more))?;
    copy(&mmdevice()?.join("license.txt"), &folder.join("mmdevice/license.txt"))
}

/// The archive unpacked into a folder with a space in its name.
pub fn installed() -> Result<PathBuf> {
    let folder = target().join("package/micromanager/my Micro-Manager");
    clear(&folder)?;
    run(Command::new("tar").arg("--extract").arg("--file").arg(micromanager()?).arg("--directory").arg(&folder))?;
    Ok(folder.join(name(&Project::read()?)))
}
