//! The project's Python environments: made from hash-pinned requirements, kept in the cache under the hash of these.

use std::fs;
use std::path::PathBuf;

use xshell::Cmd;

use super::{at, cache, cmd, hash, lock, machine, read, remove_folder, root, run, say, shell, Result};

#[derive(Clone, Copy)]
pub enum Environment {
    /// Simulation, demo, parity through Python's onnxruntime.
    Light,
    /// The same and PyTorch.
    Training,
    /// The linker and the ELF editor that make the archive.
    Package,
    /// The header's parser, and an ONNX Runtime of another version.
    Abi,
    /// bioimage.io's validator, and what runs a packaged model.
    Bioimage,
    /// Micro-Manager's core and its simulated camera.
    Micromanager,
    /// Formatters and linters.
    Lint,
}

impl Environment {
    pub const ALL: &[Environment] = &[
        Environment::Light,
        Environment::Training,
        Environment::Package,
        Environment::Abi,
        Environment::Bioimage,
        Environment::Micromanager,
        Environment::Lint,
    ];

    fn name(self) -> &'static str {
        match self {
            Environment::Light => "light",
            Environment::Training => "training",
            Environment::Package => "package",
            Environment::Abi => "abi",
            Environment::Bioimage => "bioimage",
            Environment::Micromanager => "micromanager",
            Environment::Lint => "lint",
        }
    }

    fn requirements(self) -> PathBuf {
        let folder = match self {
            Environment::Light | Environment::Training | Environment::Bioimage => "training",
            Environment::Package | Environment::Abi | Environment::Micromanager | Environment::Lint => "xtask",
        };
        root().join(folder).join(format!("requirements-{}.txt", self.name()))
    }

    /// Whether only the packages and their tests use it, which exist on Linux on x86-64.
    pub fn is_for_packages(self) -> bool {
        matches!(self, Environment::Package | Environment::Abi | Environment::Micromanager)
    }

    /// The environment's interpreter; made at first use.
    pub fn interpreter(self) -> Result<PathBuf> {
        let list = self.requirements();
        let base = machine::python()?;
        let key = [&read(&list)?[..], base.to_string_lossy().as_bytes()].concat();
        let folder = cache()?.join(format!("python-{}-{}", self.name(), &hash::hex_sha256(&key)[..12]));
        let interpreter = if cfg!(windows) { folder.join("Scripts/python.exe") } else { folder.join("bin/python") };
        let complete = folder.join("complete");
        let _lock = lock(&format!("python-{}", self.name()))?;
        if !complete.exists() {
            remove_folder(&folder)?;
            say!("making the Python environment '{}' (once)", self.name());
            run(cmd!("{base} -m venv {folder}"))?;
            let quiet = ["--quiet", "--disable-pip-version-check", "--no-input"];
            run(cmd!("{interpreter} -m pip install {quiet...} --require-hashes --only-binary=:all: -r {list}"))?;
            fs::write(&complete, b"").map_err(at(&complete))?;
        }
        Ok(interpreter)
    }

    /// A program that came with one of the environment's packages.
    pub fn program(self, name: &str) -> Result<PathBuf> {
        Ok(self.interpreter()?.with_file_name(name).with_extension(std::env::consts::EXE_EXTENSION))
    }

    /// A command of the environment's Python in the root of the project.
    pub fn command(self) -> Result<Cmd<'static>> {
        let command = shell().cmd(self.interpreter()?).env("PYTHONDONTWRITEBYTECODE", "1");
        // The onnxruntime of some environments has a telemetry client.
        Ok(command.env("ORT_DISABLE_TELEMETRY", "1"))
    }
}
