//! Bad model files are refused with what was found and what was expected; a sound foreign one is accepted.

mod common;

use std::path::{Path, PathBuf};

use parfocal::error::Status;
use parfocal::image::frame::{InPlace, Shape};
use parfocal::restore::model::Model;
use parfocal::restore::options::{OpenOptions, RunOptions};
use parfocal::restore::stack::restore;
use parfocal::task::Task;

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models").join(name)
}

fn open(path: &Path) -> parfocal::error::Result<Model> {
    let options = OpenOptions { runtime: Some(common::runtime()), threads: Some(1), ..OpenOptions::default() };
    Model::open(Some(path), &options)
}

fn refused(path: &Path, status: Status, parts: &[&str]) {
    let Err(error) = open(path) else { panic!("{} must be refused", path.display()) };
    assert_eq!(error.status(), status, "{error}");
    for part in parts.iter().chain(&[path.file_name().unwrap().to_str().unwrap()]) {
        assert!(error.message().contains(part), "no '{part}' in: {error}");
    }
}

#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn files_that_are_no_model_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    refused(&folder.path().join("none.onnx"), Status::NotFound, &["no such file", "expected an ONNX model"]);
    refused(folder.path(), Status::Io, &["not a regular file"]);
    refused(&write("empty.onnx", b""), Status::Model, &["an empty file", "expected an ONNX model"]);
    refused(
        &write("text.onnx", b"hello, I am no model"),
        Status::Model,
        &["not an ONNX file", "expected an ONNX model"],
    );
    refused(&write("zip.pt", b"PK\x03\x04 a checkpoint"), Status::Model, &["not an ONNX file"]);
    let cut = &common::TINY[..common::TINY.len() / 2];
    refused(&write("cut.onnx", cut), Status::Model, &["truncated", "expected a complete one"]);
    // A sparse file takes no disk space.
    let huge = std::fs::File::create(folder.path().join("huge.onnx")).unwrap();
    huge.set_len(600 << 20).unwrap();
    refused(&folder.path().join("huge.onnx"), Status::Model, &["629145600 bytes", "at most 536870912"]);
}

#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn a_field_number_beyond_32_bits_is_refused() {
    // ONNX Runtime keeps 32 bits of the number and would take this field for external data.
    refused(&file("hidden.onnx"), Status::Model, &["field 536870925, which there cannot be"]);
}

#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn models_of_another_kind_are_refused() {
    let expected = "expected float32 [N, 1, H, W]";
    refused(&file("fixed_size.onnx"), Status::Model, &["input 'image' is", "[1, 1, 256, 256]", expected]);
    refused(&file("three_channels.onnx"), Status::Model, &["[?, 3, ?, ?]", expected]);
    refused(&file("double.onnx"), Status::Model, &["64 [?, 1, ?, ?]", expected]);
    refused(&file("two_inputs.onnx"), Status::Model, &["2 inputs; expected one"]);
    refused(&file("custom.onnx"), Status::Model, &["domain 'com.example'", "standard ONNX operators only"]);
    refused(&file("external.onnx"), Status::Model, &["tensor 'weights'", "external data", "one self-contained file"]);
    refused(&file("shrinks.onnx"), Status::Model, &["probe run on 48x32", "[1, 1, 16, 24]", "expected the same shape"]);
    refused(&file("future.onnx"), Status::Model, &["parfocal.format = '3'; expected 1 or 2"]);
}

#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn a_changed_byte_never_crashes() {
    let path = common::runtime();
    let options = OpenOptions { runtime: Some(path), threads: Some(1), ..OpenOptions::default() };
    // Changes every part of the file; most of the results still open, with other weights.
    for at in (0..common::TINY.len()).step_by(311) {
        let mut bytes = common::TINY.to_vec();
        bytes[at] ^= 0xff;
        if let Err(error) = Model::open_memory(&bytes, &options) {
            assert_eq!(error.status(), Status::Model, "byte {at}: {error}");
        }
    }
}

#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn a_foreign_model_opens_and_lists_its_assumptions() {
    let model = open(&file("foreign.onnx"));
    let model = model.unwrap();
    let warnings = model.describe()["warnings"].to_string();
    assert!(warnings.contains("foreign model") && warnings.contains("halo = 128"), "{warnings}");
    // The model halves the normalised values: the upper end of the range maps to the middle.
    let mut data: Vec<f32> = (0..2000).map(|i| i as f32).collect();
    let mut planes = InPlace::new(&mut data, Shape::grey(50, 40), None).unwrap();
    let report = restore(&model, &Task::new(), &mut planes, &RunOptions::default()).unwrap();
    let range = report.ranges[0];
    for (i, value) in data.iter().enumerate() {
        let expected = range.lo + (i as f64 - range.lo) / 2.0;
        assert!((f64::from(*value) - expected).abs() < 1e-2, "{i}: {value} {expected}");
    }
    let error = restore(
        &model,
        &Task::new(),
        &mut InPlace::new(&mut data, Shape::grey(50, 40), None).unwrap(),
        &RunOptions::parse("halo=exact").unwrap(),
    );
    assert!(error.unwrap_err().message().contains("halo=exact: the receptive field of a foreign model"));
}
