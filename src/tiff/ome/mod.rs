//! OME-XML: what it says about an image, and how it is rewritten for an output, which names other files.
//!
//! Read and written by the crate quick-xml, which expands no entities but the five of XML and character codes.

mod names;
mod read;
mod rewrite;
mod write;

pub use names::Names;
pub(super) use read::{read, Image, Ome};
pub(super) use rewrite::rewrite;
pub(super) use write::{describe, New};

use crate::error::Result;

/// A description in a file of its own (`companion.ome`): the files that it names, and its text for a set of outputs.
/// Errors: `Format`, `Unsupported`.
pub(crate) fn companion(text: &str, names: &Names) -> Result<(Vec<String>, Option<String>)> {
    let ome = read(text)?;
    let files = ome.files.iter().map(|named| named.file.clone()).collect();
    // A companion has no plane: only a set that is complete keeps its names.
    let complete = !ome.files.is_empty() && ome.files.iter().all(|named| names.set.contains_key(&named.file));
    let text = if complete { rewrite(text, &ome, names, 0)?.text } else { None };
    Ok((files, text))
}
