//! Hosts other than C, for what the library owes to each: a JVM, Python, Octave, and Micro-Manager's core.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use xshell::Cmd;

use super::guest::bare;
use super::library::{source, tiny};
use super::watched::guest;
use crate::package::micromanager::installed;
use crate::package::{Project, HERE};
use crate::stages::{skip, Outcome};
use crate::tools::machine::{self, JAVA, OCTAVE};
use crate::tools::python::Environment;
use crate::tools::{at, cmd, empty_folder, files, root, run, say, shell, target, walk, Result};

/// A host that opens a model, restores, and lives on.
pub struct Host {
    pub name: &'static str,
    /// Its command, behind that of the one who watches it.
    pub live: Box<dyn Fn(Cmd<'static>) -> Cmd<'static> + Send + Sync>,
    /// Parts of names of files that it may write.
    pub allowed: &'static [&'static str],
}

/// The hosts that are on this machine, each living for some seconds.
pub fn all(seconds: &'static str) -> Result<Vec<Host>> {
    let mut hosts = Vec::new();
    for leaver in leavers()? {
        let live = move |watcher: Cmd<'static>| (leaver.command)(bare(watcher), "live", seconds);
        hosts.push(Host { name: leaver.name, live: Box::new(live), allowed: leaver.allowed });
    }
    if HERE {
        let (python, adapter) = (Environment::Micromanager.interpreter()?, installed()?);
        let tests = root().join("tests/micromanager");
        let live = move |watcher: Cmd<'static>| {
            let watcher = bare(watcher).env("PARFOCAL_ADAPTER", &adapter).env("PYTHONPATH", &tests);
            watcher.arg(&python).arg("-B").arg(source("guest_micromanager.py")).arg(seconds)
        };
        hosts.push(Host { name: "Micro-Manager", live: Box::new(live), allowed: &[] });
    }
    Ok(hosts)
}

/// Adds to a command: what ("live" or "leave"), and a number (seconds, or microseconds until it leaves by 7).
type Start = Box<dyn Fn(Cmd<'static>, &str, &str) -> Cmd<'static> + Send + Sync>;

/// A host that can also end at any moment.
struct Leaver {
    name: &'static str,
    command: Start,
    allowed: &'static [&'static str],
    /// Microseconds from its start to when all is at work.
    longest: u64,
}

fn leavers() -> Result<Vec<Leaver>> {
    let library = guest()?.folder.join("libparfocal.so");
    let mut found = Vec::new();
    if let Some(reason) = machine::missing(&[JAVA])? {
        say!("no JVM: {reason}");
    } else {
        let (classes, library) = (java_classes()?, library.clone());
        let command = move |command: Cmd<'static>, what: &str, number: &str| {
            // The JVM's own file in /tmp is not ours.
            let command = command.args(["java", "-XX:-UsePerfData", "-cp"]).arg(&classes);
            let library = format!("-Dparfocal.library={}", library.display());
            command.arg(library).arg("Guest").arg(tiny()).args([what, number])
        };
        found.push(Leaver { name: "JVM", command: Box::new(command), allowed: &["hsperfdata"], longest: 400_000 });
    }
    let (python, shared) = (Environment::Light.interpreter()?, library.clone());
    let command = move |command: Cmd<'static>, what: &str, number: &str| {
        command.arg(&python).arg("-B").arg(source("guest_python.py")).arg(&shared).arg(tiny()).args([what, number])
    };
    found.push(Leaver { name: "Python", command: Box::new(command), allowed: &[], longest: 150_001 });
    if let Some(reason) = machine::missing(&[OCTAVE])? {
        say!("no Octave: {reason}");
    } else {
        let (matlab, code) = (octave_folder()?, root().join("tests/c"));
        let command = move |command: Cmd<'static>, what: &str, number: &str| {
            let call = format!("guest_octave('{}', '{what}', {number})", tiny().display());
            let command = command.env("PARFOCAL_LIBRARY", &library).args(["octave-cli", "--quiet", "--norc"]);
            let command = command.arg("--no-history").arg("--path").arg(&matlab).arg("--path").arg(&code);
            command.args(["--eval", &call])
        };
        found.push(Leaver { name: "Octave", command: Box::new(command), allowed: &[], longest: 150_001 });
    }
    Ok(found)
}

/// +parfocal with its gateway, built as users of Octave do.
fn octave_folder() -> Result<PathBuf> {
    let (from, to) = (root().join("bindings/matlab"), target().join("hard/octave"));
    empty_folder(&to)?;
    run(cmd!("cp -r {from}/. {to}"))?;
    let build = format!("build_octave('{}')", root().join("include").display());
    run(cmd!("octave-cli --quiet --norc --no-history --path {to} --eval {build}"))?;
    Ok(to)
}

/// The Java library and tests/c/Guest.java, compiled.
fn java_classes() -> Result<PathBuf> {
    let classes = target().join("hard/java");
    empty_folder(&classes)?;
    let mut sources = walk(&root().join("bindings/java/src/main/java"))?;
    sources.retain(|file| file.extension().is_some_and(|e| e == "java") && !file.ends_with("package-info.java"));
    sources.push(source("Guest.java"));
    run(cmd!("javac -nowarn -d {classes} {sources...}"))?;
    let release = classes.join("org/parfocal/release.properties");
    fs::write(&release, format!("version={}\n", Project::read()?.version)).map_err(at(&release))?;
    Ok(classes)
}

/// How often each host ends, for a longer trial: PARFOCAL_EXITS=50 is 200 ends of the JVM, Python, Octave and of C for
/// each of three kinds of work.
const EXITS: &str = "PARFOCAL_EXITS";

pub fn exits(otherwise: u32) -> Result<u32> {
    match std::env::var(EXITS) {
        Ok(text) => text.parse().map_err(|_| format!("{EXITS}={text}: expected a whole number")),
        Err(_) => Ok(otherwise),
    }
}

/// Microseconds, spread over all moments up to `longest`.
pub fn moment(number: u32, longest: u64) -> u64 {
    // A prime, so that no moment is left out.
    u64::from(number) * 7919 % longest
}

/// Each host ends at different moments while threads of it or of the library are at work: with the status that it asked
/// for, nothing printed, and no file (a crash log, a core) left.
pub fn leave() -> Result<Outcome> {
    let folder = target().join("hard/leave");
    empty_folder(&folder)?;
    let leavers = leavers()?;
    for leaver in &leavers {
        let times = exits(10)?;
        for number in 0..times {
            let after = moment(number, leaver.longest).to_string();
            leaves(leaver, &folder, &after)?;
        }
        say!("{}: {times} ends at different moments, all as asked for, no crash log", leaver.name);
    }
    if leavers.len() < 3 {
        return skip("a host is not on this machine; see above");
    }
    Ok(Outcome::Passed)
}

fn leaves(leaver: &Leaver, folder: &Path, after: &str) -> Result<()> {
    let command = bare(shell().cmd("env")).env("HOME", folder);
    let ended = Command::from((leaver.command)(command, "leave", after)).current_dir(folder).output();
    let ended = ended.map_err(|e| format!("{}: {e}", leaver.name))?;
    let left = files(folder)?;
    if ended.status.code() == Some(7) && left.is_empty() && ended.stderr.is_empty() {
        return Ok(());
    }
    Err(format!(
        "{}, leaving after {after} microseconds: {}; expected status 7; left {left:?}; printed {}",
        leaver.name,
        ended.status,
        String::from_utf8_lossy(&ended.stderr)
    ))
}
