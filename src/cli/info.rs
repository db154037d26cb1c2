//! `parfocal info`: the properties of an image or a model file. Runs no network.

use std::path::{Path, PathBuf};

use clap::{ArgMatches, Command};
use serde_json::{json, Value};

use super::arguments::{json, path};
use super::output::{line, say, say_json, Failure};
use crate::error::Result;
use crate::onnx::model_file;
use crate::onnx::models;
use crate::tiff::{Predictor, Reader};

/// The subcommand and its arguments.
pub fn command() -> Command {
    Command::new("info")
        .about("Tell what an image or a model file is")
        .arg(path("FILE").required(true).help("A TIFF image, a model (.onnx), or the name of a model"))
        .arg(json())
}

pub fn run(arguments: &ArgMatches) -> std::result::Result<(), Failure> {
    // clap has checked that it is there.
    let path: &PathBuf = arguments.get_one("FILE").expect("required");
    let is_name = models::names().iter().any(|name| path.as_os_str() == name.as_str());
    let is_model = is_name || path.extension().is_some_and(|e| e.eq_ignore_ascii_case("onnx"));
    let about = if is_model { about_model(path)? } else { about_image(path)? };
    if arguments.get_flag("json") {
        say_json(&about);
    } else {
        about.as_object().into_iter().flatten().for_each(|(key, value)| say(&line(key, value)));
    }
    Ok(())
}

fn about_image(path: &Path) -> Result<Value> {
    let mut reader = Reader::open(path)?;
    let storage = reader.page(0)?.storage;
    let format = reader.format();
    Ok(json!({
        "kind": "image",
        "path": path.display().to_string(),
        "width": format.width,
        "height": format.height,
        "pages": reader.pages(),
        "pixel_type": format.stored.to_string(),
        "channels": format.channels.to_string(),
        "white_is_zero": format.white_is_zero,
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
    let bytes = models::find(Some(path))?.bytes;
    let info = model_file::inspect(&bytes).map_err(|e| e.context(path.display()))?;
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
