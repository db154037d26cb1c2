//! The test stage `abi`: what programs in C and C++ do with the archive.

mod hosts;

use std::fs;
use std::path::{Path, PathBuf};

use xshell::Cmd;

use super::{skip, Outcome};
use crate::package;
use crate::tools::machine::need;
use crate::tools::python::Environment;
use crate::tools::{
    cmd, empty_folder, files, has_extension, output, printed, ran, root, run, shell, stem, target, Result,
};

const C: &[&str] = &["-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror", "-O1", "-g"];
const CPP: &[&str] = &["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror", "-O1", "-g"];
/// The options of the suites: they suit every machine.
const OPTIONS: &str = "device=cpu threads=1";

/// Suites, examples and bad input against the unpacked and moved archive.
pub fn check() -> Result<Outcome> {
    if !cfg!(target_os = "linux") {
        return skip("the archive is made on Linux only");
    }
    need(&[("g++", "g++"), ("cmake", "cmake"), ("pkg-config", "pkg-config")])?;
    let prefix = package::unpacked()?;
    let work = folder("hosts")?;
    hosts::with_pkg_config(&prefix, &work)?;
    hosts::with_cmake(&prefix, &work)?;
    hosts::snippets(&prefix, &work)?;
    bad_input(&prefix, &folder("bad input")?)?;
    Ok(Outcome::Passed)
}

/// Calls every function with every bad input, from a table in which no row may be missing.
fn bad_input(prefix: &Path, work: &Path) -> Result<()> {
    let program = bad_input_program(work, &linked(prefix)?)?;
    silent(with_library(&program, prefix).args(bad_input_arguments(work)), &work.join("bad_input.log"))
}

/// Generates and compiles the table; `library` says what to link with.
pub fn bad_input_program(work: &Path, library: &[String]) -> Result<PathBuf> {
    let (source, program) = (work.join("bad_input.c"), work.join("bad_input"));
    let generate = ["tests/abi/generate.py", "include/parfocal.h", "tests/abi/bad_input.toml"];
    run(Environment::Abi.command()?.args(generate).arg(&source))?;
    run(cmd!("gcc {C...} -Itests/abi {source} -o {program} {library...} -lpthread"))?;
    Ok(program)
}

pub fn bad_input_arguments(work: &Path) -> [PathBuf; 4] {
    [model(), root().join("tests/data/good/u16.tif"), work.to_owned(), work.join("bad_input.log")]
}

/// A program that finds the library in the archive, which finds ONNX Runtime beside itself.
fn with_library(program: &Path, prefix: &Path) -> Cmd<'static> {
    shell().cmd(program).env("LD_LIBRARY_PATH", prefix.join("lib")).env_remove("PARFOCAL_ONNXRUNTIME")
}

/// What pkg-config has for a compiler.
fn linked(prefix: &Path) -> Result<Vec<String>> {
    let asked = cmd!("pkg-config --cflags --libs parfocal").env("PKG_CONFIG_PATH", prefix.join("lib/pkgconfig"));
    words(&output(asked)?)
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
        return Err("pkg-config printed nothing".into());
    }
    Ok(found)
}

fn model() -> PathBuf {
    root().join("tests/models/tiny.onnx")
}

/// An empty folder below the target folder.
fn folder(name: &str) -> Result<PathBuf> {
    let folder = target().join("abi").join(name);
    empty_folder(&folder)?;
    Ok(folder)
}

/// The files of a suite; the other files in its folder are programs of their own.
fn suite_sources(folder: &str, extension: &str) -> Result<Vec<PathBuf>> {
    let mut found = sources(folder, extension)?;
    found.retain(|path| stem(path) == "main" || stem(path).starts_with("test_"));
    Ok(found)
}

/// The files of a folder with an extension, sorted.
fn sources(folder: &str, extension: &str) -> Result<Vec<PathBuf>> {
    let mut found = files(&root().join(folder))?;
    found.retain(|path| has_extension(path, extension));
    Ok(found)
}

/// Runs a program that must succeed and print nothing at all; its log says what failed.
fn silent(command: Cmd, log: &Path) -> Result<()> {
    let name = command.to_string();
    let (_, ran) = ran(command)?;
    let printed = printed(&ran);
    if ran.status.success() && printed.is_empty() {
        return Ok(());
    }
    let logged = fs::read_to_string(log).unwrap_or_default();
    let failed: Vec<_> = logged.lines().filter(|line| line.contains("fail")).take(40).collect();
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
