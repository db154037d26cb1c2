//! What the archive promises, checked in its files every time that it is made.

use std::collections::BTreeMap;
use std::env;
use std::path::{Path, PathBuf};

use super::{elf, matlab, Project, GLIBC, GLIBCXX, RUNTIME};
use crate::tools::hash::sha256;
use crate::tools::{cache, read, read_text, root, runtime, target, walk, webgpu, Result};

const SUMS: &str = "SHA256SUMS";

/// Everything that is wrong, in one message.
pub fn check(project: &Project, tree: &Path) -> Result<()> {
    let mut wrong = Vec::new();
    let mut note = |file: &str, problems: Vec<String>| {
        wrong.extend(problems.into_iter().map(|problem| format!("{file}: {problem}")));
    };
    let library = elf::read(&tree.join("lib").join(project.soname()))?;
    let command = elf::read(&tree.join("bin/parfocal"))?;
    let runtime_elf = elf::read(&tree.join("lib").join(RUNTIME))?;
    note("libparfocal", symbols(&library, &expected_exports()?));
    note("libparfocal", ours(&library));
    note("libparfocal", named(&library, &project.soname()));
    if !library.nodelete {
        note("libparfocal", vec!["has no NODELETE flag: a host could unload it under its threads".into()]);
    }
    note("bin/parfocal", ours(&command));
    let thunk = elf::read(&matlab::folder(tree).join(matlab::THUNK))?;
    note(matlab::THUNK, ours(&thunk));
    note(RUNTIME, named(&runtime_elf, RUNTIME));
    let limits = [("GLIBC", GLIBC), ("GLIBCXX", GLIBCXX), ("CXXABI", CXXABI), ("GCC", GCC)];
    note(RUNTIME, runtime_elf.beyond(&limits));
    note(RUNTIME, runtime::renamed(&runtime_elf.imports));
    note(RUNTIME, runtime::calls_home(&read(&tree.join("lib").join(RUNTIME))?));
    let graphics = elf::read(&tree.join("lib").join(webgpu::FILE))?;
    note(webgpu::FILE, named(&graphics, webgpu::FILE));
    note(webgpu::FILE, graphics.beyond(&limits));
    note(webgpu::FILE, webgpu::reaches_out(&graphics.imports));
    for elf in [&library, &command, &runtime_elf, &graphics, &thunk] {
        let folders = elf.search.iter().map(|folder| format!("looks for libraries in {folder}; expected no RUNPATH"));
        note(elf.soname.as_deref().unwrap_or("bin/parfocal"), folders.collect());
    }
    wrong.extend(paths(tree)?);
    if wrong.is_empty() {
        return Ok(());
    }
    Err(format!("the archive is not as promised:\n  {}", wrong.join("\n  ")))
}

/// Files that hold paths of this machine. Those built elsewhere are left out: ONNX Runtime, and WebGPU for it.
pub fn paths(tree: &Path) -> Result<Vec<String>> {
    let places = places()?;
    let mut wrong = Vec::new();
    let elsewhere = |file: &Path| file.ends_with(RUNTIME) || file.ends_with(webgpu::FILE);
    for file in walk(tree)?.iter().filter(|file| !elsewhere(file)) {
        let bytes = read(file)?;
        let name = file.strip_prefix(tree).unwrap_or(file).display();
        let found = places.iter().filter(|place| memchr::memmem::find(&bytes, place.as_bytes()).is_some());
        wrong.extend(found.map(|place| format!("{name}: holds the path {place}")));
    }
    Ok(wrong)
}

/// Versions older than the C++ library that has GLIBCXX 3.4.22: they ask for nothing newer.
const CXXABI: &str = "1.3.11";
const GCC: &str = "4.3.0";

/// What we link ourselves needs the C library only, so that it loads in hosts that bring a C++ library of their own.
fn ours(elf: &elf::Elf) -> Vec<String> {
    let parts = ["libc.so.6", "libdl.so.2", "libm.so.6", "libpthread.so.0", "librt.so.1", "ld-linux-x86-64.so.2"];
    let others = elf.needed.iter().filter(|name| !parts.contains(&name.as_str()));
    let mut problems = elf.beyond(&[("GLIBC", GLIBC)]);
    problems.extend(others.map(|name| format!("needs {name}; expected parts of glibc only")));
    problems
}

fn named(elf: &elf::Elf, expected: &str) -> Vec<String> {
    let found = elf.soname.as_deref().unwrap_or("none");
    (found != expected).then(|| format!("its SONAME is {found}; expected {expected}")).into_iter().collect()
}

fn symbols(elf: &elf::Elf, expected: &[String]) -> Vec<String> {
    let list = LISTS.join(" or ");
    let more = elf.exports.iter().filter(|name| !expected.contains(name));
    let less = expected.iter().filter(|name| !elf.exports.contains(name));
    more.map(|name| format!("shows the symbol {name}, which is not in {list}"))
        .chain(less.map(|name| format!("has no symbol {name}, which is in {list}")))
        .collect()
}

/// The functions that C and the JVM call; tests compare them with the header and with Native.java.
const LISTS: [&str; 2] = ["tests/abi/exports.txt", "tests/abi/exports_java.txt"];

fn expected_exports() -> Result<Vec<String>> {
    let mut names = Vec::new();
    for list in LISTS {
        let path = root().join(list);
        let text = read_text(&path)?;
        names.extend(text.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()));
    }
    Ok(names)
}

/// Folders of this machine whose names must not be in what ships.
fn places() -> Result<Vec<String>> {
    let mut found = vec![root(), target(), cache()?, super::linker::sysroot()?];
    found.extend(["HOME", "CARGO_HOME", "RUSTUP_HOME"].iter().filter_map(env::var_os).map(PathBuf::from));
    let mut found: Vec<String> = found.into_iter().map(|path| path.display().to_string() + "/").collect();
    // `/` is the home folder of some service accounts.
    found.retain(|path| path.len() > 2);
    found.sort();
    found.dedup();
    Ok(found)
}

/// The sum of every file by its name in the archive.
fn sums(tree: &Path) -> Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    for file in walk(tree)?.into_iter().filter(|file| *file != tree.join(SUMS)) {
        let name = file.strip_prefix(tree).map_err(|e| format!("{}: {e}", file.display()))?;
        found.insert(name.display().to_string(), sha256(&file)?);
    }
    Ok(found)
}

pub fn write_sums(tree: &Path) -> Result<()> {
    let lines: String = sums(tree)?.iter().map(|(name, sum)| format!("{sum}  {name}\n")).collect();
    super::write(&tree.join(SUMS), &lines)
}

/// Every file is in the list, and every file of the list exists unchanged.
pub fn check_sums(tree: &Path) -> Result<()> {
    let path = tree.join(SUMS);
    let text = read_text(&path)?;
    let listed: BTreeMap<String, String> =
        text.lines().filter_map(|line| line.split_once("  ")).map(|(sum, name)| (name.into(), sum.into())).collect();
    let found = sums(tree)?;
    let differ = |name: &&String| found.get(*name) != listed.get(*name);
    match found.keys().chain(listed.keys()).find(differ) {
        None if !found.is_empty() => Ok(()),
        None => Err(format!("{}: lists nothing", path.display())),
        Some(name) => Err(format!("{}: {name} is not as it is listed", path.display())),
    }
}
