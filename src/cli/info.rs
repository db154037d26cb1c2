//! `parfocal info`: what an image or a model file is, without running anything.

use std::path::{Path, PathBuf};

use clap::ArgMatches;
use serde_json::{json, Value};

use super::{say, say_json, Failure};
use crate::error::Result;
use crate::model;
use crate::tiff::{Predictor, Reader};

pub fn run(arguments: &ArgMatches) -> std::result::Result<(), Failure> {
    // clap has refused a call without it.
    let path: &PathBuf = arguments.get_one("FILE").expect("required");
    let is_model = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("onnx"));
    let about = if is_model { about_model(path)? } else { about_image(path)? };
    if arguments.get_flag("json") {
        say_json(&about);
    } else {
        about.as_object().into_iter().flatten().for_each(|(key, value)| say(&line(key, value)));
    }
    Ok(())
}

/// `key: value` for people; what is not known is said to be so.
pub(super) fn line(key: &str, value: &Value) -> String {
    let text = match value {
        Value::Null => "unknown".to_owned(),
        Value::String(text) => text.clone(),
        Value::Object(entries) => entries
            .iter()
            .map(|(k, v)| format!("{k} {}", v.to_string().trim_matches('"')))
            .collect::<Vec<_>>()
            .join(", "),
        Value::Array(values) if values.is_empty() => "none".to_owned(),
        Value::Array(values) => values
            .iter()
            .map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned))
            .collect::<Vec<_>>()
            .join(", "),
        other => other.to_string(),
    };
    format!("{:<22}{text}", format!("{}:", key.replace('_', " ")))
}

fn about_image(path: &Path) -> Result<Value> {
    let mut reader = Reader::open(path)?;
    let storage = reader.page(0)?.storage;
    let layout = reader.layout();
    Ok(json!({
        "kind": "image",
        "path": path.display().to_string(),
        "width": layout.width,
        "height": layout.height,
        "pages": reader.pages(),
        "pixel_type": layout.pixel_type.to_string(),
        "channels": layout.channels.to_string(),
        "white_is_zero": layout.white_is_zero,
        "pixel_size_um": reader.pixel_size_um(),
        "description": reader.description().name(),
        "axes": reader.axes().map(|a| json!({ "channels": a.channels, "slices": a.slices, "frames": a.frames })),
        "compression": storage.compression.name(),
        "horizontal_predictor": storage.predictor == Predictor::Horizontal,
        "tiled": storage.tiled,
        "planar": storage.planar,
        "byte_order": if reader.big_endian() { "big-endian" } else { "little-endian" },
        "bigtiff": reader.big(),
        "warnings": reader.warnings(),
    }))
}

fn about_model(path: &Path) -> Result<Value> {
    let bytes = model::read_file(path)?;
    let info = model::inspect(&bytes).map_err(|e| e.context(path.display()))?;
    Ok(json!({
        "kind": "model",
        "path": path.display().to_string(),
        "name": info.name,
        "version": info.version,
        "license": info.license,
        "description": info.description,
        "modalities": info.modalities,
        "pixel_size_um": info.pixel_size_um.map(|(low, high)| [low, high]),
        "percentiles": [info.percentiles.0, info.percentiles.1],
        "multiple": info.multiple,
        "halo": info.halo,
        "bytes_per_pixel": info.bytes_per_pixel,
        "training_data": info.training_data,
        "sha256": info.sha256,
        "bytes": bytes.len(),
        "assumed": info.assumed,
    }))
}
