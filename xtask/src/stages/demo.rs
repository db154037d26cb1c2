//! `cargo xtask demo`, from a fresh clone to a restored image through the real command; and the test stage of its gain.

use std::path::{Path, PathBuf};

use xshell::Cmd;

use super::Outcome;
use crate::tools::machine::check_machine;
use crate::tools::python::Environment;
use crate::tools::{cmd, make_folder, output, release, root, run, say, shown, stem, Result};

/// What the demo promises, in dB: the restored image over the blurred one, and over the best unsharp mask.
const GAIN_DB: f64 = 3.0;
const LEAD_DB: f64 = 1.5;

pub fn check() -> Result<Outcome> {
    let report = simulated(&release::command()?, &folder()?)?;
    let figure = |name: &str| -> Result<f64> {
        report
            .lines()
            .find_map(|line| line.strip_prefix(name)?.split_whitespace().next()?.parse().ok())
            .ok_or_else(|| format!("the demo's report has no figure '{name}'"))
    };
    let gain = figure("gain over blurred (dB):")?;
    let lead = figure("lead over the best unsharp mask (dB):")?;
    if gain < GAIN_DB || lead < LEAD_DB {
        return Err(format!(
            "the demo gained {gain:.2} dB (expected {GAIN_DB}) and led unsharp masking by {lead:.2} dB ({LEAD_DB})"
        ));
    }
    Ok(Outcome::Passed)
}

/// Restores a simulated specimen, or the user's own image.
pub fn demo(file: Option<&str>) -> Result<()> {
    check_machine()?;
    let Some(file) = file else {
        return simulated(&release::command()?, &folder()?).map(drop);
    };
    let input = std::path::absolute(file).map_err(|e| format!("{file}: {e}"))?;
    if !input.is_file() {
        return Err(format!("{}: no such file; expected a TIFF", input.display()));
    }
    own_image(&release::command()?, &input, &folder()?)
}

/// Always in the checkout, wherever cargo builds: the README points at it.
fn folder() -> Result<PathBuf> {
    let folder = root().join("target/demo");
    make_folder(&folder)?;
    Ok(folder)
}

fn restore(command: &Path, input: &Path, output: &Path) -> Result<()> {
    run(cmd!("{command} restore {input} -o {output} --force"))
}

/// Returns the report that it prints.
fn simulated(command: &Path, out: &Path) -> Result<String> {
    let demo = |step: &str| -> Result<Cmd> {
        Ok(Environment::Light.command()?.args(["-m", "training", "demo", step, "--out"]).arg(out))
    };
    run(demo("simulate")?)?;
    restore(command, &out.join("blurred.tif"), &out.join("restored.tif"))?;
    let report = output(demo("report")?.arg("--command").arg(command))?;
    say!("{report}\nresults: {}", shown(out));
    Ok(report)
}

fn own_image(command: &Path, input: &Path, out: &Path) -> Result<()> {
    let restored = out.join(format!("{}-restored.tif", stem(input)));
    restore(command, input, &restored)?;
    let comparison = out.join("comparison.png");
    let compare = Environment::Light.command()?.args(["-m", "training", "demo", "compare"]).arg(input).arg(&restored);
    run(compare.arg("--out").arg(&comparison))?;
    say!("restored: {}", shown(&restored));
    say!("before and after: {}", shown(&comparison));
    Ok(())
}
