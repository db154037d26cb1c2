//! The library of the archive beside another ONNX Runtime, under many threads, and over many calls.

use std::path::Path;

use super::library::{source, tiny, watch, Library};
use crate::stages::Outcome;
use crate::tools::python::Environment;
use crate::tools::{run, say, Result};

/// As few threads as possible inside: the tests themselves have many.
const OPTIONS: &str = "device=cpu threads=1";
/// How long the stress lasts; CI has a minute.
const SECONDS: &str = "PARFOCAL_STRESS_SECONDS";
const SEED: &str = "20261123";
/// Bytes of memory that a call may lose at most.
const STEEPEST: f64 = 50.0;

/// Two copies of ONNX Runtime: PyPI's wheel is of another version than ours. Each order in a process of its own.
pub fn two_runtimes() -> Result<Outcome> {
    let library = Library::packaged()?.folder.join("libparfocal.so");
    for first in ["parfocal", "wheel"] {
        let test = Environment::Abi.command()?.arg("tests/abi/two_runtimes.py");
        // Ours must find its runtime by itself.
        run(test.arg(first).arg(&library).arg(tiny()).env_remove("PARFOCAL_ONNXRUNTIME"))?;
        say!("{first} first: both work");
    }
    Ok(Outcome::Passed)
}

pub fn stress() -> Result<Outcome> {
    let seconds: u32 = match std::env::var(SECONDS) {
        Ok(text) => text.parse().map_err(|_| format!("{SECONDS}={text}: expected a whole number"))?,
        Err(_) => 60,
    };
    let library = Library::packaged()?;
    let program = library.program("stress", &[source("stress.c"), source("stress_actions.c")], &[])?;
    let log = library.place()?.join("stress.log");
    let command = library.command(&program).arg(tiny()).arg(&log).args([OPTIONS, &seconds.to_string(), SEED]);
    let report = watch(command, &log)?.silent("stress")?;
    say!("{}", report.trim_end());
    Ok(Outcome::Passed)
}

/// Bytes by which resident memory grows in a call, over `calls` of a kind of which each loses `lost` bytes on purpose.
fn growth(library: &Library, program: &Path, kind: &str, calls: u32, lost: u32) -> Result<f64> {
    let log = library.place()?.join("slope.log");
    let (calls, lost) = (calls.to_string(), lost.to_string());
    let command = library.command(program).arg(tiny()).arg(&log).args([OPTIONS, kind, &calls, &lost]);
    let report = watch(command, &log)?.silent("slope")?;
    let line = |name: &str| report.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    let (slope, resident) = (line("slope:").unwrap_or_default(), line("resident:").unwrap_or_default());
    let planted = if lost == "0" { String::new() } else { format!(", {lost} bytes lost on purpose") };
    say!("{kind}, {calls} calls{planted}: {slope}; resident {resident}");
    slope.split(' ').next().and_then(|n| n.parse().ok()).ok_or_else(|| format!("no slope in the log:\n{report}"))
}

pub fn slope() -> Result<Outcome> {
    let library = Library::packaged()?;
    let program = library.program("slope", &[source("slope.c")], &[])?;
    let slope = growth(library, &program, "restore", 20_000, 0)?;
    if slope >= STEEPEST {
        return Err(format!("memory grows by {slope} bytes a restore; expected less than {STEEPEST}"));
    }
    // Fewer calls measure less exactly, so more is lost; the measurement must see it.
    let lost = 2000;
    let planted = growth(library, &program, "restore", 5_000, lost)?;
    if planted < 0.8 * f64::from(lost) {
        return Err(format!("each call lost {lost} bytes, and {planted} were measured: the measurement is blind"));
    }
    // Without a limit: each session's arena comes and goes, in pieces that malloc keeps.
    growth(library, &program, "open", 300, 0)?;
    Ok(Outcome::Passed)
}
