//! The record of a restoration in an output's Software tag, and knowing an output again by it.

use std::fs;
use std::path::Path;

use crate::error::{Error, Result, Status};
use crate::restore::model::Model;
use crate::restore::options::{Normalize, Quality, RunOptions};
use crate::restore::report::Report;
use crate::tiff::Reader;

/// Whether the output is what this input gives with this model and these settings.
///
/// # Errors
/// `Exists` if it is anything else, with what was found; those of `tiff::Reader::open` for the output.
pub(super) fn check(reader: &mut Reader, output: &Path, model: &Model, options: &RunOptions) -> Result<()> {
    let refuse = |what: String| {
        Err(Error::new(
            Status::Exists,
            format!(
                "{}: the output exists already, but is not the one to be written: {what}; choose another folder, \
                 or overwrite it (--force on the command line)",
                output.display()
            ),
        ))
    };
    let written = fs::metadata(output).and_then(|found| found.modified());
    let changed = fs::metadata(reader.path()).and_then(|found| found.modified());
    if let (Ok(written), Ok(changed)) = (written, changed) {
        if changed > written {
            return refuse("the input is newer".into());
        }
    }
    let mut found = Reader::open(output)?;
    let (pages, wanted) = (found.pages(), reader.pages());
    let same = |index| found.format_of(index) == reader.format_of(index);
    if pages != wanted || !(0..pages).all(same) {
        return refuse(format!("it has {pages} pages of {}, expected {wanted} of {}", found.format(), reader.format()));
    }
    let software = found.page(0)?.software();
    let options = RunOptions { pixel_size_um: options.pixel_size_um.or(reader.pixel_size_um()), ..options.clone() };
    let before = reader.page(0)?.software();
    let record = software.get(before.len()..).unwrap_or_default();
    let wanted = record_marks(model, &options);
    match wanted.iter().find(|mark| !record.contains(mark.as_str())) {
        None => Ok(()),
        Some(mark) if record.contains("Parfocal") => {
            refuse(format!("it was restored with other settings, without '{}'", mark.trim()))
        }
        Some(_) => refuse("it has no record of a restoration".into()),
    }
}

/// Parts of the record by which an output is known again: what made it, and how.
fn record_marks(model: &Model, options: &RunOptions) -> Vec<String> {
    let normalize = match options.normalize {
        Normalize::Fixed(range) | Normalize::Measured(range) => format!(" normalize={}:{}", range.lo, range.hi),
        Normalize::Frame => " normalize=frame".into(),
        Normalize::Stack => " normalize=stack".into(),
    };
    let size = options.pixel_size_um.map(|size| format!(" pixel_size_um={size} "));
    [Some(record_head(model)), Some(normalize), size, quality(model)].into_iter().flatten().collect()
}

/// The beginning of the record: the program and the model.
fn record_head(model: &Model) -> String {
    let info = model.info();
    let text = format!(
        "Parfocal {} (model {} {} sha256 {},",
        env!("CARGO_PKG_VERSION"),
        info.name,
        info.version,
        &info.sha256[..16]
    );
    ascii(&text)
}

fn ascii(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii() && !c.is_ascii_control() { c } else { '?' }).collect()
}

/// The quality, where it is not that of the model as it is.
fn quality(model: &Model) -> Option<String> {
    (model.quality() == Quality::Best).then(|| format!(" quality={}", Quality::Best.name()))
}

/// What was done, for the output's Software tag; ASCII, as TIFF requires.
pub(super) fn record(
    model: &Model,
    options: &RunOptions,
    (normalize, stack): (Normalize, bool),
    restored: &Report,
) -> String {
    let runs = model.describe();
    // What was done, not what was asked for: `auto` depends on `memory`.
    let tile = restored.tile.map_or("tile=whole".into(), |tile| format!("tile={tile} halo={}", restored.halo));
    let normalize = match normalize {
        Normalize::Measured(range) => format!("stack={}:{}", range.lo, range.hi),
        Normalize::Fixed(range) => format!("{}:{}", range.lo, range.hi),
        Normalize::Frame | Normalize::Stack => if stack { "stack" } else { "frame" }.into(),
    };
    let size = options.pixel_size_um.map_or(String::new(), |s| format!(" pixel_size_um={s}"));
    let text = format!(
        "{} {tile} normalize={normalize}{size}{} memory={} threads={}, device {} {}, ONNX Runtime {})",
        record_head(model),
        quality(model).unwrap_or_default(),
        runs["memory_mib"],
        runs["threads"],
        runs["device"].as_str().unwrap_or_default(),
        runs["provider"].as_str().unwrap_or_default(),
        runs["runtime_version"].as_str().unwrap_or_default(),
    );
    ascii(&text)
}
