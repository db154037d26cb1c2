//! `cargo xtask test abi`: the header, and what C and C++ do with the archive.

mod hosts;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::package;
use crate::tools::python::Environment;
use crate::tools::{cargo, need, root, run, target, Result};

const C: &[&str] = &["-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror", "-O1", "-g"];
const CPP: &[&str] = &["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror", "-O1", "-g"];
/// Of the suites: what every machine that runs the tests has.
const OPTIONS: &str = "device=cpu threads=1";

/// Header, suites, examples and bad input against the unpacked and moved archive.
pub fn stage() -> Result<()> {
    if !cfg!(target_os = "linux") {
        println!("skipped: the archive is made on Linux only");
        return Ok(());
    }
    need(&[("g++", "g++"), ("cmake", "cmake"), ("pkg-config", "pkg-config")])?;
    header()?;
    let prefix = package::unpacked()?;
    let work = folder("hosts")?;
    hosts::with_pkg_config(&prefix, &work)?;
    hosts::with_cmake(&prefix, &work)?;
    hosts::snippets(&prefix, &work)?;
    bad_input(&prefix, &folder("bad input")?)
}

/// The committed header is what `src/ffi` gives, and keeps the rules by which other languages can read it.
fn header() -> Result<()> {
    let committed = root().join("include/parfocal.h");
    let made = folder("header")?.join("parfocal.h");
    run(cargo().args(["run", "--quiet", "--package", "parfocal-header", "--"]).arg(&made))?;
    let read = |path: &Path| fs::read(path).map_err(|e| format!("{}: {e}", path.display()));
    if read(&made)? != read(&committed)? {
        if std::env::var_os("UPDATE_HEADER").is_none() {
            return Err("include/parfocal.h is not what src/ffi gives: run with UPDATE_HEADER=1 to write it".into());
        }
        fs::copy(&made, &committed).map_err(|e| format!("{}: {e}", committed.display()))?;
    }
    run(Environment::Abi.command()?.arg("tests/abi/check_header.py").arg(&committed))
}

/// Every function with every bad input, from a table in which no row may be missing.
fn bad_input(prefix: &Path, work: &Path) -> Result<()> {
    let program = bad_input_program(work, &mut linked(prefix)?)?;
    let mut command = Command::new(program);
    command.args(bad_input_arguments(work)).env("LD_LIBRARY_PATH", prefix.join("lib"));
    silent(&mut command, &work.join("bad_input.log"))
}

/// Generates and compiles the table; `library` says what to link with.
pub fn bad_input_program(work: &Path, library: &mut [String]) -> Result<PathBuf> {
    let (source, program) = (work.join("bad_input.c"), work.join("bad_input"));
    run(Environment::Abi
        .command()?
        .args(["tests/abi/generate.py", "include/parfocal.h", "tests/abi/bad_input.toml"])
        .arg(&source))?;
    let include = format!("-I{}", root().join("tests/abi").display());
    run(Command::new("gcc").args(C).arg(include).arg(source).arg("-o").arg(&program).args(library).arg("-lpthread"))?;
    Ok(program)
}

pub fn bad_input_arguments(work: &Path) -> [PathBuf; 4] {
    [model(), root().join("tests/data/good/u16.tif"), work.to_owned(), work.join("bad_input.log")]
}

/// The words that pkg-config has for a compiler.
fn linked(prefix: &Path) -> Result<Vec<String>> {
    let mut command = Command::new("pkg-config");
    command.args(["--cflags", "--libs", "parfocal"]).env("PKG_CONFIG_PATH", prefix.join("lib/pkgconfig"));
    let text = crate::tools::output(&mut command)?;
    words(&text)
}

/// Splits as a shell does: the archive lies in a folder with a space in its name.
fn words(text: &str) -> Result<Vec<String>> {
    let mut found = vec![String::new()];
    let mut chars = text.trim().chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => found.last_mut().expect("never empty").extend(chars.next()),
            c if c.is_whitespace() => found.push(String::new()),
            c => found.last_mut().expect("never empty").push(c),
        }
    }
    found.retain(|word| !word.is_empty());
    if found.is_empty() {
        return Err("pkg-config told nothing".into());
    }
    Ok(found)
}

fn model() -> PathBuf {
    root().join("tests/models/tiny.onnx")
}

/// An empty folder of its own below the target folder.
fn folder(name: &str) -> Result<PathBuf> {
    let folder = target().join("abi").join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    }
    fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    Ok(folder)
}

/// The files of a suite; what else lies in its folder are programs of their own.
fn suite_sources(folder: &str, ending: &str) -> Result<Vec<PathBuf>> {
    let mut found = sources(folder, ending)?;
    found.retain(|path| {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        name == "main" || name.starts_with("test_")
    });
    Ok(found)
}

/// The files of a folder with an ending, sorted.
fn sources(folder: &str, ending: &str) -> Result<Vec<PathBuf>> {
    let folder = root().join(folder);
    let entries = fs::read_dir(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let mut found: Vec<_> = entries.filter_map(|e| e.ok().map(|e| e.path())).collect();
    found.retain(|path| path.extension().is_some_and(|e| e == ending));
    found.sort();
    Ok(found)
}

/// Runs a program that must succeed and print nothing at all; its log tells what failed.
fn silent(command: &mut Command, log: &Path) -> Result<()> {
    // The archive finds its runtime beside itself.
    if command.get_envs().all(|(name, _)| name != "PARFOCAL_ONNXRUNTIME") {
        command.env_remove("PARFOCAL_ONNXRUNTIME");
    }
    let name = command.get_program().to_string_lossy().into_owned();
    let ran = command.output().map_err(|e| format!("{name}: cannot be started: {e}"))?;
    let printed = [ran.stdout, ran.stderr].concat();
    if ran.status.success() && printed.is_empty() {
        return Ok(());
    }
    let told = fs::read_to_string(log).unwrap_or_default();
    let failed: Vec<_> = told.lines().filter(|line| line.contains("fail")).take(40).collect();
    let printed = String::from_utf8_lossy(&printed);
    let printed: String = printed.chars().take(8000).collect();
    Err(format!("{name}: {}; printed (expected nothing): {printed:?}\n  {}", ran.status, failed.join("\n  ")))
}

#[cfg(test)]
mod tests {
    #[test]
    fn words_keep_their_spaces() {
        assert_eq!(super::words("-I/a\\ b/include -lparfocal \n").unwrap(), ["-I/a b/include", "-lparfocal"]);
        assert!(super::words(" \n").is_err());
    }
}
