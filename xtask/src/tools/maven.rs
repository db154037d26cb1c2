//! Maven, which builds and tests the Java library and the Fiji plugin in one go.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::tools::{root, Result};

/// A Maven command over both projects; quiet but for what fails.
pub fn maven(goals: &[&str]) -> Command {
    let mut command = Command::new("mvn");
    command.current_dir(root());
    // No colours, no progress of downloads, and nobody to ask.
    command.args(["--quiet", "--batch-mode", "--no-transfer-progress", "-Dstyle.color=never"]);
    command.args(["--file", "xtask/maven/pom.xml"]).args(goals);
    command
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

/// Builds both; their tests are run by the stage `fiji`.
pub fn jars(version: &str) -> Result<Jars> {
    eprintln!("xtask: building the Java library and the plugin");
    // Quiet Mavens print colour codes all the same.
    let ran =
        maven(&["package", "-Dmaven.test.skip=true"]).output().map_err(|e| format!("mvn: cannot be started: {e}"))?;
    if !ran.status.success() {
        let printed = String::from_utf8_lossy(&[ran.stdout, ran.stderr].concat()).into_owned();
        return Err(format!("mvn package: {}; it printed:\n{}", ran.status, printed.trim()));
    }
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
