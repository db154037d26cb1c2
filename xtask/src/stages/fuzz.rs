//! The test stage `fuzz`: the fuzz targets of tests/fuzz, built and run.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use super::{skip, Outcome};
use crate::tools::{
    at, cache, cargo, cmd, has_program, lock, make_folder, output, read, root, run, say, shell, shown, target, Result,
};

/// A fuzz target, the longest input in bytes, and folders of the tests whose files are inputs too.
struct Target {
    name: &'static str,
    longest: u32,
    seeds: &'static [&'static str],
}

const TARGETS: &[Target] = &[
    Target { name: "tiff", longest: 8192, seeds: &["tests/data/good", "tests/data/kinds", "tests/data/bad"] },
    Target { name: "options", longest: 512, seeds: &[] },
    Target { name: "layout", longest: 128, seeds: &[] },
    Target { name: "model", longest: 4096, seeds: &[] },
];

/// The flags of cargo-fuzz: libFuzzer sees which code ran and what was compared, and memory is watched.
const FLAGS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
                     -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
                     -Cllvm-args=-sanitizer-coverage-trace-compares -Cllvm-args=-sanitizer-coverage-stack-depth \
                     --cfg fuzzing -Zsanitizer=address";

/// Targets at once: CI has two cores.
const TOGETHER: usize = 2;

/// Builds the fuzz targets, and runs each for PARFOCAL_FUZZ_SECONDS (60); 0 only runs the inputs that exist.
pub fn check() -> Result<Outcome> {
    if !cfg!(target_os = "linux") {
        return skip("the fuzz targets are built for Linux only");
    }
    let seconds: u32 = match std::env::var("PARFOCAL_FUZZ_SECONDS") {
        Ok(text) => text.parse().map_err(|_| format!("PARFOCAL_FUZZ_SECONDS={text}: expected a whole number"))?,
        Err(_) => 60,
    };
    let started = Instant::now();
    let programs = build()?;
    say!("built in {:.0} s", started.elapsed().as_secs_f64());
    // Another checkout must not change the grown corpus meanwhile.
    let _lock = lock("fuzz")?;
    let mut failed = Vec::new();
    for targets in TARGETS.chunks(TOGETHER) {
        let running: Vec<_> = targets.iter().map(|t| start(t, &programs, seconds)).collect::<Result<_>>()?;
        for (target, (mut child, log)) in targets.iter().zip(running) {
            let status = child.wait().map_err(|e| format!("{}: {e}", target.name))?;
            let text = String::from_utf8_lossy(&read(&log)?).into_owned();
            if status.success() {
                let last = text.lines().rfind(|line| line.starts_with("Done ")).unwrap_or("ended");
                say!("{}: {last}", target.name);
            } else {
                say!("{}: {status}\n{}", target.name, finding(&text));
                say!("whole report: {}", shown(&log));
                failed.push(target.name);
            }
        }
    }
    if failed.is_empty() {
        return Ok(Outcome::Passed);
    }
    Err(format!(
        "a finding of {}: the input is named above; tests/fuzz/README.md says how to run it again",
        failed.join(" and ")
    ))
}

/// Builds the programs and returns their folder. They need nothing but a stable toolchain and a C++ compiler.
fn build() -> Result<PathBuf> {
    let compiler = std::env::var("CXX").unwrap_or_else(|_| "c++".into());
    if !has_program(&compiler) {
        return Err(format!("missing: a C++ compiler, {compiler} (Debian: apt-get install g++)"));
    }
    let version = output(cmd!("rustc -vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).ok_or("rustc -vV names no host")?;
    let folder = target().join("fuzz");
    // With --target, build scripts do not get the flags.
    let build = ["build", "--quiet", "--locked", "--release", "--bins", "--target", host];
    run(cargo()
        .args(build)
        .args(["--manifest-path", "tests/fuzz/Cargo.toml", "--target-dir"])
        .arg(&folder)
        .env("RUSTC_BOOTSTRAP", "1")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env("RUSTFLAGS", FLAGS))?;
    Ok(folder.join(host).join("release"))
}

/// Starts a target; returns the process and the file that it reports to. Inputs that reach further go to the cache.
fn start(fuzzed: &Target, programs: &Path, seconds: u32) -> Result<(Child, PathBuf)> {
    let grown = cache()?.join("fuzz-corpus").join(fuzzed.name);
    let findings = target().join("fuzz/findings");
    make_folder(&grown)?;
    make_folder(&findings)?;
    let log = findings.join(format!("{}.log", fuzzed.name));
    let file = File::create(&log).map_err(at(&log))?;
    let errors = file.try_clone().map_err(at(&log))?;
    let limit = if seconds == 0 { "-runs=0".to_owned() } else { format!("-max_total_time={seconds}") };
    let mut command = shell()
        .cmd(programs.join(fuzzed.name))
        .arg(&grown)
        .arg(format!("tests/fuzz/corpus/{}", fuzzed.name))
        .args(fuzzed.seeds)
        .args([limit, format!("-max_len={}", fuzzed.longest)])
        // An input that takes a second is slow already. Memory is counted beside the sanitizer's own.
        .args(["-timeout=10", "-rss_limit_mb=2048", "-malloc_limit_mb=512", "-verbosity=1"])
        .arg(format!("-artifact_prefix={}/{}-", findings.display(), fuzzed.name));
    let words = format!("tests/fuzz/dictionaries/{}.dict", fuzzed.name);
    if root().join(&words).exists() {
        command = command.arg(format!("-dict={words}"));
    }
    let mut command = Command::from(command);
    let child = command.stdin(Stdio::null()).stdout(file).stderr(errors).spawn();
    Ok((child.map_err(|e| format!("{}: cannot be started: {e}", fuzzed.name))?, log))
}

/// The lines of a report that say what went wrong, and where the input is.
fn finding(text: &str) -> String {
    let starts = ["thread ", "SUMMARY", "artifact_prefix", "==", "assertion", "attempt"];
    let lines: Vec<&str> = text.lines().collect();
    let is_wanted = |i: &usize| {
        let (line, before) = (lines[*i], i.checked_sub(1).map_or("", |i| lines[i]));
        starts.iter().any(|s| line.starts_with(s)) || before.contains("panicked at")
    };
    (0..lines.len()).filter(is_wanted).map(|i| lines[i]).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use crate::tools::{files, root};

    #[test]
    fn every_target_has_seeds() {
        for target in super::TARGETS {
            let folder = root().join("tests/fuzz/corpus").join(target.name);
            let sizes: Vec<_> = files(&folder).unwrap().iter().map(|file| file.metadata().unwrap().len()).collect();
            assert!(!sizes.is_empty(), "{}", target.name);
            // libFuzzer would cut longer ones.
            assert!(sizes.iter().all(|size| *size <= target.longest.into()), "{}", target.name);
        }
    }
}
