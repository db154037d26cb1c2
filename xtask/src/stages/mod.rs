//! `cargo xtask test` and `bench`: every check of the project, stage by stage.

mod abi;
mod cuda;
pub mod demo;
pub mod fiji;
mod fuzz;
mod hard;
mod matlab;
pub mod micromanager;
mod package;

use std::path::PathBuf;
use std::time::Instant;

use crate::tools::python::Environment;
use crate::tools::runtime;
use crate::tools::{cargo, check_machine, in_ci, root, run, Result};

type Stage = (&'static str, &'static str, fn() -> Result<()>);

/// In order: the cheap ones that fail often first.
const STAGES: &[Stage] = &[
    ("format", "cargo fmt --check", format),
    ("lint", "clippy, warnings are errors", lint),
    ("rust", "cargo test", rust),
    ("threads", "handles, cancel and queue in every order of their steps (loom)", fuzz::threads),
    ("package", "the archive for builders: made, checked, moved and used", package::stage),
    ("abi", "the header; the C and C++ suites, examples and bad input against the archive", abi::stage),
    ("hard", "the C library: sanitizer, valgrind, faults, two runtimes, stress, memory", hard::stage),
    ("fiji", "the Java library and the ImageJ plugin, packaged, in a JVM and on a screen", fiji::stage),
    (
        "micromanager",
        "the device adapter, packaged, in Micro-Manager's core with a simulated camera",
        micromanager::stage,
    ),
    ("matlab", "+parfocal in Octave, over its gateway and over a strict stand-in for MATLAB's calllib", matlab::stage),
    ("cuda", "the command with an ONNX Runtime that has CUDA", cuda::cuda),
    ("tiff", "the command's files read back by other software (Python)", tiff),
    ("fuzz", "TIFF, options, layouts and model files from bytes at random (libFuzzer)", fuzz::fuzz),
    ("training", "network, simulation, training, export, parity (PyTorch) and bioimage.io's validator", training),
    ("evaluate", "the released model on real focal stacks", evaluate),
    ("demo", "the demo and its gain", demo_gain),
];

pub fn setup() -> Result<()> {
    check_machine()?;
    runtime::install()?;
    Environment::Light.interpreter()?;
    Environment::Training.interpreter()?;
    Environment::Bioimage.interpreter()?;
    if crate::package::HERE {
        Environment::Package.interpreter()?;
        Environment::Abi.interpreter()?;
        Environment::Micromanager.interpreter()?;
    }
    Ok(())
}

pub fn test(names: &[String]) -> Result<()> {
    if let Some(unknown) = names.iter().find(|n| STAGES.iter().all(|s| s.0 != n.as_str())) {
        let known: Vec<_> = STAGES.iter().map(|s| s.0).collect();
        return Err(format!("test stage '{unknown}': expected any of {}", known.join(", ")));
    }
    setup()?;
    for (tool, component) in [("fmt", "rustfmt"), ("clippy", "clippy")] {
        if !cargo().args([tool, "--version"]).output().is_ok_and(|o| o.status.success()) {
            return Err(format!("missing: cargo {tool} (rustup component add {component})"));
        }
    }
    let mut failed = Vec::new();
    let mut passed = 0;
    for (name, what, stage) in STAGES {
        if !names.is_empty() && !names.iter().any(|n| n == name) {
            continue;
        }
        println!("\n== {name}: {what}");
        let started = Instant::now();
        match stage() {
            Ok(()) => passed += 1,
            Err(message) => {
                eprintln!("xtask: {name}: {message}");
                failed.push(*name);
            }
        }
        println!("== {name}: {:.0} s", started.elapsed().as_secs_f64());
    }
    println!("\nstages: {passed} passed, {} failed", failed.len());
    if failed.is_empty() {
        Ok(())
    } else {
        Err(format!("failed: {}", failed.join(", ")))
    }
}

pub fn bench(rest: &[String]) -> Result<()> {
    check_machine()?;
    runtime::install()?;
    match rest {
        [one] if one == "fiji" => return fiji::bench::bench(),
        [one] if one == "matlab" => return matlab::bench(),
        [one] if one == "micromanager" => return micromanager::bench(),
        _ => {}
    }
    run(cargo().args(["bench", "--package", "parfocal"]).args(rest))?;
    if rest.is_empty() {
        fiji::bench::bench()?;
        matlab::bench()?;
        micromanager::bench()?;
    }
    Ok(())
}

fn format() -> Result<()> {
    // Workspaces of their own.
    for manifest in ["Cargo.toml", "tests/fuzz/Cargo.toml", "tests/threads/Cargo.toml"] {
        run(cargo().args(["fmt", "--all", "--check", "--manifest-path", manifest]))?;
    }
    Ok(())
}

fn lint() -> Result<()> {
    run(cargo().args(["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"]))
}

fn rust() -> Result<()> {
    run(cargo().args(["test", "--workspace"]))
}

/// The evaluation data, or why its tests are skipped; absent in CI is an error.
fn data() -> Result<Option<PathBuf>> {
    let folder = match std::env::var_os("PARFOCAL_DATA") {
        Some(folder) => PathBuf::from(folder),
        None => root().join("../shared/data"),
    };
    if folder.join("eval").is_dir() {
        return Ok(Some(folder));
    }
    if in_ci() {
        return Err(format!("no data at {}: set PARFOCAL_DATA (a skip elsewhere, an error in CI)", folder.display()));
    }
    println!("skipped: no data at {}; set PARFOCAL_DATA to run this", folder.display());
    Ok(None)
}

fn pytest(environment: Environment, folder: &str) -> Result<()> {
    // The command under test is the release build: the same that the demo runs.
    let command = demo::build()?;
    run(environment
        .command()?
        .args(["-m", "pytest", "-q", "-p", "no:cacheprovider", folder])
        .env("PARFOCAL_COMMAND", command)
        .env("PYTHONWARNINGS", "ignore"))
}

fn tiff() -> Result<()> {
    pytest(Environment::Light, "tests/readback")
}

fn training() -> Result<()> {
    pytest(Environment::Training, "training/tests")?;
    pytest(Environment::Bioimage, "tests/bioimage")
}

fn evaluate() -> Result<()> {
    if data()?.is_none() {
        return Ok(());
    }
    pytest(Environment::Training, "training/acceptance")
}

fn demo_gain() -> Result<()> {
    let report = demo::demo(None)?;
    let figure = |name: &str| -> Result<f64> {
        report
            .lines()
            .find_map(|line| line.strip_prefix(name)?.split_whitespace().next()?.parse().ok())
            .ok_or_else(|| format!("the demo's report has no figure '{name}'"))
    };
    let gain = figure("gain over blurred (dB):")?;
    let lead = figure("lead over the best unsharp mask (dB):")?;
    if gain < 3.0 || lead < 1.5 {
        return Err(format!("the demo gained {gain:.2} dB (expected 3) and led unsharp masking by {lead:.2} dB (1.5)"));
    }
    Ok(())
}
