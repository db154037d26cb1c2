//! Paths, commands and the check that the tools of the machine are there.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub type Result<T> = std::result::Result<T, String>;

/// The root of the checkout.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the root of the project").to_path_buf()
}

/// Cargo's output folder, wherever the user keeps it.
pub fn target() -> PathBuf {
    match env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => root().join(folder),
        None => root().join("target"),
    }
}

pub fn in_ci() -> bool {
    env::var_os("CI").is_some_and(|v| !v.is_empty() && v != "false")
}

/// Where downloads and Python environments outlive a checkout: PARFOCAL_CACHE, else the user's cache folder.
pub fn cache() -> Result<PathBuf> {
    let folder = if let Some(folder) = env::var_os("PARFOCAL_CACHE") {
        PathBuf::from(folder)
    } else if let Some(folder) = env::var_os("XDG_CACHE_HOME") {
        PathBuf::from(folder).join("parfocal")
    } else if let Some(folder) = env::var_os("LOCALAPPDATA") {
        PathBuf::from(folder).join("parfocal")
    } else if let Some(home) = env::var_os("HOME") {
        PathBuf::from(home).join(".cache/parfocal")
    } else {
        return Err("no place for downloads: set PARFOCAL_CACHE to a folder".into());
    };
    fs::create_dir_all(&folder).map_err(|e| format!("{}: cannot be created: {e}", folder.display()))?;
    Ok(folder)
}

/// Holds other runs of this task runner off one part of the cache; freed on drop.
pub struct Lock(#[allow(dead_code)] fs::File);

pub fn lock(name: &str) -> Result<Lock> {
    let path = cache()?.join(format!("{name}.lock"));
    let file = fs::File::create(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    file.lock().map_err(|e| format!("{}: cannot be locked: {e}", path.display()))?;
    Ok(Lock(file))
}

pub fn cargo() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

/// Runs a command with the terminal's own output; an error names the command and its exit.
pub fn run(command: &mut Command) -> Result<()> {
    let text = describe(command);
    let status = command.status().map_err(|e| format!("{text}: cannot be started: {e}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("{text}: {status}"))
    }
}

/// Runs a command and returns what it printed; its errors go to the terminal.
pub fn output(command: &mut Command) -> Result<String> {
    let text = describe(command);
    let output = command.stderr(Stdio::inherit()).output().map_err(|e| format!("{text}: cannot be started: {e}"))?;
    if !output.status.success() {
        return Err(format!("{text}: {}", output.status));
    }
    String::from_utf8(output.stdout).map_err(|_| format!("{text}: printed something that is not UTF-8"))
}

fn describe(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|w| w.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// A Python of at least 3.11 with the venv module, by the names it goes by.
pub fn python() -> Result<PathBuf> {
    let probe = "import sys, venv, ensurepip; assert sys.version_info >= (3, 11); print(sys.executable)";
    for name in ["python3.11", "python3", "python", "python3.12", "python3.13"] {
        let found = Command::new(name).args(["-c", probe]).stderr(Stdio::null()).output();
        if let Ok(found) = found {
            if found.status.success() {
                return Ok(PathBuf::from(String::from_utf8_lossy(&found.stdout).trim()));
            }
        }
    }
    Err("missing: Python 3.11 or later with the venv module (Debian: apt-get install python3 python3-venv)".into())
}

/// A C compiler, which Rust links with.
pub fn c_compiler() -> Result<()> {
    let names = env::var("CC").ok().into_iter().chain(["cc".into(), "gcc".into(), "clang".into()]);
    for name in names {
        if Command::new(&name).arg("--version").output().is_ok_and(|o| o.status.success()) {
            return Ok(());
        }
    }
    Err("missing: a C compiler (Debian: apt-get install gcc)".into())
}

/// Programs that only some commands need, each with the Debian package that has it; all that is missing in one message.
pub fn need(programs: &[(&str, &str)]) -> Result<()> {
    let there = |name: &str| Command::new(name).arg("--version").output().is_ok_and(|o| o.status.success());
    let missing: Vec<_> = programs.iter().filter(|(name, _)| !there(name)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let list = |part: fn(&(&str, &str)) -> String| missing.iter().map(|m| part(m)).collect::<Vec<_>>();
    let (names, packages) = (list(|m| m.0.into()).join(", "), list(|m| m.1.into()).join(" "));
    Err(format!("missing: {names} (Debian: apt-get install {packages})"))
}

/// Everything that must be on the machine beforehand, all that is missing in one message.
pub fn check_machine() -> Result<PathBuf> {
    let python = python();
    let missing: Vec<String> = [python.as_ref().err().cloned(), c_compiler().err()].into_iter().flatten().collect();
    if missing.is_empty() {
        python
    } else {
        Err(missing.join("\nxtask: "))
    }
}

/// A path for people: relative to the checkout where it lies inside.
pub fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}
