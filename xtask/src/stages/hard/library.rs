//! Builds of the library, and programs of tests/c that run with them, watched for hanging.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use xshell::Cmd;

use crate::package;
use crate::tools::{at, cmd, files, make_folder, read, root, run, shell, shown, target, Result};

/// A program that takes longer hangs; the slowest takes two minutes on two idle cores.
const PATIENCE: Duration = Duration::from_secs(900);

/// A build of the library, and what programs need to run with it.
pub struct Library {
    /// The name of the folder of its programs and logs.
    pub name: &'static str,
    /// The folder of `libparfocal.so`, also under the name that programs load it by.
    pub folder: PathBuf,
    /// ONNX Runtime, unless it lies beside the library.
    pub runtime: Option<PathBuf>,
}

impl Library {
    /// The library of the archive, unpacked and moved.
    pub fn packaged() -> Result<&'static Library> {
        static ONCE: OnceLock<Result<Library>> = OnceLock::new();
        let made = ONCE
            .get_or_init(|| Ok(Library { name: "packaged", folder: package::unpacked()?.join("lib"), runtime: None }));
        made.as_ref().map_err(Clone::clone)
    }

    /// Where programs, logs and the files of a test lie.
    pub fn place(&self) -> Result<PathBuf> {
        let folder = target().join("hard").join(self.name);
        make_folder(&folder)?;
        Ok(folder)
    }

    /// Builds a program of files in tests/c, with the strictest warnings, and links it with the library.
    pub fn program(&self, name: &str, sources: &[PathBuf], flags: &[&str]) -> Result<PathBuf> {
        let program = self.place()?.join(name);
        let strict = ["-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror", "-g", "-O1"];
        let folder = &self.folder;
        let libraries = ["-lparfocal", "-lpthread", "-lm"];
        run(cmd!("gcc {strict...} {flags...} {sources...} -Iinclude -L {folder} {libraries...} -o {program}"))?;
        Ok(program)
    }

    /// A command whose environment holds only what this library needs.
    pub fn command(&self, program: &Path) -> Cmd<'static> {
        let command = shell().cmd(program).env_clear().env("LD_LIBRARY_PATH", &self.folder);
        match &self.runtime {
            Some(runtime) => command.env("PARFOCAL_ONNXRUNTIME", runtime),
            None => command,
        }
    }
}

/// A file of tests/c.
pub fn source(name: &str) -> PathBuf {
    root().join("tests/c").join(name)
}

/// The files of the C suite.
pub fn suite_sources() -> Result<Vec<PathBuf>> {
    let folder = root().join("tests/c");
    let mut found = files(&folder)?;
    found.retain(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("test_") && name.ends_with(".c")
    });
    if found.is_empty() {
        return Err(format!("{}: no test_*.c", folder.display()));
    }
    found.push(source("main.c"));
    Ok(found)
}

pub fn tiny() -> PathBuf {
    root().join("tests/models/tiny.onnx")
}

/// How a program ended, what it printed, and what it wrote to its log.
pub struct Ended {
    pub success: bool,
    pub status: String,
    pub printed: String,
    pub log: String,
}

impl Ended {
    /// An error with all there is to know, unless it ended well and printed nothing.
    pub fn silent(self, what: &str) -> Result<String> {
        if self.success && self.printed.is_empty() {
            return Ok(self.log);
        }
        let printed = if self.printed.is_empty() { "nothing" } else { self.printed.trim_end() };
        Err(format!("{what}: {}\nlog:\n{}\nprinted:\n{printed}", self.status, self.log.trim_end()))
    }
}

/// Runs a program to its end, or ends it when it hangs. It writes its report to `log`, by its arguments.
pub fn watch(command: Cmd, log: &Path) -> Result<Ended> {
    let mut command = Command::from(command);
    let printed = log.with_extension("printed");
    if log.exists() {
        fs::remove_file(log).map_err(at(log))?;
    }
    let file = fs::File::create(&printed).map_err(at(&printed))?;
    let errors = file.try_clone().map_err(at(&printed))?;
    let name = shown(Path::new(command.get_program()));
    let mut child = command
        .stdin(Stdio::null())
        .stdout(file)
        .stderr(errors)
        .spawn()
        .map_err(|e| format!("{name}: cannot be started: {e}"))?;
    let started = Instant::now();
    let (success, status) = loop {
        if let Some(status) = child.try_wait().map_err(|e| format!("{name}: {e}"))? {
            break (status.success(), format!("{name}: {status}"));
        }
        if started.elapsed() > PATIENCE {
            child.kill().and_then(|()| child.wait()).map_err(|e| format!("{name}: cannot be ended: {e}"))?;
            break (false, format!("{name}: hung, and was ended after {} s", PATIENCE.as_secs()));
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    let printed = String::from_utf8_lossy(&read(&printed)?).into_owned();
    Ok(Ended { success, status, printed, log: fs::read_to_string(log).unwrap_or_default() })
}
