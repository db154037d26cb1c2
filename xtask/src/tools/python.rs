//! The project's Python environments: made from hash-pinned requirements, kept in the cache by the hash of these.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use sha2::{Digest, Sha256};

use crate::tools::{cache, lock, python, root, run, Result};

#[derive(Clone, Copy)]
pub enum Environment {
    /// Simulation, demo, parity through Python's onnxruntime.
    Light,
    /// The same and PyTorch.
    Training,
    /// The linker and the ELF editor that the archive is made with.
    Package,
    /// The header's parser, and an ONNX Runtime of another version.
    Abi,
    /// bioimage.io's validator, and what runs a packaged model.
    Bioimage,
    /// Micro-Manager's core and its simulated camera.
    Micromanager,
}

impl Environment {
    fn name(self) -> &'static str {
        match self {
            Environment::Light => "light",
            Environment::Training => "training",
            Environment::Package => "package",
            Environment::Abi => "abi",
            Environment::Bioimage => "bioimage",
            Environment::Micromanager => "micromanager",
        }
    }

    fn requirements(self) -> PathBuf {
        let folder = match self {
            Environment::Light | Environment::Training | Environment::Bioimage => "training",
            Environment::Package | Environment::Abi | Environment::Micromanager => "xtask",
        };
        root().join(folder).join(format!("requirements-{}.txt", self.name()))
    }

    /// The environment's interpreter; made at first use.
    pub fn interpreter(self) -> Result<PathBuf> {
        let list = self.requirements();
        let text = fs::read(&list).map_err(|e| format!("{}: {e}", list.display()))?;
        let base = python()?;
        let mut hash = Sha256::new();
        hash.update(&text);
        hash.update(base.to_string_lossy().as_bytes());
        let hash: String = hash.finalize().iter().take(6).map(|b| format!("{b:02x}")).collect();
        let folder = cache()?.join(format!("python-{}-{hash}", self.name()));
        let interpreter = if cfg!(windows) { folder.join("Scripts/python.exe") } else { folder.join("bin/python") };
        let complete = folder.join("complete");
        let _lock = lock(&format!("python-{}", self.name()))?;
        if !complete.exists() {
            if folder.exists() {
                fs::remove_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
            }
            eprintln!("xtask: making the Python environment '{}' (once)", self.name());
            run(Command::new(&base).args(["-m", "venv"]).arg(&folder))?;
            run(Command::new(&interpreter)
                .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"])
                .args(["--require-hashes", "--only-binary=:all:", "-r"])
                .arg(&list))?;
            fs::write(&complete, b"").map_err(|e| format!("{}: {e}", complete.display()))?;
        }
        Ok(interpreter)
    }

    /// A program that came with one of the environment's packages.
    pub fn program(self, name: &str) -> Result<PathBuf> {
        Ok(self.interpreter()?.with_file_name(name).with_extension(std::env::consts::EXE_EXTENSION))
    }

    /// A command of the environment's Python in the root of the project.
    pub fn command(self) -> Result<Command> {
        let mut command = Command::new(self.interpreter()?);
        command.current_dir(root()).env("PYTHONDONTWRITEBYTECODE", "1");
        Ok(command)
    }
}
