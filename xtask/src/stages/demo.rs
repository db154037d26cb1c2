//! `cargo xtask demo`: from a fresh clone to a restored image, through the real command.

use std::path::{Path, PathBuf};

use crate::tools::python::Environment;
use crate::tools::{self, runtime};
use crate::tools::{cargo, check_machine, output, root, run, target, Result};

/// The release build of the command, with ONNX Runtime beside it.
pub fn build() -> Result<PathBuf> {
    runtime::install()?;
    eprintln!("xtask: building the command (release)");
    run(cargo().args(["build", "--release", "--quiet", "--package", "parfocal", "--bin", "parfocal"]))?;
    Ok(target().join("release").join(format!("parfocal{}", std::env::consts::EXE_SUFFIX)))
}

/// Simulated specimen without `file`; the user's own image with it. Returns what the report printed as JSON.
pub fn demo(file: Option<&str>) -> Result<String> {
    check_machine()?;
    let input = file.map(|f| std::path::absolute(f).map_err(|e| format!("{f}: {e}"))).transpose()?;
    if let Some(input) = &input {
        if !input.is_file() {
            return Err(format!("{}: no such file; expected a TIFF", input.display()));
        }
    }
    let command = build()?;
    // Always in the checkout, wherever cargo builds: it is what the README points at.
    let out = root().join("target/demo");
    std::fs::create_dir_all(&out).map_err(|e| format!("{}: {e}", out.display()))?;
    match input {
        Some(input) => own_image(&command, &input, &out),
        None => simulated(&command, &out),
    }
}

fn restore(command: &Path, input: &Path, output: &Path) -> Result<()> {
    run(std::process::Command::new(command).arg("restore").arg(input).arg("-o").arg(output).arg("--force"))
}

fn simulated(command: &Path, out: &Path) -> Result<String> {
    run(Environment::Light.command()?.args(["-m", "training.demo", "simulate", "--out"]).arg(out))?;
    restore(command, &out.join("blurred.tif"), &out.join("restored.tif"))?;
    let report = output(
        Environment::Light
            .command()?
            .args(["-m", "training.demo", "report", "--command"])
            .arg(command)
            .arg("--out")
            .arg(out),
    )?;
    print!("{report}");
    println!("\nresults: {}", tools::shown(out));
    Ok(report)
}

fn own_image(command: &Path, input: &Path, out: &Path) -> Result<String> {
    let stem = input.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let restored = out.join(format!("{stem}-restored.tif"));
    restore(command, input, &restored)?;
    run(Environment::Light
        .command()?
        .args(["-m", "training.demo", "compare"])
        .arg(input)
        .arg(&restored)
        .arg("--out")
        .arg(out.join("comparison.png")))?;
    println!("restored: {}", tools::shown(&restored));
    println!("before and after: {}", tools::shown(&out.join("comparison.png")));
    Ok(String::new())
}
