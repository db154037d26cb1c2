//! Files that are restored by one call: an OME set among them comes back as a set.

use std::collections::HashMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::error::{Error, Result, Status};
use crate::tiff::{companion, Names, Reader};

/// The inputs of one call with their outputs; empty for a single file.
#[derive(Debug, Default)]
pub struct Set {
    files: Vec<(PathBuf, PathBuf)>,
    /// The files that the description in a file names; many files may refer to one.
    described: Mutex<HashMap<PathBuf, Vec<String>>>,
}

/// An OME description in a file of its own, rewritten for the outputs.
pub(super) struct Companion {
    path: PathBuf,
    text: String,
}

/// Largest companion file that is read, in bytes.
const LARGEST_COMPANION: u64 = 256 << 20;

impl Set {
    /// Pairs of input and output.
    pub fn new(files: &[(PathBuf, PathBuf)]) -> Self {
        Self { files: files.to_vec(), described: Mutex::default() }
    }

    /// The names for the OME description of an output, and the companion file that belongs to it. Errors: `Exists`.
    pub(super) fn names(&self, reader: &Reader, output: &Path, force: bool) -> Result<(Names, Option<Companion>)> {
        let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let utf8 = |path: &Path| path.file_name().and_then(|name| name.to_str()).map(str::to_owned);
        let seed: Vec<_> = self.files.iter().map(|(_, output)| output.to_string_lossy().into_owned()).collect();
        let seed = if seed.is_empty() { output.to_string_lossy().into_owned() } else { seed.join("\n") };
        let mut names =
            Names { input: name(reader.path()), output: utf8(output), set: HashMap::new(), seed: seed.clone() };
        if !reader.is_part_of_a_set() {
            return Ok((names, None));
        }
        let files = self.neighbours(reader.path(), output);
        let mut wanted: Vec<String> = reader.files_of_the_set().map(str::to_owned).collect();
        let mut found = None;
        names.set = files;
        let stranger = wanted.iter().position(|file| !names.set.contains_key(file));
        if let Some(index) = stranger.filter(|_| !names.set.is_empty()) {
            found = self.companion(reader.path(), output, &wanted[index], &mut names);
            wanted.retain(|file| !names.set.contains_key(file));
        }
        if names.set.is_empty() || !wanted.iter().all(|file| self.is_whole(reader.path(), file, &names)) {
            names.set.clear();
            return Ok((names, None));
        }
        if let Some(Companion { path, text }) = &found {
            let there = fs::read(path).ok();
            if !force && there.is_some_and(|bytes| bytes != text.as_bytes()) {
                return Err(Error::new(
                    Status::Exists,
                    format!(
                        "{}: the description of the set exists already; restore into another folder, or overwrite it \
                         (--force on the command line)",
                        path.display()
                    ),
                ));
            }
        }
        Ok((names, found))
    }

    /// Whether a named file is in the set, and all files that its own description names.
    fn is_whole(&self, input: &Path, file: &str, names: &Names) -> bool {
        if !names.set.contains_key(file) {
            return false;
        }
        let path = input.with_file_name(file);
        if path == input {
            return true;
        }
        let mut described = self.described.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let files = described.entry(path).or_insert_with_key(|path| {
            // A companion has been read already. A file that cannot be read fails by itself.
            let reader = Reader::open(path).ok();
            reader.iter().flat_map(Reader::files_of_the_set).map(str::to_owned).collect()
        });
        files.iter().all(|file| names.set.contains_key(file))
    }

    /// Output names by input names, of the files that come from the folder of `input` and go to that of `output`, if
    /// these are two folders.
    fn neighbours(&self, input: &Path, output: &Path) -> HashMap<String, String> {
        let folder = |path: &Path| {
            let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
            parent.canonicalize().unwrap_or_else(|_| parent.to_owned())
        };
        let (from, to) = (folder(input), folder(output));
        if from == to {
            return HashMap::new();
        }
        let name = |path: &Path| path.file_name().and_then(|name| name.to_str()).map(str::to_owned);
        let together = self.files.iter().filter(|(a, b)| a.is_file() && folder(a) == from && folder(b) == to);
        together.filter_map(|(input, output)| Some((name(input)?, name(output)?))).collect()
    }

    /// Reads a companion file beside the input and adds its name, if all files that it names are in the set.
    fn companion(&self, input: &Path, output: &Path, file: &str, names: &mut Names) -> Option<Companion> {
        let path = input.with_file_name(file);
        // A name from the file must not lead out of its folder.
        if path.file_name()?.to_str()? != file || fs::metadata(&path).ok()?.len() > LARGEST_COMPANION {
            return None;
        }
        let text = fs::read_to_string(&path).ok()?;
        let new = restored_name(file);
        let mut with = names.clone();
        with.set.insert(file.to_owned(), new.clone());
        let (_, text) = companion(&text, &with).ok()?;
        *names = with;
        Some(Companion { path: output.with_file_name(new), text: text? })
    }
}

/// `<name>-restored.companion.ome` of `<name>.companion.ome`; the part before the first dot gets the suffix.
fn restored_name(file: &str) -> String {
    match file.split_once('.') {
        Some((stem, rest)) => format!("{stem}-restored.{rest}"),
        None => format!("{file}-restored"),
    }
}

impl Companion {
    /// Writes the file, whole or not at all; every file of the set writes the same.
    pub(super) fn write(&self) -> Result<()> {
        let failed = |e: &dyn std::fmt::Display| {
            Error::new(
                Status::Io,
                format!("{}: writing the description of the set: {e}; is there space left?", self.path.display()),
            )
        };
        if fs::read(&self.path).is_ok_and(|bytes| bytes == self.text.as_bytes()) {
            return Ok(());
        }
        let folder = self.path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut builder = tempfile::Builder::new();
        builder.prefix(".parfocal-").suffix(".tmp");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        let mut temporary = builder.tempfile_in(folder).map_err(|e| failed(&e))?;
        temporary.write_all(self.text.as_bytes()).map_err(|e| failed(&e))?;
        temporary.persist(&self.path).map_err(|e| failed(&e.error))?;
        Ok(())
    }
}
