//! Models by name: those inside the library, and those in a folder of the user's own.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::onnx::model_file;

/// A model inside the library.
pub struct BuiltIn {
    /// What hosts ask for it by.
    pub name: &'static str,
    /// A phrase for lists.
    pub help: &'static str,
    /// The ONNX file.
    pub bytes: &'static [u8],
}

/// The name of the fast one.
pub const FAST: &str = "fast";

/// All of them; the first is the default.
pub static BUILT_IN: &[BuiltIn] = &[
    BuiltIn { name: "accurate", help: "gains most; the default", bytes: model_file::DEFAULT },
    BuiltIn {
        name: FAST,
        help: "a quarter of the arithmetic, and somewhat less gain",
        bytes: include_bytes!("../../models/parfocal-w8.onnx"),
    },
];

/// The environment variable that names a folder of the user's own models: `NAME.onnx` there is the model `NAME`.
pub const FOLDER: &str = "PARFOCAL_MODELS";

/// A model that was asked for.
pub struct Found {
    /// The name of a model inside the library; `None` for a file.
    pub built_in: Option<&'static str>,
    /// The file; `None` for a model inside the library.
    pub path: Option<PathBuf>,
    /// The ONNX file's bytes.
    pub bytes: Cow<'static, [u8]>,
}

/// Finds a model: `None` or a name of the table is inside the library; a name without a folder and an extension may be
/// a model in the user's folder; everything else is a file. `./fast` is a file of that name.
///
/// Errors: `NotFound`, `Io`, `Model`, `OutOfMemory`; their messages begin with the path.
pub fn find(asked: Option<&Path>) -> Result<Found> {
    let built_in =
        |model: &'static BuiltIn| Found { built_in: Some(model.name), path: None, bytes: Cow::Borrowed(model.bytes) };
    let Some(path) = asked else { return Ok(built_in(&BUILT_IN[0])) };
    if let Some(model) = BUILT_IN.iter().find(|model| path.as_os_str() == model.name) {
        return Ok(built_in(model));
    }
    let is_name = path.file_name() == Some(path.as_os_str()) && path.extension().is_none();
    let own = own_folder().filter(|_| is_name && !path.exists()).map(|folder| folder.join(path).with_extension("onnx"));
    let path = own.filter(|own| own.is_file()).unwrap_or_else(|| path.to_owned());
    let bytes = model_file::read_file(&path).map_err(|e| if is_name { with_names(e) } else { e })?;
    Ok(Found { built_in: None, path: Some(path), bytes: Cow::Owned(bytes) })
}

fn with_names(error: Error) -> Error {
    Error::new(error.status(), format!("{}, or one of these names: {}", error.message(), names().join(", ")))
}

fn own_folder() -> Option<PathBuf> {
    std::env::var_os(FOLDER).filter(|folder| !folder.is_empty()).map(PathBuf::from)
}

/// Names of the user's own models, in order; none if the folder cannot be read.
pub fn own() -> Vec<String> {
    let entries = own_folder().and_then(|folder| std::fs::read_dir(folder).ok());
    let names = entries.into_iter().flatten().flatten().filter_map(|entry| {
        let path = entry.path();
        let is_model = path.is_file() && path.extension().is_some_and(|e| e.eq_ignore_ascii_case("onnx"));
        is_model.then(|| path.file_stem().map(|name| name.to_string_lossy().into_owned())).flatten()
    });
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

/// All names that can be asked for.
pub fn names() -> Vec<String> {
    BUILT_IN.iter().map(|model| model.name.to_owned()).chain(own()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Status;

    #[test]
    fn every_name_of_the_table_is_another_sound_model() {
        let mut seen = Vec::new();
        for model in BUILT_IN {
            let found = find(Some(Path::new(model.name))).unwrap();
            assert_eq!((found.built_in, &found.bytes[..] == model.bytes), (Some(model.name), true));
            let info = model_file::inspect(&found.bytes).unwrap();
            assert!(info.assumed.is_empty() && !seen.contains(&info.sha256), "{}", model.name);
            seen.push(info.sha256);
        }
        assert_eq!(find(None).unwrap().built_in, Some("accurate"));
    }

    #[test]
    fn a_name_that_is_none_lists_the_names() {
        let message = |path: &str| {
            let error = find(Some(Path::new(path))).err().unwrap();
            assert_eq!(error.status(), Status::NotFound);
            error.message().to_owned()
        };
        let text = message("quick");
        assert!(text.starts_with("quick: no such file; expected an ONNX model, or one of these names: accurate, fast"));
        assert_eq!(message("./fast"), "./fast: no such file; expected an ONNX model");
    }
}
