//! The test stage `fuzz`: the fuzz targets of tests/fuzz, built and run.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

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
    Target { name: "packed", longest: 512, seeds: &[] },
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
        let running: Vec<_> = targets.iter().map(|t| start(t, &programs, seconds, &[])).collect::<Result<_>>()?;
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
/// `more` are further arguments.
fn start(fuzzed: &Target, programs: &Path, seconds: u32, more: &[&str]) -> Result<(Child, PathBuf)> {
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
        .arg(format!("-artifact_prefix={}/{}-", findings.display(), fuzzed.name))
        .args(more);
    let words = format!("tests/fuzz/dictionaries/{}.dict", fuzzed.name);
    if root().join(&words).exists() {
        command = command.arg(format!("-dict={words}"));
    }
    let mut command = Command::from(command);
    let child = command.stdin(Stdio::null()).stdout(file).stderr(errors).spawn();
    Ok((child.map_err(|e| format!("{}: cannot be started: {e}", fuzzed.name))?, log))
}

/// Seconds that a target runs before the next one's turn.
const TURN: u32 = 600;

/// `cargo xtask fuzz --hours N`: all targets by turns, one at a time and at the lowest priority, for N hours of
/// processor time. What each turn took and how many inputs it ran is added to `fuzz-hours.tsv` in the cache, and the
/// sums are printed, as docs/fuzzing.md has them. Ends at the first finding.
pub fn long(arguments: &[String]) -> Result<()> {
    let hours = match arguments {
        [flag, hours] if flag == "--hours" => hours.parse::<f64>().ok().filter(|hours| *hours > 0.0),
        [] => return print_hours(),
        _ => None,
    };
    let hours = hours.ok_or("expected --hours and a number, or nothing for the hours so far")?;
    if !cfg!(target_os = "linux") {
        return Err("the fuzz targets are built for Linux only".into());
    }
    let programs = build()?;
    let mut spent = 0.0;
    for target in TARGETS.iter().cycle() {
        if spent >= hours * 3600.0 {
            break;
        }
        spent += turn(target, &programs)?;
    }
    print_hours()
}

/// Runs a target once; returns the seconds of processor time. Errors: also a finding.
fn turn(target: &Target, programs: &Path) -> Result<f64> {
    // One turn at a time, in all checkouts.
    let _lock = lock("fuzz")?;
    let (mut child, log) = start(target, programs, TURN, &["-print_final_stats=1"])?;
    let process = child.id().to_string();
    // Beneath everything else; where this is not allowed it runs as other programs do.
    let _ = std::fs::write(format!("/proc/{process}/autogroup"), "19");
    let _ = Command::new("renice").args(["-n", "19", "-p", &process]).stdout(Stdio::null()).status();
    let mut seconds = 0.0f64;
    let status = loop {
        seconds = processor_seconds(&process).map_or(seconds, |now| now.max(seconds));
        if let Some(status) = child.try_wait().map_err(|e| format!("{}: {e}", target.name))? {
            break status;
        }
        std::thread::sleep(Duration::from_millis(200));
    };
    let text = String::from_utf8_lossy(&read(&log)?).into_owned();
    let runs = text.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
    let hours = cache()?.join(HOURS);
    let when = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| time.as_secs());
    let row = format!("{when}\t{}\t{seconds:.1}\t{}\t{status}\n", target.name, runs.unwrap_or("0").trim());
    let mut file = File::options().create(true).append(true).open(&hours).map_err(at(&hours))?;
    file.write_all(row.as_bytes()).map_err(at(&hours))?;
    if !status.success() {
        return Err(format!("{}: {status}\n{}\nwhole report: {}", target.name, finding(&text), shown(&log)));
    }
    say!("{}: {seconds:.0} s, {} inputs", target.name, runs.unwrap_or("0").trim());
    Ok(seconds)
}

/// The file in the cache: when, target, seconds of processor time, inputs, how it ended.
const HOURS: &str = "fuzz-hours.tsv";

/// Processor time of a process that runs, from /proc.
fn processor_seconds(process: &str) -> Option<f64> {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // Behind the name, which may have spaces: fields 14 and 15 of all, in hundredths.
    let fields: Vec<&str> = text.rsplit(')').next()?.split_whitespace().collect();
    let hundredths: f64 = fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?;
    Some(hundredths / 100.0)
}

/// The hours and inputs of each target so far, as a table.
fn print_hours() -> Result<()> {
    let file = cache()?.join(HOURS);
    let text = std::fs::read_to_string(&file).map_err(at(&file))?;
    println!("| target | CPU-hours | inputs |\n|---|---|---|");
    for (name, hours, inputs) in sums(&text) {
        println!("| `{name}` | {hours:.3} | {inputs} |");
    }
    Ok(())
}

/// Hours and inputs of each target, and of all.
fn sums(text: &str) -> Vec<(&str, f64, u64)> {
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split('\t').collect()).collect();
    let sum = |name: &str| {
        let of = rows.iter().filter(|row| row.len() >= 4 && (name == "all" || row[1] == name));
        of.fold((0.0, 0), |(hours, inputs), row| {
            (hours + row[2].parse().unwrap_or(0.0) / 3600.0, inputs + row[3].parse().unwrap_or(0))
        })
    };
    TARGETS.iter().map(|target| target.name).chain(["all"]).map(|name| (name, sum(name).0, sum(name).1)).collect()
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
    fn hours_are_summed_by_target() {
        let text = "1\ttiff\t1800.0\t10\t0\n2\tpacked\t360.0\t5\t0\n3\ttiff\t1800.0\t7\t0\nbroken\n";
        let found = super::sums(text);
        assert!(found.contains(&("tiff", 1.0, 17)) && found.contains(&("packed", 0.1, 5)), "{found:?}");
        assert!(found.contains(&("layout", 0.0, 0)) && found.contains(&("all", 1.1, 22)), "{found:?}");
    }

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
