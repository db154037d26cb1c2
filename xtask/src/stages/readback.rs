//! The test stage `readback`: other software reads the files that the command writes.

use std::path::PathBuf;

use super::fiji::NEWEST_IMAGEJ;
use super::{pytest::pytest, Outcome};
use crate::tools::machine::{self, in_ci, JAVA};
use crate::tools::maven::{maven, property, run_alone};
use crate::tools::python::Environment;
use crate::tools::{make_folder, run, say, target, Result};

pub fn check() -> Result<Outcome> {
    let mut pytest = pytest(Environment::Light, "tests/readback")?;
    match machine::missing(&[JAVA])? {
        None => pytest = pytest.env("PARFOCAL_IMAGEJ", imagej()?),
        Some(reason) if in_ci() => return Err(reason),
        Some(reason) => say!("without Bio-Formats and ImageJ: {reason}"),
    }
    run(pytest)?;
    Ok(Outcome::Passed)
}

/// ImageJ's jar, fetched by Maven.
fn imagej() -> Result<PathBuf> {
    let folder = target().join("judges");
    let jar = folder.join(format!("ij-{NEWEST_IMAGEJ}.jar"));
    if !jar.is_file() {
        make_folder(&folder)?;
        let artifact = format!("-Dartifact=net.imagej:ij:{NEWEST_IMAGEJ}");
        let copy = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy";
        run_alone(maven(&["--non-recursive", copy, &artifact, &property("outputDirectory", &folder)]))?;
    }
    Ok(jar)
}
