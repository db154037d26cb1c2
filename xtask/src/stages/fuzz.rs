//! `cargo xtask test fuzz` and `threads`: the crates in `tests/` that are built in a way of their own.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use crate::tools::{cargo, output, root, run, shown, target, Result};

/// A fuzz target, the longest input in bytes, and folders of the tests whose files are inputs too.
struct Target {
    name: &'static str,
    longest: u32,
    seeds: &'static [&'static str],
}

const TARGETS: &[Target] = &[
    Target { name: "tiff", longest: 8192, seeds: &["tests/data/good", "tests/data/bad"] },
    Target { name: "options", longest: 512, seeds: &[] },
    Target { name: "layout", longest: 128, seeds: &[] },
    Target { name: "model", longest: 4096, seeds: &[] },
];

/// As cargo-fuzz builds: what was reached and what was compared is told to libFuzzer, and memory is watched.
const FLAGS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
                     -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
                     -Cllvm-args=-sanitizer-coverage-trace-compares -Cllvm-args=-sanitizer-coverage-stack-depth \
                     --cfg fuzzing -Zsanitizer=address";

/// At once: CI has two cores.
const TOGETHER: usize = 2;

/// Builds the fuzz targets, and runs each for PARFOCAL_FUZZ_SECONDS (60); 0 runs the inputs that are there.
pub fn fuzz() -> Result<()> {
    if !cfg!(target_os = "linux") {
        println!("skipped: the fuzz targets are built for Linux only");
        return Ok(());
    }
    let seconds: u32 = match std::env::var("PARFOCAL_FUZZ_SECONDS") {
        Ok(text) => text.parse().map_err(|_| format!("PARFOCAL_FUZZ_SECONDS={text}: expected a whole number"))?,
        Err(_) => 60,
    };
    let started = Instant::now();
    let programs = build()?;
    println!("built in {:.0} s", started.elapsed().as_secs_f64());
    let mut failed = Vec::new();
    for targets in TARGETS.chunks(TOGETHER) {
        let running: Vec<_> = targets.iter().map(|t| start(t, &programs, seconds)).collect::<Result<_>>()?;
        for (target, (mut child, log)) in targets.iter().zip(running) {
            let status = child.wait().map_err(|e| format!("{}: {e}", target.name))?;
            let text = fs::read(&log).map_err(|e| format!("{}: {e}", log.display()))?;
            let text = String::from_utf8_lossy(&text);
            if status.success() {
                let last = text.lines().rfind(|line| line.starts_with("Done ")).unwrap_or("ended");
                println!("{}: {last}", target.name);
            } else {
                println!("{}: {status}\n{}", target.name, finding(&text));
                println!("whole report: {}", shown(&log));
                failed.push(target.name);
            }
        }
    }
    if failed.is_empty() {
        return Ok(());
    }
    Err(format!(
        "a finding of {}: the input stands above; tests/fuzz/README.md says how to run it again",
        failed.join(" and ")
    ))
}

/// The folder with the programs. They need nothing but a stable toolchain and a C++ compiler.
fn build() -> Result<PathBuf> {
    let compiler = std::env::var("CXX").unwrap_or_else(|_| "c++".into());
    if !Command::new(&compiler).arg("--version").output().is_ok_and(|o| o.status.success()) {
        return Err(format!("missing: a C++ compiler, {compiler} (Debian: apt-get install g++)"));
    }
    let version = output(Command::new("rustc").arg("-vV").current_dir(root()))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).ok_or("rustc -vV names no host")?;
    let folder = target().join("fuzz");
    // With --target the flags are not those of build scripts.
    run(cargo()
        .args(["build", "--quiet", "--release", "--bins", "--target", host])
        .args(["--manifest-path", "tests/fuzz/Cargo.toml", "--target-dir"])
        .arg(&folder)
        .env("RUSTC_BOOTSTRAP", "1")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env("RUSTFLAGS", FLAGS))?;
    Ok(folder.join(host).join("release"))
}

/// The process, and the file that it reports to. New inputs that reach further are kept in `target/fuzz/corpus`.
fn start(fuzzed: &Target, programs: &Path, seconds: u32) -> Result<(Child, PathBuf)> {
    let folder = target().join("fuzz");
    let grown = folder.join("corpus").join(fuzzed.name);
    let findings = folder.join("findings");
    for folder in [&grown, &findings] {
        fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    }
    let log = findings.join(format!("{}.log", fuzzed.name));
    let file = File::create(&log).map_err(|e| format!("{}: {e}", log.display()))?;
    let also = file.try_clone().map_err(|e| format!("{}: {e}", log.display()))?;
    let limit = if seconds == 0 { "-runs=0".to_owned() } else { format!("-max_total_time={seconds}") };
    let mut command = Command::new(programs.join(fuzzed.name));
    command
        .current_dir(root())
        .arg(&grown)
        .arg(format!("tests/fuzz/corpus/{}", fuzzed.name))
        .args(fuzzed.seeds)
        .args([limit, format!("-max_len={}", fuzzed.longest)])
        // A second would be slow already; memory beside the sanitizer's own.
        .args(["-timeout=10", "-rss_limit_mb=2048", "-malloc_limit_mb=512", "-verbosity=1"])
        .arg(format!("-artifact_prefix={}/{}-", findings.display(), fuzzed.name))
        .stdin(Stdio::null())
        .stdout(also)
        .stderr(file);
    let words = format!("tests/fuzz/dictionaries/{}.dict", fuzzed.name);
    if root().join(&words).exists() {
        command.arg(format!("-dict={words}"));
    }
    let child = command.spawn().map_err(|e| format!("{}: cannot be started: {e}", fuzzed.name))?;
    Ok((child, log))
}

/// What went wrong, and where the input is.
fn finding(text: &str) -> String {
    let starts = ["thread ", "SUMMARY", "artifact_prefix", "==", "assertion", "attempt"];
    let lines: Vec<&str> = text.lines().collect();
    let told = |i: &usize| {
        let (line, before) = (lines[*i], i.checked_sub(1).map_or("", |i| lines[i]));
        starts.iter().any(|s| line.starts_with(s)) || before.contains("panicked at")
    };
    (0..lines.len()).filter(told).map(|i| lines[i]).collect::<Vec<_>>().join("\n")
}

/// Models of what several threads share, in every order of their steps (loom).
pub fn threads() -> Result<()> {
    run(cargo()
        .args([
            "run",
            "--quiet",
            "--locked",
            "--release",
            "--manifest-path",
            "tests/threads/Cargo.toml",
            "--target-dir",
        ])
        .arg(target().join("threads")))
}
