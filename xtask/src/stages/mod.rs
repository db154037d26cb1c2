//! `cargo xtask test`: every check of the project, as a table of stages.

mod abi;
mod cuda;
pub mod demo;
mod evaluate;
pub mod fiji;
pub mod format;
pub mod fuzz;
mod gpu;
mod hard;
mod header;
mod lint;
pub mod matlab;
pub mod micromanager;
mod package;
mod pytest;
mod readback;
mod rust;
mod schedule;
mod threads;
mod training;

use std::fs::File;

use crate::package::HERE;
use crate::tools::machine::{check_machine, in_ci};
use crate::tools::python::Environment;
use crate::tools::{at, builds, cargo, make_folder, ran, runtime, target, Result};

/// How a stage ended that found nothing wrong.
pub enum Outcome {
    Passed,
    /// It passed without a part that no CI machine can run; says which.
    PassedWithout(String),
    /// It, or a part of it, could not run on this machine; says why.
    Skipped(String),
}

/// The end of a stage for which something is missing: locally it is skipped, in CI it fails.
fn skip(reason: impl Into<String>) -> Result<Outcome> {
    let reason = reason.into();
    if in_ci() {
        return Err(format!("{reason} (skipped elsewhere, an error in CI)"));
    }
    Ok(Outcome::Skipped(reason))
}

struct Stage {
    name: &'static str,
    what: &'static str,
    check: fn() -> Result<Outcome>,
}

const fn stage(name: &'static str, what: &'static str, check: fn() -> Result<Outcome>) -> Stage {
    Stage { name, what, check }
}

/// In the order in which they start: first what fails often, then the long ones, so that none of them ends alone.
const STAGES: &[Stage] = &[
    stage("format", "the formatters of every language", format::check),
    stage("lint", "clippy and ruff, warnings are errors; lengths of functions and lines", lint::check),
    stage("package", "the archive for builders: made, checked, moved and used", package::check),
    stage("rust", "cargo test", rust::check),
    stage("header", "include/parfocal.h is what src/ gives, and other languages can read it", header::check),
    stage("hard", "the C library: sanitizer, valgrind, faults, two runtimes, stress, memory", hard::check),
    stage("training", "network, simulation, training, export, parity (PyTorch), bioimage.io", training::check),
    stage("fiji", "the Java library and the ImageJ plugin, packaged, in a JVM and on a screen", fiji::check),
    stage("abi", "the C and C++ suites, examples and bad input against the archive", abi::check),
    stage("fuzz", "TIFF, options, layouts and model files from bytes at random (libFuzzer)", fuzz::check),
    stage("matlab", "+parfocal in Octave, over its gateway and over a stand-in for MATLAB's calllib", matlab::check),
    stage("evaluate", "the released model on real focal stacks", evaluate::check),
    stage("micromanager", "the packaged device adapter in Micro-Manager's core", micromanager::check),
    stage("threads", "handles, cancel and queue in every order of their steps (loom)", threads::check),
    stage("readback", "the command's files read back by other software (Python)", readback::check),
    stage("cuda", "the command with an ONNX Runtime that has CUDA", cuda::check),
    stage("gpu", "WebGPU on a Vulkan device in software: the engine, C, the JVM, the command, faults", gpu::check),
    stage("demo", "the demo and its gain", demo::check),
];

/// Names for several stages. `quick` is for the inner loop.
const GROUPS: &[(&str, &[&str])] = &[("quick", &["format", "lint", "rust", "header", "readback"])];

/// Fetches what the tests need.
pub fn setup() -> Result<()> {
    check_machine()?;
    runtime::install()?;
    for environment in Environment::ALL {
        if HERE || !environment.is_for_packages() {
            environment.interpreter()?;
        }
    }
    Ok(())
}

/// Runs the stages of these names, or all of them.
pub fn test(names: &[String]) -> Result<()> {
    let chosen = chosen(names)?;
    check_machine()?;
    runtime::install()?;
    for (tool, component) in [("fmt", "rustfmt"), ("clippy", "clippy")] {
        if !ran(cargo().args([tool, "--version"])).is_ok_and(|(_, ran)| ran.status.success()) {
            return Err(format!("missing: cargo {tool} (rustup component add {component})"));
        }
    }
    let _alone = alone()?;
    builds::restore()?;
    let ran = schedule::run(&chosen);
    if chosen.len() == STAGES.len() {
        builds::save()?;
    }
    ran.verdict()
}

/// Waits until no other run tests this checkout: both would write to the same places in the target folder.
fn alone() -> Result<File> {
    let path = target().join("tests.lock");
    make_folder(&target())?;
    let file = File::create(&path).map_err(at(&path))?;
    if file.try_lock().is_err() {
        println!("waiting for another run of the tests in this checkout");
        file.lock().map_err(at(&path))?;
    }
    Ok(file)
}

fn chosen(names: &[String]) -> Result<Vec<&'static Stage>> {
    let groups = |name: &str| GROUPS.iter().find(|group| group.0 == name).map(|group| group.1);
    let known = |name: &String| groups(name).is_some() || STAGES.iter().any(|stage| stage.name == name);
    if let Some(unknown) = names.iter().find(|name| !known(name)) {
        let all: Vec<_> = STAGES.iter().map(|s| s.name).chain(GROUPS.iter().map(|g| g.0)).collect();
        return Err(format!("test stage '{unknown}': expected any of {}", all.join(", ")));
    }
    let is_chosen = |stage: &&Stage| {
        let named = |name: &String| name == stage.name || groups(name).is_some_and(|group| group.contains(&stage.name));
        names.is_empty() || names.iter().any(named)
    };
    Ok(STAGES.iter().filter(is_chosen).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_are_chosen_by_name_and_group() {
        let names = |given: &[&str]| -> Result<Vec<&str>> {
            let given: Vec<String> = given.iter().map(|name| name.to_string()).collect();
            Ok(chosen(&given)?.iter().map(|stage| stage.name).collect())
        };
        assert_eq!(names(&[]).unwrap().len(), STAGES.len());
        assert_eq!(names(&["demo", "lint"]).unwrap(), ["lint", "demo"]);
        assert_eq!(names(&["quick", "rust"]).unwrap(), ["format", "lint", "rust", "header", "readback"]);
        assert!(names(&["rust", "rusty"]).unwrap_err().contains("'rusty'"));
        for (_, group) in GROUPS {
            assert!(group.iter().all(|name| STAGES.iter().any(|stage| stage.name == *name)));
        }
    }
}
