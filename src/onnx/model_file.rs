//! A model file: reading it, checking it, and its metadata, with defaults for a file that has none.

use std::collections::BTreeMap;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::error::{Error, Result, Status};
use crate::onnx::wire;

/// Larger files are refused before they are read.
pub const LARGEST_FILE: u64 = 512 << 20;
/// Versions of the `parfocal.*` metadata that this library reads. A file of the second takes a condition beside the
/// image, what is known of the blur, and also returns an estimate of it.
pub const FORMATS: [&str; 2] = ["1", "2"];
/// A halo that covers the network's whole receptive field, which is 280 pixels to each side.
pub const EXACT_HALO: usize = 288;

/// The model that is built into the library.
pub static DEFAULT: &[u8] = include_bytes!("../../models/parfocal-w16.onnx");

/// A model's metadata, with assumptions where it has none.
#[derive(Clone, Debug, PartialEq)]
pub struct Info {
    /// Short name, as in the file's name.
    pub name: String,
    /// Counts up with each release of this name.
    pub version: String,
    /// SPDX identifier of the weights' licence.
    pub license: String,
    /// A sentence or two.
    pub description: String,
    /// Comma-separated: fluorescence, brightfield, reflected.
    pub modalities: String,
    /// Smallest and largest pixel size that it was trained for.
    pub pixel_size_um: Option<(f64, f64)>,
    /// Percentiles of a frame that the network sees as 0 and 1.
    pub percentiles: (f64, f64),
    /// Height and width must be multiples of this.
    pub multiple: usize,
    /// Context that a tile needs, in pixels.
    pub halo: usize,
    /// Memory that inference needs for each pixel of input, in bytes.
    pub bytes_per_pixel: u64,
    /// Frequencies at which it takes and estimates the contrast that defocus left, in cycles per pixel; empty: it takes
    /// no condition.
    pub frequencies: Vec<f64>,
    /// What the expected errors are multiplied with, by the name of the light; empty: it has no trust map.
    pub error_factors: Vec<(String, f64)>,
    /// JSON, or empty.
    pub training_data: String,
    /// SHA-256 of the file.
    pub sha256: String,
    /// A sentence for each assumption.
    pub assumed: Vec<String>,
}

/// Reads a model file of at most `LARGEST_FILE` bytes.
pub fn read_file(path: &Path) -> Result<Vec<u8>> {
    let fail = |status, found: String| Error::new(status, format!("{}: {found}", path.display()));
    let metadata = std::fs::metadata(path).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => fail(Status::NotFound, "no such file; expected an ONNX model".into()),
        _ => fail(Status::Io, format!("cannot be read: {e}")),
    })?;
    if !metadata.is_file() {
        return Err(fail(Status::Io, "is not a regular file; expected an ONNX model".into()));
    }
    if metadata.len() > LARGEST_FILE {
        let found = format!("has {} bytes; expected an ONNX model of at most {LARGEST_FILE}", metadata.len());
        return Err(fail(Status::Model, found));
    }
    std::fs::read(path).map_err(|e| match e.kind() {
        std::io::ErrorKind::OutOfMemory => fail(
            Status::OutOfMemory,
            format!("no memory for its {} bytes: close other programs, or raise the limit", metadata.len()),
        ),
        _ => fail(Status::Io, format!("cannot be read: {e}")),
    })
}

fn wrong(found: impl std::fmt::Display) -> Error {
    Error::new(Status::Model, found.to_string())
}

/// Checks the bytes of a model and reads its metadata. Errors: `Model`.
pub fn inspect(bytes: &[u8]) -> Result<Info> {
    if bytes.is_empty() {
        return Err(wrong("an empty file; expected an ONNX model"));
    }
    let declared = wire::read(bytes).map_err(|problem| {
        // Every exporter writes the IR version first: field 1, a number (tag 0x08).
        match bytes.first() {
            Some(0x08) => wrong(format!("a damaged ONNX file ({problem}); expected a complete one: copy it again")),
            _ => wrong(format!("not an ONNX file ({problem}); expected an ONNX model")),
        }
    })?;
    if !declared.has_graph || declared.operator_sets.is_empty() {
        return Err(wrong(
            "an ONNX model without a graph or operator set: truncated, or no model; expected a complete one",
        ));
    }
    if let Some(name) = declared.external {
        return Err(wrong(format!(
            "the values of tensor '{name}' lie in another file (external data); expected one self-contained file: save \
             the model without external data"
        )));
    }
    if let Some(domain) = declared.operator_sets.keys().find(|d| !matches!(d.as_str(), "" | "ai.onnx")) {
        return Err(wrong(format!(
            "operators of domain '{domain}'; expected standard ONNX operators only: custom operators are refused"
        )));
    }
    info(&declared.metadata, Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect())
}

fn info(metadata: &BTreeMap<String, String>, sha256: String) -> Result<Info> {
    let given = |key: &str| metadata.get(&format!("parfocal.{key}")).map(String::as_str);
    let mut assumed = Vec::new();
    if check_format(given("format"))?.is_none() {
        assumed.push("a foreign model: the file has no parfocal.* metadata".to_owned());
    }
    let mut assume = |key: &str, value: &str| assumed.push(format!("{key} = {value}"));
    let mut number = |key: &str, default: u64, allowed: std::ops::RangeInclusive<u64>| -> Result<u64> {
        match given(key) {
            None => {
                assume(key, &default.to_string());
                Ok(default)
            }
            Some(text) => text.parse().ok().filter(|n| allowed.contains(n)).ok_or_else(|| {
                wrong(format!(
                    "metadata parfocal.{key} = '{text}'; expected a whole number from {} to {}",
                    allowed.start(),
                    allowed.end()
                ))
            }),
        }
    };
    let multiple = number("multiple", 16, 1..=16)? as usize;
    if !16usize.is_multiple_of(multiple) {
        return Err(wrong(format!(
            "metadata parfocal.multiple = '{multiple}'; expected 1, 2, 4, 8 or 16, which tiles lie on"
        )));
    }
    let halo = number("halo", 128, 0..=4096)? as usize;
    let bytes_per_pixel = number("bytes_per_pixel", 1024, 1..=1 << 20)?;
    let pair = |key: &str| -> Result<Option<(f64, f64)>> {
        let Some(text) = given(key) else { return Ok(None) };
        let parsed = text.split_once(',').and_then(|(a, b)| Some((a.trim().parse().ok()?, b.trim().parse().ok()?)));
        match parsed {
            Some((a, b)) if 0.0 <= a && a < b && f64::is_finite(b) => Ok(Some((a, b))),
            _ => Err(wrong(format!(
                "metadata parfocal.{key} = '{text}'; expected two numbers 'LOW,HIGH', LOW below HIGH"
            ))),
        }
    };
    let percentiles = match pair("percentiles")? {
        Some((_, high)) if high > 100.0 => {
            return Err(wrong(format!("metadata parfocal.percentiles ends at {high}; expected at most 100")))
        }
        Some(percentiles) => percentiles,
        None => {
            assume("percentiles", "0.1,99.9");
            (0.1, 99.9)
        }
    };
    let frequencies = match given("format") {
        Some("2") => frequencies(given("frequencies").unwrap_or_default())?,
        _ => Vec::new(),
    };
    let error_factors = match (given("format"), given("error_factors")) {
        (Some("2"), Some(text)) => error_factors(text)?,
        _ => Vec::new(),
    };
    let text = |key: &str, default: &str| given(key).unwrap_or(default).to_owned();
    Ok(Info {
        name: text("name", "unnamed"),
        version: text("version", "unknown"),
        license: text("license", "unknown"),
        description: text("description", ""),
        modalities: text("modalities", "unknown"),
        pixel_size_um: pair("pixel_size_um")?,
        percentiles,
        multiple,
        halo,
        bytes_per_pixel,
        frequencies,
        error_factors,
        training_data: text("training_data", ""),
        sha256,
        assumed,
    })
}

/// The format's number; `None` for a foreign model. Errors: `Model` for one of another version.
fn check_format(format: Option<&str>) -> Result<Option<&str>> {
    match format.filter(|found| !FORMATS.contains(found)) {
        None => Ok(format),
        Some(other) => Err(wrong(format!(
            "metadata parfocal.format = '{other}'; expected {}: this model needs another version of Parfocal",
            FORMATS.join(" or ")
        ))),
    }
}

/// The factors of the trust map of a file of format 2.
fn error_factors(text: &str) -> Result<Vec<(String, f64)>> {
    let one = |entry: &str| {
        let (light, factor) = entry.split_once(':')?;
        let factor = factor.trim().parse().ok().filter(|f| (1e-3..=1e3).contains(f))?;
        Some((light.trim().to_owned(), factor))
    };
    text.split(',').map(one).collect::<Option<_>>().ok_or_else(|| {
        wrong(format!(
            "metadata parfocal.error_factors = '{text}'; expected LIGHT:FACTOR with commas between, factors from 0.001 \
             to 1000"
        ))
    })
}

/// The list of frequencies of a file of format 2.
fn frequencies(text: &str) -> Result<Vec<f64>> {
    let listed: Option<Vec<f64>> = text.split(',').map(|f| f.trim().parse().ok()).collect();
    let good = |list: &Vec<f64>| {
        list.len() <= 256 && list.windows(2).all(|w| w[0] < w[1]) && list.iter().all(|f| 0.0 < *f && *f <= 0.5)
    };
    listed.filter(good).ok_or_else(|| {
        wrong(format!(
            "metadata parfocal.frequencies = '{text}'; expected up to 256 numbers between 0 and 0.5, rising, with \
             commas between"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(entries: &[(&str, &str)]) -> Result<Info> {
        let metadata = entries.iter().map(|(k, v)| (format!("parfocal.{k}"), v.to_string())).collect();
        info(&metadata, String::new())
    }

    #[test]
    fn assumptions_about_a_foreign_model_are_listed() {
        let info = with(&[]).unwrap();
        assert_eq!((info.multiple, info.halo, info.percentiles), (16, 128, (0.1, 99.9)));
        assert!(info.assumed[0].contains("foreign") && info.assumed.iter().any(|a| a == "halo = 128"), "{info:?}");
    }

    #[test]
    fn a_file_of_format_2_lists_its_frequencies() {
        let told = |list: &str| with(&[("format", "2"), ("frequencies", list)]);
        assert_eq!(told("0.01, 0.2,0.5").unwrap().frequencies, [0.01, 0.2, 0.5]);
        assert!(with(&[("format", "1"), ("frequencies", "0.1")]).unwrap().frequencies.is_empty());
        for bad in ["", "0.2,0.1", "0,0.1", "0.6", "x"] {
            let message = told(bad).unwrap_err().message().to_owned();
            assert!(message.contains("expected up to 256 numbers between 0 and 0.5, rising"), "{message}");
        }
    }

    #[test]
    fn a_trust_map_has_a_factor_for_each_light() {
        let told = |list: &str| with(&[("format", "2"), ("frequencies", "0.1"), ("error_factors", list)]);
        let found = told("fluorescence:1.2, transmitted:0.8").unwrap().error_factors;
        assert_eq!(found, [("fluorescence".to_owned(), 1.2), ("transmitted".to_owned(), 0.8)]);
        for bad in ["", "fluorescence", "fluorescence:0", "fluorescence:x", "a:1,,b:2"] {
            let message = told(bad).unwrap_err().message().to_owned();
            assert!(message.contains("expected LIGHT:FACTOR with commas between"), "{message}");
        }
    }

    #[test]
    fn bad_metadata_is_refused_with_what_was_expected() {
        for (key, value, expected) in [
            ("format", "3", "parfocal.format = '3'; expected 1 or 2"),
            ("halo", "-1", "parfocal.halo = '-1'; expected a whole number from 0 to 4096"),
            ("multiple", "0", "parfocal.multiple = '0'; expected a whole number from 1 to 16"),
            ("multiple", "12", "parfocal.multiple = '12'; expected 1, 2, 4, 8 or 16"),
            ("percentiles", "99,1", "parfocal.percentiles = '99,1'; expected two numbers"),
            ("percentiles", "1,101", "parfocal.percentiles ends at 101"),
            ("pixel_size_um", "x", "parfocal.pixel_size_um = 'x'; expected two numbers"),
        ] {
            let entries = [("format", "1"), (key, value)];
            let used = if key == "format" { &entries[1..] } else { &entries[..] };
            let message = with(used).unwrap_err().message().to_owned();
            assert!(message.contains(expected), "{message}");
        }
    }

    #[test]
    fn nothing_is_assumed_about_the_test_model() {
        let info = inspect(include_bytes!("../../tests/models/tiny.onnx")).unwrap();
        assert_eq!((info.name.as_str(), info.assumed.len(), info.multiple), ("tiny", 0, 16));
        assert_eq!(info.sha256.len(), 64);
    }
}
