//! The test stage `fiji`: the Java library and the plugin with the packaged library, in a JVM and on a screen.

pub mod bench;

use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use super::{skip, Outcome};
use crate::package::fiji::{fiji, same_bytes, unpacked};
use crate::package::HERE;
use crate::tools::machine::{self, check_machine, JAVA, SCREEN};
use crate::tools::maven::{maven, property, ran_alone};
use crate::tools::{cmd, printed, root, run, say, target, Result};

/// The newest ImageJ that is tested beside the oldest, which is the one in xtask/maven/pom.xml.
pub const NEWEST_IMAGEJ: &str = "1.54p";
/// Words in the JVM's warnings about our code.
const OURS: &[&str] = &["org.parfocal", "org/parfocal", "libparfocal", "Java_org_parfocal"];

/// `cargo xtask package fiji`.
pub fn package() -> Result<()> {
    check_machine()?;
    match machine::missing(&[JAVA])? {
        Some(reason) => Err(format!("package fiji: {reason}")),
        None => fiji().map(drop),
    }
}

pub fn check() -> Result<Outcome> {
    if !HERE {
        return skip("the package for Fiji is made on Linux on x86-64 only");
    }
    if let Some(reason) = machine::missing(&[JAVA, SCREEN])? {
        return skip(reason);
    }
    same_bytes()?;
    let newest = format!("-Dij.version={NEWEST_IMAGEJ}");
    tests("oldest ImageJ", &Tests::default())?;
    checked_jni()?;
    let plugin = Tests { properties: vec![newest.clone()], plugin_only: true, ..Tests::default() };
    tests("newest ImageJ", &plugin)?;
    let mut windows = Tests { plugin_only: true, screen: true, ..Tests::default() };
    windows.properties =
        ["groups=window", "excludedGroups=", "headless=false"].map(|p| format!("-Dparfocal.{p}")).into();
    windows.properties.push(property("parfocal.unpacked", unpacked()?));
    windows.properties.push(property("parfocal.site", fiji()?.site));
    tests("windows of the oldest ImageJ", &windows)?;
    windows.properties.push(newest);
    tests("windows of the newest ImageJ", &windows)?;
    Ok(Outcome::Passed)
}

/// What Maven runs: the tests of both projects, or of the plugin.
#[derive(Default)]
struct Tests {
    /// Arguments of the JVM that runs them.
    arguments: &'static str,
    properties: Vec<String>,
    plugin_only: bool,
    /// On a display of its own.
    screen: bool,
}

/// Runs tests, which must pass without a warning of the JVM.
fn tests(name: &str, tests: &Tests) -> Result<()> {
    let printed = output(name, tests)?;
    match &warnings(&printed)[..] {
        [] => Ok(()),
        warned => Err(format!("mvn test ({name}): the JVM warns:\n{}", warned.join("\n"))),
    }
}

/// Runs tests under `-Xcheck:jni`: no warning about our code, except for the planted fault.
fn checked_jni() -> Result<()> {
    let name = "-Xcheck:jni";
    // Without the tests that start programs of their own, which would run without the check.
    let groups = "-Dparfocal.excludedGroups=window,process,planted".to_owned();
    let properties = vec![property("parfocal.planted", planted()?), groups];
    let printed = output(name, &Tests { arguments: name, properties, ..Tests::default() })?;
    let (seen, warned): (Vec<_>, Vec<_>) =
        warnings(&printed).into_iter().partition(|warning| warning.contains("PlantedFaultTest.plant"));
    if !warned.is_empty() {
        return Err(format!("mvn test ({name}): the JVM warns:\n{}", warned.join("\n")));
    }
    if seen.is_empty() {
        return Err(format!(
            "mvn test ({name}): the JVM did not report the planted fault, so this run proves nothing:\n{}",
            printed.trim()
        ));
    }
    Ok(())
}

/// Compiles the library with the fault, for `PlantedFaultTest`.
fn planted() -> Result<PathBuf> {
    let include = machine::java_home().ok_or("java does not print its java.home")?.join("include");
    let linux = include.join("linux");
    let library = target().join("package/fiji/libplanted.so");
    let source = root().join("bindings/java/src/test/c/planted.c");
    run(cmd!("cc -shared -fPIC -Wall -Wextra -Werror -o {library} -I {include} -I {linux} {source}"))?;
    Ok(library)
}

/// What Maven and the tests print; an error if one fails.
fn output(name: &str, tests: &Tests) -> Result<String> {
    let fiji = fiji()?;
    let mut command = maven(&["test"]);
    if tests.plugin_only {
        // The library is compiled, its tests are not run again.
        command = command.args(["-Dsurefire.failIfNoSpecifiedTests=false", "-Dtest=org.parfocal.fiji.**"]);
    }
    command = command
        .arg(property("parfocal.library", fiji.library()))
        .arg(property("parfocal.command", &fiji.command))
        .args(&tests.properties)
        .env_remove("PARFOCAL_ONNXRUNTIME");
    if !tests.arguments.is_empty() {
        command = command.arg(format!("-Dparfocal.testArguments={}", tests.arguments));
    }
    let started = Instant::now();
    let ran = if tests.screen { ran_alone(on_screen(command))? } else { ran_alone(command)? };
    let printed = printed(&ran);
    if !ran.status.success() {
        return Err(format!("mvn test ({name}): {}; it printed:\n{}", ran.status, printed.trim()));
    }
    say!("{name}: passed in {:.0} s", started.elapsed().as_secs_f64());
    Ok(printed)
}

/// The same command on a virtual display.
fn on_screen(command: impl Into<Command>) -> Command {
    let command = command.into();
    let mut screen = Command::new("xvfb-run");
    screen.args(["--auto-servernum", "--server-args=-screen 0 1600x1200x24"]);
    screen.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => screen.env(name, value),
            None => screen.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        screen.current_dir(folder);
    }
    screen
}

/// The warnings of `-Xcheck:jni` that name our code in their line or in one of the frames below it.
fn warnings(printed: &str) -> Vec<String> {
    let lines: Vec<&str> = printed.lines().collect();
    // Java 24 and later also warn that a native library is loaded at all.
    let kinds = ["WARNING in native method", "WARNING: JNI ", "FATAL ERROR in native method"];
    let starts = |line: &&str| kinds.iter().any(|kind| line.contains(kind));
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate().filter(|(_, line)| starts(line)) {
        let frames = lines[at + 1..].iter().take_while(|frame| frame.trim_start().starts_with("at ")).take(12);
        let whole: Vec<&str> = std::iter::once(*line).chain(frames.copied()).collect();
        if whole.iter().any(|part| OURS.iter().any(|name| part.contains(name))) {
            found.push(whole.join("\n"));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::warnings;

    #[test]
    fn only_warnings_about_us_count() {
        let printed = "[INFO] WARNING: a word\nWARNING in native method: JNI call made without checking exceptions\n\
                       \tat org.parfocal.Native.restore(Native Method)\n\
                       \tat org.parfocal.ParfocalModel.restore(ParfocalModel.java:36)\n\
                       WARNING in native method: JNI call made without checking exceptions\n\
                       \tat sun.font.X(Native Method)\n\
                       \tat sun.font.Y\nfine\n";
        let found = warnings(printed);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("Native.restore"));
        let loaded = "WARNING: java.lang.System::load has been called by org.parfocal.Libraries in an unnamed module";
        assert!(warnings(loaded).is_empty());
        assert_eq!(
            warnings("WARNING: JNI local refs: 40, exceeds capacity: 32\n\tat java.lang.Thread.run\n"),
            Vec::<String>::new()
        );
    }
}
