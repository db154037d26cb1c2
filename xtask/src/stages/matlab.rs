//! The test stage `matlab`, and its bench: +parfocal of the archive in GNU Octave. MATLAB itself is on no test machine.

use std::fs;
use std::path::{Path, PathBuf};

use xshell::Cmd;

use super::{skip, Outcome};
use crate::package::{self, matlab as packaged, HERE};
use crate::tools::machine::{self, FIGURES, OCTAVE};
use crate::tools::python::Environment;
use crate::tools::{at, cmd, in_folder, make_folder, output, root, run, target, Result};

const OPTIONS: &[&str] = &["--quiet", "--norc", "--no-history"];

pub fn check() -> Result<Outcome> {
    if !HERE {
        return skip("the archive is made on Linux on x86-64 only");
    }
    run(Environment::Abi.command()?.args(["tests/matlab/lint_header.py", "include/parfocal.h"]))?;
    if let Some(reason) = machine::missing(&[OCTAVE, FIGURES])? {
        return skip(reason);
    }
    let place = Place::prepare()?;
    let shim = place.shim()?;
    place.octave(&[&shim], "check_prototype(parfocal_h_table())")?;
    place.octave(&[], "run_tests()")?;
    place.octave(&[&shim], "run_tests()")?;
    for ways in [vec![], place.folders(&[&shim])[2..].to_vec()] {
        let test = Environment::Abi.command()?.arg("tests/matlab/interrupt.py");
        run(place.clean(test).arg(&place.matlab).args(ways))?;
    }
    let pictures = place.work.join("examples");
    make_folder(&pictures)?;
    place.octave(&[], &format!("run_examples('{}')", pictures.display()))?;
    let [page, readme] = ["docs/matlab.md", "README.md"].map(|name| root().join(name).display().to_string());
    place.octave(&[], &format!("run_documents('{page}', '{readme}')"))?;
    Ok(Outcome::Passed)
}

/// Prints what `m.restore` adds to the C call, through Octave's gateway. Without a limit: it depends on Octave's speed.
pub fn bench() -> Result<()> {
    if !HERE {
        println!("matlab: skipped: the archive is made on Linux on x86-64 only");
        return Ok(());
    }
    if let Some(reason) = machine::missing(&[OCTAVE])? {
        println!("matlab: skipped: {reason}");
        return Ok(());
    }
    let place = Place::prepare()?;
    let sources = root().join("tests/matlab/bench");
    let (include, source) = (format!("-I{}", root().join("include").display()), sources.join("octave_c_call.c"));
    run(in_folder(cmd!("mkoctfile --mex -O2 -o octave_c_call.mex {include} {source}"), &place.work))?;
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
    /// Builds the gateway as users of Octave do.
    fn prepare() -> Result<Place> {
        let prefix = package::unpacked()?;
        let matlab = packaged::folder(&prefix);
        let work = target().join("matlab");
        make_folder(&work)?;
        let place = Place { prefix, matlab, work };
        place.octave(&[], "build_octave();")?;
        Ok(place)
    }

    /// Builds and tests the stand-in for MATLAB's calllib, and names the thunks as `parfocal_prototype` does in Octave.
    fn shim(&self) -> Result<PathBuf> {
        let folder = self.work.join("shim");
        let library = self.prefix.join("lib/libparfocal.so");
        let test = cmd!("sh tests/matlab/shim/test/test.sh {library} tests/models/tiny.onnx {folder}");
        run(self.clean(test).env("PYTHON", Environment::Abi.interpreter()?))?;
        let print_arch = "printf('%s', computer('arch'))";
        let arch = output(cmd!("octave-cli {OPTIONS...} --eval {print_arch}"))?;
        let thunk = self.matlab.join(format!("parfocal_thunk_{}.so", arch.trim()));
        fs::copy(self.matlab.join(packaged::THUNK), &thunk).map_err(at(&thunk))?;
        Ok(folder)
    }

    /// Octave's path: what is tested, the tests, and the stand-in if its folder is given.
    fn folders(&self, more: &[&Path]) -> Vec<PathBuf> {
        let mut folders = vec![self.matlab.clone(), root().join("tests/matlab")];
        if more.first().is_some_and(|folder| folder.ends_with("shim")) {
            folders.push(root().join("tests/matlab/shim"));
        }
        folders.extend(more.iter().map(|folder| folder.to_path_buf()));
        folders
    }

    fn octave(&self, more: &[&Path], code: &str) -> Result<()> {
        let path = self.folders(more).into_iter().flat_map(|folder| ["--path".into(), folder]);
        let octave = self.clean(cmd!("octave-cli {OPTIONS...}").args(path).args(["--eval", code]));
        run(octave).map_err(|_| format!("octave-cli: {code}: failed; see above"))
    }

    /// A command that finds the library by the place of +parfocal, with its own ONNX Runtime, and has no display.
    fn clean(&self, command: Cmd<'static>) -> Cmd<'static> {
        command
            .env("PARFOCAL_COMMAND", self.prefix.join("bin/parfocal"))
            .env_remove("PARFOCAL_LIBRARY")
            .env_remove("PARFOCAL_ONNXRUNTIME")
            .env_remove("DISPLAY")
    }
}
