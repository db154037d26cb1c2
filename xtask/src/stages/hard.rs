//! `cargo xtask test hard`: the C library where it hurts: watched memory, faults on purpose, another ONNX Runtime, many threads, long runs.

mod endure;
mod watched;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::package;
use crate::tools::{need, root, run, shown, target, Result};

type Part = (&'static str, &'static str, fn() -> Result<()>);

const PARTS: &[Part] = &[
    (
        "asan",
        "the whole C suite with library and suite instrumented by AddressSanitizer, leaks included",
        watched::asan,
    ),
    ("valgrind", "the fast part of the C suite under valgrind", watched::valgrind),
    ("panic", "a fault inside: a status, one handle spoiled, nothing printed", watched::panic),
    ("two", "two copies of ONNX Runtime in one process, both orders", endure::two),
    ("stress", "eight threads at once: open, restore, cancel, close, streams, stale handles", endure::stress),
    ("slope", "resident memory over 20,000 restores", endure::slope),
];

/// Chooses parts, for work on one of them: PARFOCAL_HARD=asan,stress.
const CHOICE: &str = "PARFOCAL_HARD";

/// A program that takes longer hangs; the slowest takes two minutes on two idle cores.
const PATIENCE: Duration = Duration::from_secs(900);

pub fn stage() -> Result<()> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        println!("skipped: the programs of this stage are built for Linux on x86-64 only");
        return Ok(());
    }
    let chosen = std::env::var(CHOICE).unwrap_or_default();
    let chosen: Vec<&str> = chosen.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    if let Some(unknown) = chosen.iter().find(|name| PARTS.iter().all(|part| part.0 != **name)) {
        let known: Vec<_> = PARTS.iter().map(|part| part.0).collect();
        return Err(format!("{CHOICE}: '{unknown}'; expected any of {}", known.join(", ")));
    }
    let is_chosen = |name: &str| chosen.is_empty() || chosen.contains(&name);
    // All that is missing before the first minute is spent.
    let needed = [("gcc", "gcc", true), ("valgrind", "valgrind", is_chosen("valgrind"))];
    let needed: Vec<_> = needed.iter().filter(|n| n.2).map(|n| (n.0, n.1)).collect();
    need(&needed)?;
    let mut failed = Vec::new();
    for (name, what, part) in PARTS.iter().filter(|part| is_chosen(part.0)) {
        println!("-- {name}: {what}");
        let started = Instant::now();
        if let Err(message) = part() {
            eprintln!("xtask: hard, {name}: {message}");
            failed.push(*name);
        }
        println!("-- {name}: {:.0} s", started.elapsed().as_secs_f64());
    }
    if failed.is_empty() {
        return Ok(());
    }
    Err(format!("failed: {} ({CHOICE}={} runs these only)", failed.join(", "), failed.join(",")))
}

/// A build of the library, and what programs need to run with it.
struct Library {
    /// Of its programs and logs.
    name: &'static str,
    /// Where `libparfocal.so` lies, and the name that programs load it by.
    folder: PathBuf,
    /// ONNX Runtime, where it does not lie beside the library.
    runtime: Option<PathBuf>,
}

impl Library {
    /// The library of the archive, unpacked and moved.
    fn packaged() -> Result<&'static Library> {
        static ONCE: OnceLock<Result<Library>> = OnceLock::new();
        let made = ONCE
            .get_or_init(|| Ok(Library { name: "packaged", folder: package::unpacked()?.join("lib"), runtime: None }));
        made.as_ref().map_err(Clone::clone)
    }

    /// Where programs, logs and the files of a test lie.
    fn place(&self) -> Result<PathBuf> {
        let folder = target().join("hard").join(self.name);
        fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        Ok(folder)
    }

    /// Builds a program of files in tests/c, with the strictest warnings, and links it with the library.
    fn program(&self, name: &str, sources: &[PathBuf], flags: &[&str]) -> Result<PathBuf> {
        let program = self.place()?.join(name);
        run(Command::new("gcc")
            .args(["-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror", "-g", "-O1"])
            .args(flags)
            .args(sources)
            .arg("-I")
            .arg(root().join("include"))
            .arg("-L")
            .arg(&self.folder)
            .args(["-lparfocal", "-lpthread", "-lm", "-o"])
            .arg(&program))?;
        Ok(program)
    }

    /// A command whose environment holds only what this library needs.
    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("LD_LIBRARY_PATH", &self.folder);
        if let Some(runtime) = &self.runtime {
            command.env("PARFOCAL_ONNXRUNTIME", runtime);
        }
        command
    }
}

/// A file of tests/c.
fn source(name: &str) -> PathBuf {
    root().join("tests/c").join(name)
}

/// The files of the C suite.
fn suite_sources() -> Result<Vec<PathBuf>> {
    let folder = root().join("tests/c");
    let entries = fs::read_dir(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut names: Vec<_> = names.filter(|name| name.starts_with("test_") && name.ends_with(".c")).collect();
    names.sort();
    if names.is_empty() {
        return Err(format!("{}: no test_*.c", folder.display()));
    }
    Ok(names.iter().map(|name| source(name)).chain([source("main.c")]).collect())
}

fn tiny() -> PathBuf {
    root().join("tests/models/tiny.onnx")
}

/// What a program did: whether it ended with 0, how it ended, what it printed, and what it wrote to its log.
struct Told {
    success: bool,
    status: String,
    printed: String,
    log: String,
}

impl Told {
    /// An error with all there is to know, unless it ended well and printed nothing.
    fn silent(self, what: &str) -> Result<String> {
        if self.success && self.printed.is_empty() {
            return Ok(self.log);
        }
        let printed = if self.printed.is_empty() { "nothing" } else { self.printed.trim_end() };
        Err(format!("{what}: {}\nlog:\n{}\nprinted:\n{printed}", self.status, self.log.trim_end()))
    }
}

/// Runs a program to its end, or ends it when it hangs. `log` is where it writes to, by its arguments.
fn watch(command: &mut Command, log: &Path) -> Result<Told> {
    let printed = log.with_extension("printed");
    if log.exists() {
        fs::remove_file(log).map_err(|e| format!("{}: {e}", log.display()))?;
    }
    let file = || fs::OpenOptions::new().create(true).append(true).open(&printed);
    let fail = |e: std::io::Error| format!("{}: {e}", printed.display());
    let (out, errors) = (file().map_err(fail)?, file().map_err(fail)?);
    out.set_len(0).map_err(fail)?;
    let name = shown(Path::new(command.get_program()));
    let mut child = command
        .stdin(Stdio::null())
        .stdout(out)
        .stderr(errors)
        .spawn()
        .map_err(|e| format!("{name}: cannot be started: {e}"))?;
    let started = Instant::now();
    let (success, status) = loop {
        if let Some(status) = child.try_wait().map_err(|e| format!("{name}: {e}"))? {
            break (status.success(), format!("{name}: {status}"));
        }
        if started.elapsed() > PATIENCE {
            child.kill().and_then(|()| child.wait()).map_err(|e| format!("{name}: cannot be ended: {e}"))?;
            break (false, format!("{name}: hung, and was ended after {} s", PATIENCE.as_secs()));
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    let printed = fs::read(&printed).map_err(fail)?;
    let log = fs::read_to_string(log).unwrap_or_default();
    Ok(Told { success, status, printed: String::from_utf8_lossy(&printed).into_owned(), log })
}

/// An empty folder for a test to write to.
fn cleared(folder: PathBuf) -> Result<PathBuf> {
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    }
    fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    Ok(folder)
}
