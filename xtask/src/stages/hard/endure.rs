//! The library of the archive beside another ONNX Runtime, under many threads, and over many calls.

use std::path::Path;

use super::{source, tiny, watch, Library};
use crate::tools::python::Environment;
use crate::tools::{root, run, Result};

/// As few threads as possible inside: those of the tests are many.
const OPTIONS: &str = "device=cpu threads=1";
/// How long the stress lasts; CI has a minute.
const SECONDS: &str = "PARFOCAL_STRESS_SECONDS";
const SEED: &str = "20261123";
/// More than this, and memory grows. In bytes a call.
const STEEPEST: f64 = 50.0;

/// Each order in a process of its own; PyPI's wheel is of another version than ours.
pub fn two() -> Result<()> {
    let library = Library::packaged()?.folder.join("libparfocal.so");
    for first in ["parfocal", "wheel"] {
        run(Environment::Abi
            .command()?
            .arg(root().join("tests/abi/two_runtimes.py"))
            .arg(first)
            .arg(&library)
            .arg(tiny())
            // Ours must find its runtime by itself.
            .env_remove("PARFOCAL_ONNXRUNTIME"))?;
        println!("{first} first: both work");
    }
    Ok(())
}

pub fn stress() -> Result<()> {
    let seconds: u32 = match std::env::var(SECONDS) {
        Ok(text) => text.parse().map_err(|_| format!("{SECONDS}={text}: expected a whole number"))?,
        Err(_) => 60,
    };
    let library = Library::packaged()?;
    let program = library.program("stress", &[source("stress.c"), source("stress_actions.c")], &[])?;
    let log = library.place()?.join("stress.log");
    let mut command = library.command(&program);
    command.arg(tiny()).arg(&log).arg(OPTIONS).arg(seconds.to_string()).arg(SEED);
    print!("{}", watch(&mut command, &log)?.silent("stress")?);
    Ok(())
}

/// Bytes of resident memory a call, over `calls` of a kind.
fn measured(library: &Library, program: &Path, kind: &str, calls: u32, lost: u32) -> Result<f64> {
    let log = library.place()?.join("slope.log");
    let mut command = library.command(program);
    command.arg(tiny()).arg(&log).args([OPTIONS, kind, &calls.to_string(), &lost.to_string()]);
    let text = watch(&mut command, &log)?.silent("slope")?;
    let told = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    let (slope, resident) = (told("slope:").unwrap_or_default(), told("resident:").unwrap_or_default());
    let planted = if lost > 0 { format!(", {lost} bytes lost on purpose") } else { String::new() };
    println!("{kind}, {calls} calls{planted}: {slope}; resident {resident}");
    slope.split(' ').next().and_then(|n| n.parse().ok()).ok_or_else(|| format!("no slope in the log:\n{text}"))
}

pub fn slope() -> Result<()> {
    let library = Library::packaged()?;
    let program = library.program("slope", &[source("slope.c")], &[])?;
    let slope = measured(library, &program, "restore", 20_000, 0)?;
    if slope >= STEEPEST {
        return Err(format!("memory grows by {slope} bytes a restore; expected less than {STEEPEST}"));
    }
    // Fewer calls tell less, so more is lost; it must be seen.
    let lost = 2000;
    let planted = measured(library, &program, "restore", 5_000, lost)?;
    if planted < 0.8 * f64::from(lost) {
        return Err(format!(
            "{lost} bytes lost in each call were measured as {planted}: the measurement does not tell"
        ));
    }
    // Reported only: an arena for each session comes and goes, in pieces that malloc keeps.
    measured(library, &program, "open", 300, 0).map(drop)
}
