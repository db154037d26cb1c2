//! Programs that some stages need beside those that every stage needs: installed where a CI machine lets us, asked for elsewhere.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::tools::{in_ci, run, Result};

/// Something that must be on the machine, the Debian package that has it, and how to see that it is there.
pub struct Need {
    pub what: &'static str,
    pub package: &'static str,
    pub there: fn() -> bool,
}

/// Java, Maven: to build and test what runs in a JVM.
pub const JAVA: &[Need] = &[
    Need { what: "a JDK of at least 17", package: "default-jdk-headless", there: || java() >= Some(17) },
    Need { what: "mvn", package: "maven", there: || on_path("mvn") },
];

/// GNU Octave with what builds MEX files, and libffi for the stand-in for MATLAB's calllib.
pub const OCTAVE: &[Need] = &[
    Need { what: "octave-cli", package: "octave", there: || on_path("octave-cli") },
    Need { what: "mkoctfile", package: "octave-dev", there: || on_path("mkoctfile") },
    Need { what: "ffi.h", package: "libffi-dev", there: || header("ffi.h") },
];

/// To draw figures without a screen.
pub const FIGURES: &[Need] = &[
    Need { what: "gnuplot", package: "gnuplot-nox", there: || on_path("gnuplot") },
    Need { what: "gs", package: "ghostscript", there: || on_path("gs") },
    Need {
        what: "the font FreeSans",
        package: "fonts-freefont-otf",
        there: || Path::new("/usr/share/fonts/opentype/freefont/FreeSans.otf").is_file(),
    },
];

/// A screen without a screen, with a window manager for titles and a font for texts.
pub const SCREEN: &[Need] = &[
    Need { what: "Java with windows", package: "default-jre", there: || java_library("libawt_xawt.so") },
    Need { what: "xvfb-run", package: "xvfb", there: || on_path("xvfb-run") && on_path("Xvfb") },
    Need { what: "xauth", package: "xauth", there: || on_path("xauth") },
    Need { what: "jwm", package: "jwm", there: || on_path("jwm") },
    Need {
        what: "the font DejaVu Sans",
        package: "fonts-dejavu-core",
        there: || Path::new("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf").is_file(),
    },
];

/// True when all is there, if need be after installing it: in CI, as root, with apt-get. Elsewhere says what is missing, and is false;
/// in CI a thing that stays missing is an error.
pub fn provide(needs: &[&[Need]]) -> Result<bool> {
    let missing = |needs: &[&[Need]]| -> Vec<(&'static str, &'static str)> {
        let all = needs.iter().flat_map(|list| list.iter());
        all.filter(|need| !(need.there)()).map(|need| (need.what, need.package)).collect()
    };
    let mut absent = missing(needs);
    if absent.is_empty() {
        return Ok(true);
    }
    let packages: Vec<_> = absent.iter().map(|need| need.1).collect();
    if in_ci() && is_root() && on_path("apt-get") {
        println!("installing {}", packages.join(" "));
        let quiet = |words: &[&str]| {
            run(Command::new("apt-get")
                .arg("-qq")
                .args(words)
                .env("DEBIAN_FRONTEND", "noninteractive")
                .stdout(Stdio::null()))
        };
        quiet(&["update"])?;
        quiet(&[&["install", "-y", "--no-install-recommends"], &packages[..]].concat())?;
        absent = missing(needs);
        if absent.is_empty() {
            return Ok(true);
        }
    }
    let names: Vec<_> = absent.iter().map(|need| need.0).collect();
    let message = format!("missing: {} (Debian: apt-get install {})", names.join(", "), packages.join(" "));
    if in_ci() {
        return Err(message);
    }
    println!("skipped: {message}");
    Ok(false)
}

fn is_root() -> bool {
    let told = Command::new("id").arg("-u").output();
    told.is_ok_and(|told| told.stdout.trim_ascii() == b"0")
}

fn on_path(name: &str) -> bool {
    env::var_os("PATH").is_some_and(|path| env::split_paths(&path).any(|folder| folder.join(name).is_file()))
}

/// A header that the C compiler finds.
fn header(name: &str) -> bool {
    let mut compiler = Command::new("cc");
    compiler.args(["-E", "-include", name, "-x", "c", "/dev/null"]).stdout(Stdio::null()).stderr(Stdio::null());
    compiler.status().is_ok_and(|status| status.success())
}

/// The version of the compiler, which says that this is a JDK and not only what runs programs.
fn java() -> Option<u32> {
    let told = Command::new("javac").arg("-version").output().ok()?;
    version(&String::from_utf8_lossy(&told.stdout))
}

/// `javac 17.0.15`; before 9 it was `javac 1.8.0_402`.
fn version(told: &str) -> Option<u32> {
    let mut numbers = told.trim().strip_prefix("javac ")?.split(['.', '-', '_']).map(|number| number.parse().ok());
    match numbers.next()?? {
        1 => numbers.next()?,
        major => Some(major),
    }
}

/// A file of the Java that runs programs.
fn java_library(name: &str) -> bool {
    java_home().is_some_and(|home| home.join("lib").join(name).is_file())
}

/// Of the Java that runs programs; that of a JDK has `include`.
pub fn java_home() -> Option<PathBuf> {
    let told = Command::new("java").args(["-XshowSettings:properties", "-version"]).output().ok()?;
    let told = String::from_utf8_lossy(&told.stderr).into_owned();
    let line = told.lines().find_map(|line| line.trim().strip_prefix("java.home = "))?;
    Some(PathBuf::from(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_compilers() {
        for (told, expected) in
            [("javac 17.0.15\n", Some(17)), ("javac 25-ea", Some(25)), ("javac 1.8.0_402", Some(8)), ("gcc 12", None)]
        {
            assert_eq!(version(told), expected, "{told}");
        }
    }

    #[test]
    fn what_is_there_needs_nothing() {
        assert_eq!(provide(&[&[Need { what: "nothing", package: "nothing", there: || true }]]), Ok(true));
    }
}
