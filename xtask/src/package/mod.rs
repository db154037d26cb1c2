//! `cargo xtask package`: the archive for builders, target/dist/parfocal-<version>-linux-x86_64.tar.gz.

pub mod checks;
pub mod elf;
pub mod fiji;
mod licences;
mod linker;
pub mod matlab;
pub mod micromanager;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::OnceLock;

use serde_json::Value;

use crate::tools::machine::need;
use crate::tools::{
    at, cargo, cmd, empty_folder, files, has_extension, make_folder, output, read_text, root, run, say, shown, target,
    Result,
};
use crate::tools::{hash, runtime, webgpu};

/// The oldest C library that the archive runs with, and the newest C++ symbols that its ONNX Runtime asks for.
const GLIBC: &str = "2.28";
const GLIBCXX: &str = "3.4.22";
const TARGET: &str = "x86_64-unknown-linux-gnu";
/// Whether this machine can make the archive.
pub const HERE: bool = cfg!(all(target_os = "linux", target_arch = "x86_64"));
/// ONNX Runtime's file name and SONAME in the archive: a process that has another copy keeps the two apart.
pub const RUNTIME: &str = "libparfocal_onnxruntime.so";
/// The time of every file in the archive, so that the same files give the same bytes: 2000-01-01.
const TIME: &str = "@946684800";

/// The package `parfocal` and its dependencies, from `cargo metadata`.
pub struct Project {
    metadata: Value,
    pub version: String,
    abi: u64,
}

impl Project {
    pub fn read() -> Result<Project> {
        let how = ["--format-version", "1", "--locked", "--filter-platform", TARGET];
        let text = output(cargo().arg("metadata").args(how))?;
        let metadata = serde_json::from_str(&text).map_err(|e| format!("cargo metadata: {e}"))?;
        let mut project = Project { metadata, version: String::new(), abi: 0 };
        let package = project.parfocal()?;
        let version = package["version"].as_str().unwrap_or_default().to_owned();
        let abi = package["metadata"]["parfocal"]["abi"].as_u64();
        project.abi = abi.ok_or("Cargo.toml: [package.metadata.parfocal] has no 'abi = NUMBER'")?;
        project.version = version;
        Ok(project)
    }

    fn packages(&self) -> &[Value] {
        self.metadata["packages"].as_array().map_or(&[], Vec::as_slice)
    }

    fn parfocal(&self) -> Result<&Value> {
        let found = self.packages().iter().find(|package| package["name"] == "parfocal");
        found.ok_or_else(|| "cargo metadata: no package 'parfocal'".to_owned())
    }

    /// The folders in which cargo unpacks crates.
    fn registries(&self) -> Vec<PathBuf> {
        let crates = self.packages().iter().filter(|package| !package["source"].is_null());
        let manifests = crates.filter_map(|package| package["manifest_path"].as_str());
        let mut found: Vec<_> =
            manifests.filter_map(|path| Some(Path::new(path).parent()?.parent()?.to_owned())).collect();
        found.sort();
        found.dedup();
        found
    }

    /// The library's file name, which programs that link with it ask the loader for.
    fn soname(&self) -> String {
        format!("libparfocal.so.{}", self.abi)
    }

    /// The archive's name without extensions, which is also the folder in it.
    pub fn name(&self) -> String {
        format!("parfocal-{}-linux-x86_64", self.version)
    }
}

/// The library's file name, which programs that link with it ask the loader for.
pub fn soname() -> Result<String> {
    Ok(Project::read()?.soname())
}

/// Builds, checks and packs; returns the archive. Once in a run of the task runner.
pub fn package() -> Result<PathBuf> {
    static DONE: OnceLock<Result<PathBuf>> = OnceLock::new();
    DONE.get_or_init(make).clone()
}

fn make() -> Result<PathBuf> {
    if !HERE {
        return Err("package: made on Linux on x86-64 only; docs/packaging.md has the recipe for other systems".into());
    }
    need(&[("tar", "tar"), ("gzip", "gzip")])?;
    let project = Project::read()?;
    let built = linker::build(&project)?;
    let tree = target().join("package/tree").join(project.name());
    empty_folder(&tree)?;
    lay_out(&project, &built, &tree)?;
    checks::check(&project, &tree)?;
    let archive = root().join("target/dist").join(format!("{}.tar.gz", project.name()));
    pack(&tree, &archive)?;
    let sum = format!("{}  {}.tar.gz\n", hash::sha256(&archive)?, project.name());
    write(&archive.with_file_name("SHA256SUMS"), &sum)?;
    let size = fs::metadata(&archive).map_or(0, |m| m.len());
    say!("package: {} ({:.1} MB)", shown(&archive), size as f64 / 1e6);
    Ok(archive)
}

/// Fills `tree`, a prefix that users may move.
fn lay_out(project: &Project, built: &linker::Built, tree: &Path) -> Result<()> {
    let library = tree.join("lib");
    program(&built.library, &library.join(project.soname()))?;
    #[cfg(unix)]
    std::os::unix::fs::symlink(project.soname(), library.join("libparfocal.so")).map_err(at(&library))?;
    let runtime = library.join(RUNTIME);
    runtime::place(&runtime, Some(RUNTIME))?;
    permit(&runtime, 0o755)?;
    let graphics = library.join(webgpu::FILE);
    webgpu::place(&graphics)?;
    permit(&graphics, 0o755)?;
    program(&built.command, &tree.join("bin/parfocal"))?;
    for name in ["parfocal.h", "parfocal.hpp"] {
        copy(&root().join("include").join(name), &tree.join("include").join(name))?;
    }
    let templates = [
        ("ParfocalConfig.cmake", "lib/cmake/Parfocal/ParfocalConfig.cmake"),
        ("ParfocalConfigVersion.cmake", "lib/cmake/Parfocal/ParfocalConfigVersion.cmake"),
        ("parfocal.pc", "lib/pkgconfig/parfocal.pc"),
        ("README.md", "README.md"),
    ];
    for (from, to) in templates {
        let from = root().join("xtask/package").join(from);
        write(&tree.join(to), &filled(project, &read_text(&from)?))?;
    }
    let documents = tree.join("share/doc/parfocal");
    let examples = tree.join("share/parfocal/examples");
    let folders = [
        ("bindings/c", examples.join("c"), None),
        ("bindings/cpp", examples.join("cpp"), None),
        ("docs", documents.clone(), Some("md")),
    ];
    for (from, to, ending) in folders {
        for file in files(&root().join(from))? {
            if ending.is_none_or(|ending| has_extension(&file, ending)) {
                copy(&file, &to.join(file.file_name().unwrap_or_default()))?;
            }
        }
    }
    matlab::lay_out(tree)?;
    licences::gather(project, &built.zig, &documents)?;
    checks::write_sums(tree)
}

/// A fresh copy of the unpacked archive, moved from where it was unpacked to a folder with a space in its name.
pub fn unpacked() -> Result<PathBuf> {
    static COPIES: AtomicUsize = AtomicUsize::new(0);
    let archive = package()?;
    let copy = COPIES.fetch_add(1, Ordering::Relaxed);
    let first = target().join(format!("package/unpacked {copy}"));
    empty_folder(&first)?;
    run(cmd!("tar --extract --file {archive} --directory {first}"))?;
    let name = Project::read()?.name();
    let moved = target().join(format!("package/moved copy {copy}"));
    empty_folder(&moved)?;
    let prefix = moved.join("some where").join(&name);
    folder_of(&prefix)?;
    fs::rename(first.join(&name), &prefix).map_err(at(&prefix))?;
    Ok(prefix)
}

fn filled(project: &Project, text: &str) -> String {
    let mut numbers = project.version.split('.');
    let mut number = || numbers.next().unwrap_or("0").to_owned();
    text.replace("@VERSION@", &project.version)
        .replace("@RUNTIME@", RUNTIME)
        .replace("@WEBGPU@", webgpu::FILE)
        .replace("@ABI@", &project.abi.to_string())
        .replace("@MAJOR@", &number())
        .replace("@MINOR@", &number())
}

/// Packs the folder: order, times, owners and permissions do not depend on the place and the day.
pub fn pack(tree: &Path, archive: &Path) -> Result<()> {
    let (Some(parent), Some(name)) = (tree.parent(), tree.file_name()) else {
        return Err(format!("{}: not a folder to pack", tree.display()));
    };
    let tar = archive.with_extension("");
    for path in [archive, &tar] {
        if path.exists() {
            fs::remove_file(path).map_err(at(path))?;
        }
    }
    folder_of(archive)?;
    let same = ["--format=gnu", "--sort=name", "--owner=0", "--group=0", "--numeric-owner"];
    let more = ["--mode=u+rwX,go+rX,go-w", &format!("--mtime={TIME}")];
    run(cmd!("tar --create {same...} {more...} --file {tar} --directory {parent} {name}").env("LC_ALL", "C"))?;
    run(cmd!("gzip -9 --no-name {tar}"))
}

fn folder_of(path: &Path) -> Result<()> {
    make_folder(path.parent().unwrap_or(Path::new("/")))
}

fn write(path: &Path, text: &str) -> Result<()> {
    folder_of(path)?;
    fs::write(path, text).map_err(at(path))?;
    permit(path, 0o644)
}

/// Copies a file that all may read and nobody runs.
fn copy(from: &Path, to: &Path) -> Result<()> {
    folder_of(to)?;
    fs::copy(from, to).map_err(|e| format!("{}: cannot be copied to {}: {e}", from.display(), to.display()))?;
    permit(to, 0o644)
}

fn program(from: &Path, to: &Path) -> Result<()> {
    copy(from, to)?;
    permit(to, 0o755)
}

#[cfg(unix)]
fn permit(path: &Path, mode: u32) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).map_err(at(path))
}

#[cfg(not(unix))]
fn permit(_: &Path, _: u32) -> Result<()> {
    Ok(())
}
