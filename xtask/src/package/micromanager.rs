//! `cargo xtask package micromanager`: the device adapter and its library as one archive; docs/packaging.md.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::{checks, copy, elf, linker, package, program, write, Project, GLIBC, HERE, RUNTIME};
use crate::tools::hash::sha256;
use crate::tools::machine::need;
use crate::tools::python::Environment;
use crate::tools::{
    cache, cmd, empty_folder, lock, read_text, root, run, run_quietly, say, shown, target, walk, webgpu, Result,
};

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
/// The adapter's sources, which the archive has for other device interfaces.
const SOURCES: &[&str] = &[
    "Adapter.cpp",
    "CMakeLists.txt",
    "CpuShare.cpp",
    "CpuShare.h",
    "Deadline.cpp",
    "Deadline.h",
    "Device.cpp",
    "Device.h",
    "FrameLog.cpp",
    "FrameLog.h",
    "FrameProcessor.cpp",
    "FrameProcessor.h",
    "README.md",
    "Settings.h",
    "exports.map",
    "fetch_mmdevice.py",
];
/// The manual, and the pages and the picture that it links to.
const PAGES: &[&str] = &[
    "microscope-control.md",
    "microscope-control/properties.png",
    "c-cpp.md",
    "focus-score.md",
    "options.md",
    "packaging.md",
    "performance.md",
];

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
    need(&[("cmake", "cmake")])?;
    package()?;
    let project = Project::read()?;
    let built = build("adapter", &root().join("bindings/micromanager"), &mmdevice()?)?;
    let tree = target().join("package/micromanager").join(name(&project));
    empty_folder(&tree)?;
    let from = target().join("package/tree").join(project.name());
    program(&built, &tree.join(ADAPTER))?;
    for library in [project.soname().as_str(), RUNTIME, webgpu::FILE] {
        program(&from.join("lib").join(library), &tree.join(library))?;
    }
    let readme = read_text(&root().join("xtask/package/micromanager.txt"))?;
    write(&tree.join("README.txt"), &super::filled(&project, &readme).replace("@INTERFACE@", INTERFACE))?;
    for page in PAGES {
        copy(&root().join("docs").join(page), &tree.join("doc").join(page))?;
    }
    for source in SOURCES {
        copy(&root().join("bindings/micromanager").join(source), &tree.join("source").join(source))?;
    }
    let json = mmdevice()?.join("nlohmann");
    for file in walk(&json)? {
        let name = file.strip_prefix(&json).map_err(|e| format!("{}: {e}", file.display()))?;
        copy(&file, &tree.join("source/nlohmann").join(name))?;
    }
    licences(&from, &tree.join("licenses"))?;
    check(&project, &tree)?;
    let archive = root().join("target/dist/micromanager").join(format!("{}.tar.gz", name(&project)));
    super::pack(&tree, &archive)?;
    let size = std::fs::metadata(&archive).map_or(0, |m| m.len());
    say!("package: {} ({:.1} MB)", shown(&archive), size as f64 / 1e6);
    Ok(archive)
}

fn name(project: &Project) -> String {
    format!("parfocal-micromanager-{}-interface{INTERFACE}-linux-x86_64", project.version)
}

/// MMDevice's sources, and nlohmann/json in a folder among them; fetched once.
pub fn mmdevice() -> Result<PathBuf> {
    // The script says which version.
    let script = root().join("bindings/micromanager/fetch_mmdevice.py");
    let folder = cache()?.join(format!("mmdevice-{}", &sha256(&script)?[..12]));
    let _lock = lock("mmdevice")?;
    let complete = folder.join("complete");
    if !complete.exists() {
        empty_folder(&folder)?;
        run(Environment::Micromanager.command()?.arg(&script).arg(&folder))?;
        write(&complete, "")?;
    }
    Ok(folder)
}

/// Builds the adapter in a folder of sources as its README says, against MMDevice and the library of the archive.
pub fn build(place: &str, sources: &Path, mmdevice: &Path) -> Result<PathBuf> {
    package()?;
    let prefix = target().join("package/tree").join(Project::read()?.name());
    let folder = target().join("package/micromanager build").join(place);
    empty_folder(&folder)?;
    let compiler = linker::compiler("c++")?;
    let warnings = "-DCMAKE_CXX_FLAGS=-Wall -Wextra -Wpedantic -Werror";
    // -s: without names and paths of this machine.
    let options = [
        "-DCMAKE_BUILD_TYPE=Release",
        warnings,
        "-DCMAKE_MODULE_LINKER_FLAGS=-s",
        &format!("-DCMAKE_CXX_COMPILER={}", compiler.display()),
        &format!("-DMMDEVICE={}", mmdevice.display()),
        &format!("-DCMAKE_PREFIX_PATH={}", prefix.display()),
    ];
    run_quietly(cmd!("cmake {options...} -S {sources} -B {folder}"))?;
    run_quietly(cmd!("cmake --build {folder} --parallel"))?;
    Ok(folder.join(ADAPTER))
}

/// Checks what the adapter needs, where it looks for libraries, and what it exports.
fn check(project: &Project, tree: &Path) -> Result<()> {
    let adapter = elf::read(&tree.join(ADAPTER))?;
    let mut wrong = adapter.beyond(&[("GLIBC", GLIBC)]);
    let soname = project.soname();
    let parts = [&soname, "libc.so.6", "libdl.so.2", "libm.so.6", "libpthread.so.0", "ld-linux-x86-64.so.2"];
    let others = adapter.needed.iter().filter(|name| !parts.contains(&name.as_str()));
    wrong.extend(others.map(|name| format!("needs {name}; expected {}", parts.join(", "))));
    wrong.extend(checks::paths(tree)?);
    if adapter.search != ["$ORIGIN"] {
        wrong.push(format!("looks for libraries in {:?}; expected $ORIGIN", adapter.search));
    }
    if adapter.exports != EXPORTS {
        wrong.push(format!("shows {:?}; expected {EXPORTS:?}", adapter.exports));
    }
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(format!("the adapter's archive is not as promised:\n  {}", wrong.join("\n  ")))
    }
}

/// The licences of the archive, and those of what the adapter is built from.
fn licences(from: &Path, folder: &Path) -> Result<()> {
    let rows = format!(
        "| Micro-Manager's MMDevice (in the adapter) | interface {INTERFACE} | BSD-3-Clause | `mmdevice/` |\n\
         | nlohmann/json (in the adapter) | 3.12.0 | MIT | `nlohmann/` |\n\
         | LLVM's C++ library (in the adapter) | | Apache-2.0 WITH LLVM-exception | `libcxx/` |\n"
    );
    super::licences::carry(from, folder, &rows)?;
    copy(&linker::zig()?.join("lib/libcxx/LICENSE.TXT"), &folder.join("libcxx/LICENSE.TXT"))?;
    copy(&mmdevice()?.join("nlohmann/LICENSE.MIT"), &folder.join("nlohmann/LICENSE.MIT"))?;
    copy(&mmdevice()?.join("license.txt"), &folder.join("mmdevice/license.txt"))
}

/// Unpacks the archive into a folder with a space in its name. Once in a run of the task runner.
pub fn installed() -> Result<PathBuf> {
    static DONE: OnceLock<Result<PathBuf>> = OnceLock::new();
    DONE.get_or_init(install).clone()
}

fn install() -> Result<PathBuf> {
    let folder = target().join("package/micromanager/my Micro-Manager");
    empty_folder(&folder)?;
    let archive = micromanager()?;
    run(cmd!("tar --extract --file {archive} --directory {folder}"))?;
    Ok(folder.join(name(&Project::read()?)))
}
