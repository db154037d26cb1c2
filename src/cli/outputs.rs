//! The names of the outputs of `parfocal restore`.

use std::collections::HashSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::output::Failure;
use crate::error::{Error, Result, Status};

/// Pairs of input and output.
pub type Jobs = Vec<(PathBuf, PathBuf)>;

/// Each input with its output (`ome_tiff`: to be written as one), and the folder of the outputs if `out` is one.
pub fn outputs<'a>(
    inputs: &[&PathBuf],
    out: &'a Path,
    ome_tiff: bool,
) -> std::result::Result<(Jobs, Option<&'a Path>), Failure> {
    let ends_in_separator = out.to_string_lossy().ends_with(std::path::is_separator);
    if !(out.is_dir() || ends_in_separator) {
        return match inputs {
            [input] => Ok((vec![(input.to_path_buf(), out.to_owned())], None)),
            _ => Err(Failure::Usage(format!(
                "{} inputs, but the output '{}' is one file; expected a folder: an existing one, or a name ending in \
                 '/'",
                inputs.len(),
                out.display()
            ))),
        };
    }
    let mut seen = HashSet::new();
    let mut jobs = Vec::new();
    for input in inputs {
        let output = out.join(output_name(input, ome_tiff));
        if !seen.insert(output.clone()) {
            return Err(Failure::Usage(format!(
                "two inputs would both become {} ({} is one); expected different names: restore them into folders of \
                 their own",
                output.display(),
                input.display()
            )));
        }
        jobs.push((input.to_path_buf(), output));
    }
    Ok((jobs, Some(out)))
}

/// Checks that no output of this call would overwrite one of its inputs, even one that is done.
pub fn check_inputs_survive(jobs: &Jobs) -> Result<()> {
    let inputs: HashSet<PathBuf> = jobs.iter().filter_map(|(input, _)| input.canonicalize().ok()).collect();
    for (input, output) in jobs {
        // `FileJob::open` refuses an output that is its own input.
        let another = |output: &PathBuf| inputs.contains(output) && input.canonicalize().ok().as_ref() != Some(output);
        if output.canonicalize().is_ok_and(|output| another(&output)) {
            return Err(Error::new(
                Status::InvalidArgument,
                format!(
                    "{}: the output of {} is itself an input; inputs are never changed: leave it out, or restore into \
                     another folder",
                    output.display(),
                    input.display()
                ),
            ));
        }
    }
    Ok(())
}

/// `<stem>-restored.tif`; an OME-TIFF keeps its ending `.ome.tif`, by which programs recognise it.
/// Names are bytes: what is no UTF-8 stays as it is.
fn output_name(input: &Path, ome_tiff: bool) -> OsString {
    let stem = Path::new(input.file_stem().unwrap_or_default());
    let ome = stem.extension().is_some_and(|ending| ending == "ome");
    let mut name = if ome { stem.file_stem() } else { None }.unwrap_or(stem.as_os_str()).to_owned();
    name.push(if ome || ome_tiff { "-restored.ome.tif" } else { "-restored.tif" });
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_are_named_after_their_inputs() {
        let names = ["a/x.tif", "b/y.ome.tif", "z"].map(|n| output_name(Path::new(n), false));
        assert_eq!(names, ["x-restored.tif", "y-restored.ome.tif", "z-restored.tif"]);
    }

    #[test]
    #[cfg(unix)]
    fn names_are_bytes() {
        use std::os::unix::ffi::OsStrExt;
        let names = [&b"caf\xe9.tif"[..], b"caf\xe8.ome.tif"]
            .map(|n| output_name(Path::new(std::ffi::OsStr::from_bytes(n)), false));
        assert_eq!(names.map(|n| n.as_bytes().to_vec()), [&b"caf\xe9-restored.tif"[..], b"caf\xe8-restored.ome.tif"]);
    }

    #[test]
    fn two_outputs_of_one_name_are_refused() {
        let paths = ["a/x.tif", "b/x.tif", "b/y.tif"].map(PathBuf::from);
        let usage = |inputs: &[&PathBuf], out: &str| match outputs(inputs, Path::new(out), false) {
            Err(Failure::Usage(message)) => message,
            _ => panic!("taken"),
        };
        assert!(usage(&[&paths[0], &paths[1]], "out/").contains("both become out/x-restored.tif"));
        assert!(usage(&[&paths[0], &paths[2]], "out.tif").contains("2 inputs, but the output 'out.tif' is one file"));
        let (jobs, folder) = outputs(&[&paths[0], &paths[2]], Path::new("out/"), false).ok().unwrap();
        assert_eq!((jobs.len(), folder), (2, Some(Path::new("out/"))));
    }
}
