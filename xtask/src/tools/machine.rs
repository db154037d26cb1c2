//! What must be on the machine: programs, libraries and fonts. Some are installed in CI, as root.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;

use super::{cmd, has_program, ran, run_quietly, say, Result};

/// Something that must be on the machine, the Debian package that has it, and how to see that it is there.
pub struct Need {
    pub what: &'static str,
    pub package: &'static str,
    pub is_there: fn() -> bool,
}

/// To build and test what runs in a JVM.
pub const JAVA: &[Need] = &[
    Need { what: "a JDK of at least 17", package: "default-jdk-headless", is_there: || java() >= Some(17) },
    Need { what: "mvn", package: "maven", is_there: || on_path("mvn") },
];

/// libtiff's programs, beside which a bench reads and writes files.
pub const LIBTIFF: &[Need] = &[Need { what: "tiffcp", package: "libtiff-tools", is_there: || on_path("tiffcp") }];

/// GNU Octave, what builds its MEX files, and libffi for the stand-in for MATLAB's calllib.
pub const OCTAVE: &[Need] = &[
    Need { what: "octave-cli", package: "octave", is_there: || on_path("octave-cli") },
    Need { what: "mkoctfile", package: "octave-dev", is_there: || on_path("mkoctfile") },
    Need { what: "ffi.h", package: "libffi-dev", is_there: || has_header("ffi.h") },
];

/// To draw figures without a screen.
pub const FIGURES: &[Need] = &[
    Need { what: "gnuplot", package: "gnuplot-nox", is_there: || on_path("gnuplot") },
    Need { what: "gs", package: "ghostscript", is_there: || on_path("gs") },
    Need {
        what: "the font FreeSans",
        package: "fonts-freefont-otf",
        is_there: || Path::new("/usr/share/fonts/opentype/freefont/FreeSans.otf").is_file(),
    },
];

/// A virtual screen, a window manager that draws titles, and a font.
pub const SCREEN: &[Need] = &[
    Need { what: "Java with windows", package: "default-jre", is_there: || java_has_library("libawt_xawt.so") },
    Need { what: "xvfb-run", package: "xvfb", is_there: || on_path("xvfb-run") && on_path("Xvfb") },
    Need { what: "xauth", package: "xauth", is_there: || on_path("xauth") },
    Need { what: "jwm", package: "jwm", is_there: || on_path("jwm") },
    Need {
        what: "the font DejaVu Sans",
        package: "fonts-dejavu-core",
        is_there: || Path::new("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf").is_file(),
    },
];

/// The source of a locale with a decimal comma.
pub const LOCALES: &[Need] = &[Need {
    what: "the source of the locale de_DE",
    package: "locales",
    is_there: || on_path("localedef") && Path::new("/usr/share/i18n/locales/de_DE").is_file(),
}];

pub fn in_ci() -> bool {
    env::var_os("CI").is_some_and(|v| !v.is_empty() && v != "false")
}

/// What is still missing, in words, after it was installed where that is possible: in CI, as root, with apt-get.
pub fn missing(needs: &[&[Need]]) -> Result<Option<String>> {
    // One apt-get at a time.
    static INSTALLING: Mutex<()> = Mutex::new(());
    let _one = INSTALLING.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let absent = || needs.iter().flat_map(|list| list.iter()).filter(|need| !(need.is_there)()).collect::<Vec<_>>();
    let mut found = absent();
    if !found.is_empty() && in_ci() && is_root() && on_path("apt-get") {
        let packages: Vec<_> = found.iter().map(|need| need.package).collect();
        say!("installing {}", packages.join(" "));
        run_quietly(cmd!("apt-get -qq update"))?;
        run_quietly(
            cmd!("apt-get -qq install -y --no-install-recommends {packages...}")
                .env("DEBIAN_FRONTEND", "noninteractive"),
        )?;
        found = absent();
    }
    if found.is_empty() {
        return Ok(None);
    }
    let list = |part: fn(&Need) -> &'static str| found.iter().map(|need| part(need)).collect::<Vec<_>>();
    let (names, packages) = (list(|need| need.what).join(", "), list(|need| need.package).join(" "));
    Ok(Some(format!("missing: {names} (Debian: apt-get install {packages})")))
}

/// Fails unless these programs exist, each given with its Debian package; one message names all that are missing.
pub fn need(programs: &[(&str, &str)]) -> Result<()> {
    let missing: Vec<_> = programs.iter().filter(|(name, _)| !has_program(name)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let list = |part: fn(&(&str, &str)) -> String| missing.iter().map(|m| part(m)).collect::<Vec<_>>();
    let (names, packages) = (list(|m| m.0.into()).join(", "), list(|m| m.1.into()).join(" "));
    Err(format!("missing: {names} (Debian: apt-get install {packages})"))
}

/// Fails unless what every command needs is there; one message names all that is missing.
pub fn check_machine() -> Result<()> {
    let missing: Vec<String> = [python().err(), c_compiler().err()].into_iter().flatten().collect();
    if missing.is_empty() {
        Ok(())
    } else {
        Err(missing.join("\nxtask: "))
    }
}

/// A Python of at least 3.11 with the venv module, under one of its usual names.
pub fn python() -> Result<PathBuf> {
    let probe = "import sys, venv, ensurepip; assert sys.version_info >= (3, 11); print(sys.executable)";
    for name in ["python3.11", "python3", "python", "python3.12", "python3.13"] {
        let found = Command::new(name).args(["-c", probe]).stderr(Stdio::null()).output();
        if let Some(found) = found.ok().filter(|found| found.status.success()) {
            return Ok(PathBuf::from(String::from_utf8_lossy(&found.stdout).trim()));
        }
    }
    Err("missing: Python 3.11 or later with the venv module (Debian: apt-get install python3 python3-venv)".into())
}

/// A C compiler, which Rust links with.
fn c_compiler() -> Result<()> {
    let names = env::var("CC").ok().into_iter().chain(["cc".into(), "gcc".into(), "clang".into()]);
    match names.into_iter().any(has_program) {
        true => Ok(()),
        false => Err("missing: a C compiler (Debian: apt-get install gcc)".into()),
    }
}

fn is_root() -> bool {
    ran(cmd!("id -u")).is_ok_and(|(_, id)| id.stdout.trim_ascii() == b"0")
}

fn on_path(name: &str) -> bool {
    env::var_os("PATH").is_some_and(|path| env::split_paths(&path).any(|folder| folder.join(name).is_file()))
}

/// Whether the C compiler finds a header.
fn has_header(name: &str) -> bool {
    ran(cmd!("cc -E -include {name} -x c /dev/null")).is_ok_and(|(_, cc)| cc.status.success())
}

/// The compiler's version: only a JDK has one.
fn java() -> Option<u32> {
    let (_, javac) = ran(cmd!("javac -version")).ok()?;
    java_version(&String::from_utf8_lossy(&javac.stdout))
}

/// `javac 17.0.15`; before Java 9, `javac 1.8.0_402`.
fn java_version(printed: &str) -> Option<u32> {
    let mut numbers = printed.trim().strip_prefix("javac ")?.split(['.', '-', '_']).map(|number| number.parse().ok());
    match numbers.next()?? {
        1 => numbers.next()?,
        major => Some(major),
    }
}

/// Whether the Java that runs programs has this library.
fn java_has_library(name: &str) -> bool {
    java_home().is_some_and(|home| home.join("lib").join(name).is_file())
}

/// The folder of the Java that runs programs; a JDK's has `include`.
pub fn java_home() -> Option<PathBuf> {
    let (_, java) = ran(cmd!("java -XshowSettings:properties -version")).ok()?;
    let printed = String::from_utf8_lossy(&java.stderr).into_owned();
    let line = printed.lines().find_map(|line| line.trim().strip_prefix("java.home = "))?;
    Some(PathBuf::from(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_compilers() {
        for (printed, expected) in
            [("javac 17.0.15\n", Some(17)), ("javac 25-ea", Some(25)), ("javac 1.8.0_402", Some(8)), ("gcc 12", None)]
        {
            assert_eq!(java_version(printed), expected, "{printed}");
        }
    }

    #[test]
    fn what_is_there_needs_nothing() {
        assert_eq!(missing(&[&[Need { what: "nothing", package: "nothing", is_there: || true }]]), Ok(None));
    }
}
