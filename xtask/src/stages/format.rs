//! The formatters of every language: `cargo xtask format` applies them, the test stage `format` checks their work.

use super::{skip, Outcome};
use crate::tools::machine::{self, check_machine, JAVA};
use crate::tools::maven::{maven, run_alone};
use crate::tools::python::Environment;
use crate::tools::{cargo, cmd, output, run, shell, Result};

/// Workspaces of their own; the main one formats its members.
const RUST: &[&str] = &["Cargo.toml", "tests/fuzz/Cargo.toml", "tests/threads/Cargo.toml", "xtask/header/Cargo.toml"];
const C: &[&str] = &["*.c", "*.h", "*.cpp", "*.hpp"];
/// Written by cbindgen: the stage `header` compares it with `src/`.
const GENERATED: &str = "include/parfocal.h";

#[derive(Clone, Copy, PartialEq)]
enum Mode {
    Check,
    Apply,
}

pub fn check() -> Result<Outcome> {
    let ways: [fn(Mode) -> Result<Outcome>; 4] = [rust, python, c, java];
    let mut failed = Vec::new();
    let mut outcome = Outcome::Passed;
    // All of them, so that one run names all there is to do.
    for format in ways {
        match format(Mode::Check) {
            Ok(Outcome::Passed) => {}
            Ok(skipped) => outcome = skipped,
            Err(message) => failed.push(message),
        }
    }
    match failed.is_empty() {
        true => Ok(outcome),
        false => Err(format!("{}\n`cargo xtask format` formats all files", failed.join("\n"))),
    }
}

/// `cargo xtask format`.
pub fn apply() -> Result<()> {
    check_machine()?;
    for format in [rust, python, c, java] {
        if let Outcome::Skipped(reason) = format(Mode::Apply)? {
            println!("skipped: {reason}");
        }
    }
    Ok(())
}

fn rust(mode: Mode) -> Result<Outcome> {
    for manifest in RUST {
        let check = (mode == Mode::Check).then_some("--check");
        run(cargo().args(["fmt", "--all", "--manifest-path", manifest]).args(check))?;
    }
    Ok(Outcome::Passed)
}

/// By ruff.toml.
fn python(mode: Mode) -> Result<Outcome> {
    let check: &[&str] = if mode == Mode::Check { &["--check"] } else { &[] };
    run(shell().cmd(Environment::Lint.program("ruff")?).arg("format").args(check))?;
    Ok(Outcome::Passed)
}

/// By .clang-format.
fn c(mode: Mode) -> Result<Outcome> {
    let listed = output(cmd!("git ls-files -- {C...}"))?;
    let files = listed.lines().filter(|file| *file != GENERATED);
    let how: &[&str] = if mode == Mode::Check { &["--dry-run", "--Werror", "--ferror-limit=1"] } else { &["-i"] };
    run(shell().cmd(Environment::Lint.program("clang-format")?).args(how).args(files))?;
    Ok(Outcome::Passed)
}

/// By the plugin Spotless, set up in xtask/maven/pom.xml.
fn java(mode: Mode) -> Result<Outcome> {
    if let Some(reason) = machine::missing(&[JAVA])? {
        return skip(format!("Java is not formatted: {reason}"));
    }
    run_alone(maven(&[if mode == Mode::Check { "spotless:check" } else { "spotless:apply" }]))?;
    Ok(Outcome::Passed)
}
