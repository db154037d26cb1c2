//! `cargo xtask test matlab` and `bench matlab`: +parfocal as the archive has it, in GNU Octave; MATLAB itself is on no test machine.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::package::{self, matlab as packaged, HERE};
use crate::tools::machine::{self, FIGURES, OCTAVE};
use crate::tools::python::Environment;
use crate::tools::{output, root, run, target, Result};

pub fn stage() -> Result<()> {
    if !HERE {
        println!("skipped: the archive is made on Linux on x86-64 only");
        return Ok(());
    }
    run(Environment::Abi.command()?.args(["tests/matlab/lint_header.py", "include/parfocal.h"]))?;
    if !machine::provide(&[OCTAVE, FIGURES])? {
        return Ok(());
    }
    let place = Place::prepare()?;
    let shim = place.shim()?;
    place.octave(&[&shim], "check_prototype(parfocal_h_table())")?;
    place.octave(&[], "run_tests()")?;
    place.octave(&[&shim], "run_tests()")?;
    for ways in [vec![], place.folders(&[&shim])[2..].to_vec()] {
        run(place.clean(Environment::Abi.command()?).arg("tests/matlab/interrupt.py").arg(&place.matlab).args(ways))?;
    }
    let pictures = place.work.join("examples");
    fs::create_dir_all(&pictures).map_err(|e| format!("{}: {e}", pictures.display()))?;
    place.octave(&[], &format!("run_examples('{}')", pictures.display()))?;
    let [page, readme] = ["docs/matlab.md", "README.md"].map(|name| root().join(name).display().to_string());
    place.octave(&[], &format!("run_documents('{page}', '{readme}')"))
}

/// Prints what `m.restore` adds to the C call, through Octave's gateway. There is no limit: Octave's own speed is in it.
pub fn bench() -> Result<()> {
    if !HERE {
        println!("matlab: skipped: the archive is made on Linux on x86-64 only");
        return Ok(());
    }
    if !machine::provide(&[OCTAVE])? {
        return Ok(());
    }
    let place = Place::prepare()?;
    let sources = root().join("tests/matlab/bench");
    run(Command::new("mkoctfile")
        .args(["--mex", "-O2", "-o", "octave_c_call.mex"])
        .arg(format!("-I{}", root().join("include").display()))
        .arg(sources.join("octave_c_call.c"))
        .current_dir(&place.work))?;
    place.octave(&[&place.work, &sources], "octave_bench()")
}

/// The unpacked archive, with what is built beside it.
struct Place {
    prefix: PathBuf,
    /// The folder of +parfocal in it.
    matlab: PathBuf,
    work: PathBuf,
}

impl Place {
    /// With the gateway built as users of Octave build it.
    fn prepare() -> Result<Place> {
        let prefix = package::unpacked()?;
        let matlab = packaged::folder(&prefix);
        let work = target().join("matlab");
        fs::create_dir_all(&work).map_err(|e| format!("{}: {e}", work.display()))?;
        let place = Place { prefix, matlab, work };
        place.octave(&[], "build_octave();")?;
        Ok(place)
    }

    /// The stand-in for MATLAB's calllib, with its own tests run, and what `parfocal_prototype` calls MATLAB's thunks in Octave.
    fn shim(&self) -> Result<PathBuf> {
        let folder = self.work.join("shim");
        let tests = root().join("tests/matlab/shim/test/test.sh");
        run(self
            .clean(Command::new("sh"))
            .arg(tests)
            .arg(self.prefix.join("lib/libparfocal.so"))
            .arg(root().join("tests/models/tiny.onnx"))
            .arg(&folder)
            .env("PYTHON", Environment::Abi.interpreter()?))?;
        let arch = output(Command::new("octave-cli").args(OPTIONS).args(["--eval", "printf('%s', computer('arch'))"]))?;
        let thunk = self.matlab.join(format!("parfocal_thunk_{}.so", arch.trim()));
        fs::copy(self.matlab.join(packaged::THUNK), &thunk).map_err(|e| format!("{}: {e}", thunk.display()))?;
        Ok(folder)
    }

    /// For Octave's path: what is tested, the tests; before them the stand-in, if its folder is given.
    fn folders(&self, more: &[&Path]) -> Vec<PathBuf> {
        let mut folders = vec![self.matlab.clone(), root().join("tests/matlab")];
        if more.first().is_some_and(|folder| folder.ends_with("shim")) {
            folders.push(root().join("tests/matlab/shim"));
        }
        folders.extend(more.iter().map(|folder| folder.to_path_buf()));
        folders
    }

    fn octave(&self, more: &[&Path], code: &str) -> Result<()> {
        let mut command = self.clean(Command::new("octave-cli"));
        command.args(OPTIONS);
        for folder in self.folders(more) {
            command.arg("--path").arg(folder);
        }
        run(command.args(["--eval", code])).map_err(|_| format!("octave-cli: {code}: failed; see above"))
    }

    /// The library is to be found by where +parfocal lies, and brings its own ONNX Runtime.
    fn clean(&self, mut command: Command) -> Command {
        command
            .env("PARFOCAL_COMMAND", self.prefix.join("bin/parfocal"))
            .env_remove("PARFOCAL_LIBRARY")
            .env_remove("PARFOCAL_ONNXRUNTIME")
            .env_remove("DISPLAY");
        command
    }
}

const OPTIONS: &[&str] = &["--quiet", "--norc", "--no-history"];
