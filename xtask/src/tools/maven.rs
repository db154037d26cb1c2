//! Maven, which builds and tests the Java library and the Fiji plugin in one go.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Mutex;

use xshell::Cmd;

use super::{cmd, printed, ran, root, say, Result};

/// A Maven command over both projects; it prints only what fails. To be run by `ran_alone`.
pub fn maven(goals: &[&str]) -> Cmd<'static> {
    // No colours, no progress of downloads, and nobody to ask.
    cmd!("mvn --quiet --batch-mode --no-transfer-progress -Dstyle.color=never --file xtask/maven/pom.xml {goals...}")
}

/// Runs a Maven command while no other stage does: they share the folders of classes and reports. It may end badly.
pub fn ran_alone(command: impl Into<Command>) -> Result<Output> {
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    Ok(ran(command)?.1)
}

/// Runs a Maven command, which must end well; what it prints is shown if it does not.
pub fn run_alone(command: Cmd) -> Result<()> {
    let name = command.to_string();
    let ran = ran_alone(command)?;
    if ran.status.success() {
        return Ok(());
    }
    Err(format!("{name}: {}; it printed:\n{}", ran.status, printed(&ran).trim()))
}

/// `-Dname=value`.
pub fn property(name: &str, value: impl AsRef<Path>) -> String {
    format!("-D{name}={}", value.as_ref().display())
}

/// The jars that `mvn package` makes: the Java library's and the plugin's.
pub struct Jars {
    pub library: PathBuf,
    pub plugin: PathBuf,
}

/// Builds both; the stage `fiji` runs their tests.
pub fn jars(version: &str) -> Result<Jars> {
    say!("building the Java library and the plugin");
    // Quiet Mavens print colour codes all the same.
    run_alone(maven(&["package", "-Dmaven.test.skip=true"]))?;
    let jars = Jars {
        library: root().join(format!("bindings/java/target/parfocal-java-{version}.jar")),
        plugin: root().join(format!("fiji-plugin/target/Parfocal_-{version}.jar")),
    };
    for jar in [&jars.library, &jars.plugin] {
        if !jar.is_file() {
            return Err(format!(
                "{}: not made; is the version in xtask/maven/pom.xml that of Cargo.toml?",
                jar.display()
            ));
        }
    }
    Ok(jars)
}
