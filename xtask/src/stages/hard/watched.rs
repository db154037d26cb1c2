//! Watched memory, and faults on purpose: builds of the library that never ship (feature `plant`).

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Instant;

use xshell::Cmd;

use super::library::{source, suite_sources, tiny, watch, Ended, Library};
use crate::package;
use crate::stages::{abi, skip, Outcome};
use crate::tools::machine::{self, JAVA};
use crate::tools::maven::{maven, property, run_alone};
use crate::tools::{at, cargo, empty_folder, root, run, runtime, say, target, Result};

const TARGET: &str = "x86_64-unknown-linux-gnu";
/// The watchers' exit status when they saw something; the suite's own are 1 and 2.
const SEEN: &str = "99";
const OPTIONS: &str = "device=cpu threads=1";

/// Copies a library, as `cargo build --lib` leaves it, under both of its names: other builds write to the same place.
fn kept(name: &'static str, built: &Path) -> Result<Library> {
    let folder = target().join("hard/libraries").join(name);
    empty_folder(&folder)?;
    let from = built.join("libparfocal.so");
    for file in ["libparfocal.so", &package::soname()?] {
        fs::copy(&from, folder.join(file)).map_err(at(&from))?;
    }
    Ok(Library { name, folder, runtime: Some(runtime::install()?) })
}

fn build_library() -> Cmd<'static> {
    cargo().args(["build", "--quiet", "--locked", "--package", "parfocal", "--lib"])
}

/// The library as developers build it, with the faults.
fn plain() -> Result<&'static Library> {
    static ONCE: OnceLock<Result<Library>> = OnceLock::new();
    let made = ONCE.get_or_init(|| {
        run(build_library().args(["--features", "plant"]))?;
        let library = kept("plain", &target().join("debug"))?;
        // Puts the library without faults back.
        run(build_library())?;
        Ok(library)
    });
    made.as_ref().map_err(Clone::clone)
}

/// The same with its runtime beside it, as in the archive.
pub fn guest() -> Result<&'static Library> {
    static ONCE: OnceLock<Result<Library>> = OnceLock::new();
    let made = ONCE.get_or_init(|| {
        let mut library = kept("guest", &plain()?.folder)?;
        runtime::place(&library.folder.join(package::RUNTIME), Some(package::RUNTIME))?;
        library.runtime = None;
        Ok(library)
    });
    made.as_ref().map_err(Clone::clone)
}

/// The library instrumented by AddressSanitizer: a suite that gcc instruments does not see inside the library.
fn instrumented() -> Result<Library> {
    let folder = target().join("hard/asan");
    let started = Instant::now();
    // With --target, build scripts do not get the flags.
    let build = build_library().args(["--features", "plant", "--target", TARGET, "--target-dir"]).arg(&folder);
    run(build
        .env("RUSTC_BOOTSTRAP", "1")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env("RUSTFLAGS", "-Zsanitizer=address"))?;
    say!("built in {:.0} s", started.elapsed().as_secs_f64());
    kept("asan", &folder.join(TARGET).join("debug"))
}

/// Runs the C suite on the tiny model.
fn suite(library: &Library, command: Cmd<'static>, fast: bool) -> Result<Ended> {
    let place = library.place()?;
    let (folder, log) = (place.join("files"), place.join("suite.log"));
    empty_folder(&folder)?;
    watch(command.arg(tiny()).arg(folder).arg(&log).arg(OPTIONS).args(fast.then_some("fast")), &log)
}

/// Makes one of the faults of tests/c/plant.c.
fn plant(library: &Library, command: Cmd<'static>, fault: &str) -> Result<Ended> {
    let log = library.place()?.join(format!("{fault}.log"));
    watch(command.arg(tiny()).arg(&log).args([OPTIONS, fault]), &log)
}

/// The watcher must have reported a planted fault in these words.
fn caught(ended: Ended, fault: &str, words: &[&str]) -> Result<()> {
    let missing: Vec<_> = words.iter().filter(|words| !ended.printed.contains(**words)).collect();
    if !ended.success && missing.is_empty() {
        say!("planted {fault}: seen");
        return Ok(());
    }
    Err(format!(
        "a planted {fault} was not seen: {}; expected a failure and {missing:?} in the report, which is:\n{}",
        ended.status, ended.printed
    ))
}

/// Each fault is reported in the words of `words`; without a fault the same program is silent.
fn faults(library: &Library, start: impl Fn(&Path) -> Cmd<'static>, flags: &[&str], words: [&[&str]; 2]) -> Result<()> {
    let program = library.program("plant", &[source("plant.c")], flags)?;
    for (fault, words) in ["overread", "leak"].into_iter().zip(words) {
        caught(plant(library, start(&program), fault)?, fault, words)?;
    }
    plant(library, start(&program), "none")?.silent("without a fault").map(drop)
}

pub fn asan() -> Result<Outcome> {
    let library = instrumented()?;
    let flags = ["-fsanitize=address", "-fno-omit-frame-pointer"];
    // Nothing is suppressed: not even inside ONNX Runtime has anything been found.
    let start = |program: &Path| {
        let command = library.command(program).env("ASAN_OPTIONS", format!("detect_leaks=1:exitcode={SEEN}"));
        command.env("LSAN_OPTIONS", format!("exitcode={SEEN}"))
    };
    // The report must have the library's frame. (The unwinder skips the one above frames of the standard library.)
    let words: [&[&str]; 2] = [
        &["heap-buffer-overflow", "in parfocal_test_overread"],
        &["detected memory leaks", "4321 byte(s)", "libparfocal.so"],
    ];
    faults(&library, start, &flags, words)?;
    let program = library.program("suite", &suite_sources()?, &flags)?;
    let started = Instant::now();
    suite(&library, start(&program), false)?.silent("the C suite")?;
    say!("the whole C suite: no finding, no leak, in {:.0} s", started.elapsed().as_secs_f64());
    let place = library.place()?;
    let include = format!("-I{}", root().join("include").display());
    let mut words = vec![include, format!("-L{}", library.folder.display())];
    words.extend(["-lparfocal", "-lm"].into_iter().chain(flags).map(str::to_owned));
    let table = abi::bad_input_program(&place, &words)?;
    let arguments = abi::bad_input_arguments(&place);
    // The library refuses sizes that no machine has when malloc gives NULL; the sanitizer reports each such size.
    let options = format!("detect_leaks=1:exitcode={SEEN}:allocator_may_return_null=1");
    let mut ended = watch(start(&table).env("ASAN_OPTIONS", options).args(&arguments), &arguments[3])?;
    let is_refusal = |line: &&str| line.contains("WARNING: AddressSanitizer failed to allocate");
    ended.printed = ended.printed.lines().filter(|line| !is_refusal(line)).collect::<Vec<_>>().join("\n");
    ended.silent("all bad input")?;
    say!("all bad input: no finding, no leak");
    Ok(Outcome::Passed)
}

/// ONNX Runtime as in the archive. (Without RUNPATH: valgrind reports the way in which glibc reads that as an error.)
fn shipped_runtime(folder: &Path) -> Result<PathBuf> {
    let library = folder.join("libonnxruntime.so");
    runtime::place(&library, None)?;
    Ok(library)
}

pub fn valgrind() -> Result<Outcome> {
    let library = plain()?;
    let runtime = shipped_runtime(&library.place()?)?;
    let start = |program: &Path| {
        let path = std::env::var_os("PATH").unwrap_or_default();
        library
            .command(Path::new("valgrind"))
            .env("PARFOCAL_ONNXRUNTIME", &runtime)
            .env("PATH", path)
            .args(["--quiet", "--tool=memcheck", "--leak-check=full", "--errors-for-leak-kinds=definite"])
            .args(["--show-leak-kinds=definite", "--num-callers=40"])
            // Otherwise a thread that polls keeps the one that it waits for from running.
            .arg("--fair-sched=yes")
            .arg(format!("--error-exitcode={SEEN}"))
            .arg(format!("--suppressions={}", source("valgrind.supp").display()))
            .arg(program)
    };
    let words: [&[&str]; 2] = [
        &["Invalid read of size 2", "parfocal_test_overread"],
        &["4,321 bytes", "definitely lost", "parfocal_test_leak"],
    ];
    faults(library, start, &[], words)?;
    let program = library.program("suite", &suite_sources()?, &[])?;
    let started = Instant::now();
    suite(library, start(&program), true)?.silent("the fast part of the C suite")?;
    say!("the fast part of the C suite: no finding, no leak, in {:.0} s", started.elapsed().as_secs_f64());
    Ok(Outcome::Passed)
}

pub fn panic() -> Result<Outcome> {
    let library = plain()?;
    let program: PathBuf = library.program("plant", &[source("plant.c")], &[])?;
    plant(library, library.command(&program), "panic")?.silent("a panic inside")?;
    if let Some(reason) = machine::missing(&[JAVA])? {
        return skip(format!("no panic in a JVM: {reason}"));
    }
    // In a JVM the panic becomes an exception, not the end of the process. Maven fails if no test has the tag.
    let tests = maven(&["test", "--projects", "../../bindings/java", "-Dtest=PlantedTest"])
        .args(["-Dparfocal.groups=planted", "-Dparfocal.excludedGroups=", "-Dparfocal.testArguments=-Xcheck:jni"])
        .arg(property("parfocal.library", library.folder.join("libparfocal.so")));
    run_alone(match &library.runtime {
        Some(runtime) => tests.env("PARFOCAL_ONNXRUNTIME", runtime),
        None => tests,
    })?;
    Ok(Outcome::Passed)
}
