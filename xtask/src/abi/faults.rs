//! The boundary under load and under watch: AddressSanitizer, valgrind, panics, two runtimes, threads at random, memory.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{bad_input_arguments, bad_input_program, folder, linked, model, silent, sources, C, OPTIONS};
use crate::python::Environment;
use crate::tools::{cargo, need, output, root, run, target, Result};
use crate::{package, runtime};

const TARGET: &str = "x86_64-unknown-linux-gnu";
/// Bytes of resident memory that a restore may add.
const SLOPE: f64 = 50.0;

pub fn stage() -> Result<()> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        println!("skipped: AddressSanitizer and valgrind are used on Linux on x86-64 only");
        return Ok(());
    }
    need(&[("gcc", "gcc"), ("valgrind", "valgrind")])?;
    let work = folder("faults")?;
    let runtime = runtime::install()?;
    address_sanitizer(&work, &runtime)?;
    valgrind(&work, &runtime)?;
    let prefix = package::unpacked()?;
    two_runtimes(&prefix)?;
    stress(&prefix, &work)?;
    slope(&prefix, &work)
}

/// What the linker is told about a library that lies in `folder`, under the name that programs ask for.
fn library(folder: &Path) -> Result<Vec<String>> {
    let name = folder.join(package::soname()?);
    if !name.exists() {
        std::os::unix::fs::symlink("libparfocal.so", &name).map_err(|e| format!("{}: {e}", name.display()))?;
    }
    let folder = folder.display();
    let include = root().join("include");
    Ok(vec![
        format!("-I{}", include.display()),
        format!("-L{folder}"),
        "-lparfocal".into(),
        format!("-Wl,-rpath,{folder}"),
        "-lm".into(),
        "-lpthread".into(),
    ])
}

/// The whole C suite, the bad input and a panic against an instrumented library; and an overread that must be seen.
fn address_sanitizer(work: &Path, runtime: &Path) -> Result<()> {
    let out = target().join("abi/sanitized");
    run(cargo()
        .args(["build", "--quiet", "--package", "parfocal", "--lib", "--features", "plant", "--target", TARGET])
        // The compiler of the toolchain in use can; it only keeps the switch for nightly ones.
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTFLAGS", "-Zsanitizer=address")
        .env("CARGO_TARGET_DIR", &out))?;
    let mut words = library(&out.join(TARGET).join("debug"))?;
    words.push("-fsanitize=address".into());
    let compile = |sources: &[PathBuf], name: &str| -> Result<PathBuf> {
        let program = work.join(name);
        run(Command::new("gcc").args(C).args(sources).arg("-o").arg(&program).args(&words))?;
        Ok(program)
    };
    let leaks = format!("suppressions={}:print_suppressions=0", root().join("tests/abi/leaks.supp").display());
    let prepared = |program: &Path| {
        let mut command = Command::new(program);
        command
            .env("PARFOCAL_ONNXRUNTIME", runtime)
            .env("ASAN_OPTIONS", "detect_leaks=1:allocator_may_return_null=1:detect_stack_use_after_return=1")
            .env("LSAN_OPTIONS", &leaks);
        command
    };

    let suite = compile(&sources("tests/c", "c")?, "suite_asan")?;
    let log = work.join("suite_asan.log");
    silent(prepared(&suite).arg(model()).arg(work).arg(&log).arg(OPTIONS), &log)?;
    let table = bad_input_program(work, &mut words.clone())?;
    silent(prepared(&table).args(bad_input_arguments(work)), &work.join("bad_input.log"))?;
    let faults = compile(&[root().join("tests/abi/faults.c")], "faults_asan")?;
    silent(prepared(&faults).arg("panic").arg(model()), &log)?;

    // What is caught above would be caught.
    let caught = prepared(&faults).arg("overread").output().map_err(|e| format!("{}: {e}", faults.display()))?;
    let said = String::from_utf8_lossy(&caught.stderr);
    if caught.status.success() || !said.contains("heap-buffer-overflow") || !said.contains("parfocal_test_overread") {
        return Err(format!("a planted overread inside the library was not caught: {}, {said}", caught.status));
    }
    Ok(())
}

/// The fast part of the C suite on the plain library.
fn valgrind(work: &Path, runtime: &Path) -> Result<()> {
    run(cargo().args(["build", "--quiet", "--package", "parfocal", "--lib"]))?;
    let program = work.join("suite_valgrind");
    let words = library(&target().join("debug"))?;
    run(Command::new("gcc").args(C).args(sources("tests/c", "c")?).arg("-o").arg(&program).args(words))?;
    let log = work.join("suite_valgrind.log");
    let mut command = Command::new("valgrind");
    command
        .args(["--quiet", "--error-exitcode=9", "--leak-check=full", "--show-leak-kinds=definite,indirect"])
        .args(["--errors-for-leak-kinds=definite,indirect", "--fair-sched=yes", "--num-callers=30"])
        .arg(format!("--suppressions={}", root().join("tests/abi/valgrind.supp").display()))
        .arg(&program)
        .arg(model())
        .arg(work)
        .arg(&log)
        .args([OPTIONS, "fast"])
        .env("PARFOCAL_ONNXRUNTIME", runtime);
    silent(&mut command, &log)
}

/// Our ONNX Runtime and another version of it in one process, whichever comes first.
fn two_runtimes(prefix: &Path) -> Result<()> {
    for first in ["parfocal", "onnxruntime"] {
        run(Environment::Abi
            .command()?
            .arg("tests/abi/two_runtimes.py")
            .arg(prefix.join("lib/libparfocal.so"))
            .arg(model())
            .arg(first)
            .env_remove("PARFOCAL_ONNXRUNTIME"))?;
    }
    Ok(())
}

/// A program of tests/abi on the archive; what it printed.
fn program(prefix: &Path, work: &Path, name: &str, arguments: &[&str]) -> Result<String> {
    let program = work.join(name);
    let source = root().join(format!("tests/abi/{name}.c"));
    run(Command::new("gcc")
        .args(C)
        .arg(source)
        .arg("-o")
        .arg(&program)
        .args(linked(prefix)?)
        .args(["-lm", "-lpthread"]))?;
    output(
        Command::new(&program)
            .arg(model())
            .args(arguments)
            .env("LD_LIBRARY_PATH", prefix.join("lib"))
            .env_remove("PARFOCAL_ONNXRUNTIME"),
    )
}

/// Threads that do everything at random; PARFOCAL_STRESS_SECONDS sets how long (60).
fn stress(prefix: &Path, work: &Path) -> Result<()> {
    let seconds = std::env::var("PARFOCAL_STRESS_SECONDS").unwrap_or_else(|_| "60".into());
    let counts = program(prefix, work, "stress", &[&seconds])?;
    println!("stress, {seconds} s: {}", counts.trim());
    Ok(())
}

/// Resident memory over 20000 restores.
fn slope(prefix: &Path, work: &Path) -> Result<()> {
    let text = program(prefix, work, "slope", &["20000"])?;
    let slope: f64 = text.trim().parse().map_err(|_| format!("slope printed '{text}'; expected a number"))?;
    println!("resident memory: {slope:.1} bytes a call (limit {SLOPE})");
    if slope < SLOPE {
        return Ok(());
    }
    Err(format!("resident memory grows by {slope:.1} bytes a call; expected less than {SLOPE}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A suppression file may name ONNX Runtime only.
    #[test]
    fn only_the_runtime_is_suppressed() {
        for name in ["leaks.supp", "valgrind.supp"] {
            let text = std::fs::read_to_string(root().join("tests/abi").join(name)).unwrap();
            for line in text.lines().map(str::trim).filter(|l| !l.starts_with('#')) {
                if let Some(what) = line.strip_prefix("leak:").or(line.strip_prefix("obj:")) {
                    assert!(what.contains("onnxruntime"), "{name}: {line}");
                } else {
                    assert!(!line.starts_with("fun:") && !line.starts_with("src:"), "{name}: {line}");
                }
            }
        }
    }
}
