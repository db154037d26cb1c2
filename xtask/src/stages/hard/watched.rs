//! Memory that is watched, and faults on purpose: builds of the library that are never shipped (feature `plant`).

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Instant;

use super::{cleared, source, suite_sources, tiny, watch, Library, Told};
use crate::package;
use crate::stages::abi;
use crate::tools::maven::{maven, property};
use crate::tools::python::Environment;
use crate::tools::{cargo, run, target, Result};
use crate::tools::{machine, runtime};

const TARGET: &str = "x86_64-unknown-linux-gnu";
/// The exit status by which the watcher tells that it saw something; the suite's own are 1 and 2.
const SEEN: &str = "99";
const OPTIONS: &str = "device=cpu threads=1";

/// Where `cargo build --lib` leaves the library, copied to a folder of its own under both of its names: other builds write to
/// the same place.
fn kept(name: &'static str, built: &Path) -> Result<Library> {
    let folder = cleared(target().join("hard/libraries").join(name))?;
    let from = built.join("libparfocal.so");
    for file in ["libparfocal.so", &package::soname()?] {
        fs::copy(&from, folder.join(file)).map_err(|e| format!("{}: {e}", from.display()))?;
    }
    Ok(Library { name, folder, runtime: Some(runtime::install()?) })
}

/// The library as developers build it, with the faults.
fn plain() -> Result<&'static Library> {
    static ONCE: OnceLock<Result<Library>> = OnceLock::new();
    let made = ONCE.get_or_init(|| {
        let build = || {
            let mut command = cargo();
            command.args(["build", "--quiet", "--locked", "--package", "parfocal", "--lib"]);
            command
        };
        run(build().args(["--features", "plant"]))?;
        let library = kept("plain", &target().join("debug"))?;
        // The library without faults lies there again.
        run(&mut build())?;
        Ok(library)
    });
    made.as_ref().map_err(Clone::clone)
}

/// The library instrumented by AddressSanitizer; gcc's alone does not see what happens inside it.
fn instrumented() -> Result<Library> {
    let folder = target().join("hard/asan");
    let started = Instant::now();
    // With --target the flags are not those of build scripts.
    run(cargo()
        .args(["build", "--quiet", "--locked", "--package", "parfocal", "--lib", "--features", "plant"])
        .args(["--target", TARGET, "--target-dir"])
        .arg(&folder)
        .env("RUSTC_BOOTSTRAP", "1")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env("RUSTFLAGS", "-Zsanitizer=address"))?;
    println!("built in {:.0} s", started.elapsed().as_secs_f64());
    kept("asan", &folder.join(TARGET).join("debug"))
}

/// The C suite on the tiny model.
fn suite(library: &Library, command: &mut Command, fast: bool) -> Result<Told> {
    let place = library.place()?;
    let (folder, log) = (cleared(place.join("files"))?, place.join("suite.log"));
    command.arg(tiny()).arg(folder).arg(&log).arg(OPTIONS);
    if fast {
        command.arg("fast");
    }
    watch(command, &log)
}

/// One of the faults of tests/c/plant.c.
fn plant(library: &Library, command: &mut Command, fault: &str) -> Result<Told> {
    let log = library.place()?.join(format!("{fault}.log"));
    watch(command.arg(tiny()).arg(&log).args([OPTIONS, fault]), &log)
}

/// The watcher must have told of a planted fault, in these words.
fn caught(told: Told, fault: &str, words: &[&str]) -> Result<()> {
    let missing: Vec<_> = words.iter().filter(|words| !told.printed.contains(**words)).collect();
    if !told.success && missing.is_empty() {
        println!("planted {fault}: seen");
        return Ok(());
    }
    Err(format!(
        "a planted {fault} was not seen: {}; expected a failure and {missing:?} in the report, which is:\n{}",
        told.status, told.printed
    ))
}

/// A fault is seen by the words of `words`; without one the same program is silent.
fn faults(library: &Library, start: impl Fn(&Path) -> Command, flags: &[&str], words: [&[&str]; 2]) -> Result<()> {
    let program = library.program("plant", &[source("plant.c")], flags)?;
    for (fault, words) in ["overread", "leak"].into_iter().zip(words) {
        caught(plant(library, &mut start(&program), fault)?, fault, words)?;
    }
    plant(library, &mut start(&program), "none")?.silent("without a fault").map(drop)
}

pub fn asan() -> Result<()> {
    let library = instrumented()?;
    let flags = ["-fsanitize=address", "-fno-omit-frame-pointer"];
    let start = |program: &Path| {
        let mut command = library.command(program);
        // Nothing is suppressed: not even inside ONNX Runtime has anything been found.
        command.env("ASAN_OPTIONS", format!("detect_leaks=1:exitcode={SEEN}"));
        command.env("LSAN_OPTIONS", format!("exitcode={SEEN}"));
        command
    };
    // The frame of the library must be in the report. (The unwinder skips the one above frames of the standard library.)
    let words: [&[&str]; 2] = [
        &["heap-buffer-overflow", "in parfocal_test_overread"],
        &["detected memory leaks", "4321 byte(s)", "libparfocal.so"],
    ];
    faults(&library, start, &flags, words)?;
    let program = library.program("suite", &suite_sources()?, &flags)?;
    let started = Instant::now();
    suite(&library, &mut start(&program), false)?.silent("the C suite")?;
    println!("the whole C suite: no finding, no leak, in {:.0} s", started.elapsed().as_secs_f64());
    let place = library.place()?;
    let include = format!("-I{}", crate::tools::root().join("include").display());
    let mut words = vec![include, format!("-L{}", library.folder.display())];
    words.extend(["-lparfocal", "-lm"].into_iter().chain(flags).map(str::to_owned));
    let table = abi::bad_input_program(&place, &mut words)?;
    let arguments = abi::bad_input_arguments(&place);
    // Sizes that no machine has are refused with NULL, as by malloc; the sanitizer tells of each that it did so.
    let mut command = start(&table);
    command.env("ASAN_OPTIONS", format!("detect_leaks=1:exitcode={SEEN}:allocator_may_return_null=1"));
    let mut told = watch(command.args(&arguments), &arguments[3])?;
    let refused = |line: &&str| line.contains("WARNING: AddressSanitizer failed to allocate");
    told.printed = told.printed.lines().filter(|line| !refused(line)).collect::<Vec<_>>().join("\n");
    told.silent("all bad input")?;
    println!("all bad input: no finding, no leak");
    Ok(())
}

/// ONNX Runtime as the archive has it, without RUNPATH: valgrind takes the way in which glibc reads that for an error.
fn without_runpath(folder: &Path) -> Result<PathBuf> {
    let library = folder.join("libonnxruntime.so");
    let from = runtime::cached()?;
    fs::copy(&from, &library).map_err(|e| format!("{}: {e}", from.display()))?;
    run(Command::new(Environment::Package.program("patchelf")?).arg("--remove-rpath").arg(&library))?;
    Ok(library)
}

pub fn valgrind() -> Result<()> {
    let library = plain()?;
    let runtime = without_runpath(&library.place()?)?;
    let start = |program: &Path| {
        let mut command = library.command(Path::new("valgrind"));
        command.env("PARFOCAL_ONNXRUNTIME", &runtime);
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        command
            .args(["--quiet", "--tool=memcheck", "--leak-check=full", "--errors-for-leak-kinds=definite"])
            .args(["--show-leak-kinds=definite", "--num-callers=40"])
            // Or a thread that polls keeps the one that it waits for from running.
            .arg("--fair-sched=yes")
            .arg(format!("--error-exitcode={SEEN}"))
            .arg(format!("--suppressions={}", source("valgrind.supp").display()))
            .arg(program);
        command
    };
    let words: [&[&str]; 2] = [
        &["Invalid read of size 2", "parfocal_test_overread"],
        &["4,321 bytes", "definitely lost", "parfocal_test_leak"],
    ];
    faults(library, start, &[], words)?;
    let program = library.program("suite", &suite_sources()?, &[])?;
    let started = Instant::now();
    suite(library, &mut start(&program), true)?.silent("the fast part of the C suite")?;
    println!("the fast part of the C suite: no finding, no leak, in {:.0} s", started.elapsed().as_secs_f64());
    Ok(())
}

pub fn panic() -> Result<()> {
    let library = plain()?;
    let program: PathBuf = library.program("plant", &[source("plant.c")], &[])?;
    plant(library, &mut library.command(&program), "panic")?.silent("a panic inside")?;
    if !machine::provide(&[machine::JAVA])? {
        return Ok(());
    }
    // The same in a JVM: an exception, not the end of it.
    let mut command = maven(&["test", "--projects", "../../bindings/java", "-Dtest=PlantedTest"]);
    // By their tag: if none ran, Maven fails.
    command
        .args(["-Dparfocal.groups=planted", "-Dparfocal.excludedGroups="])
        .arg("-Dparfocal.testArguments=-Xcheck:jni")
        .arg(property("parfocal.library", library.folder.join("libparfocal.so")));
    if let Some(runtime) = &library.runtime {
        command.env("PARFOCAL_ONNXRUNTIME", runtime);
    }
    run(&mut command)
}
