//! `parfocal score`: a score for each page, the sharpest marked; bad files are reported and skipped.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use parfocal::image::focus::score_plane;
use parfocal::image::frame::{InPlace, Shape};
use parfocal::tiff::{Reader, Writer};
use serde_json::Value;
use tempfile::TempDir;

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

fn score(options: &[&str], files: &[PathBuf]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_parfocal")).arg("score").args(options).args(files).output().unwrap()
}

fn report(files: &[PathBuf]) -> (Vec<Value>, Output) {
    let done = score(&["--json"], files);
    let report: Value = serde_json::from_slice(&done.stdout).unwrap_or_else(|e| panic!("{e}: {done:?}"));
    (report["files"].as_array().unwrap().clone(), done)
}

fn scores(file: &Value) -> Vec<f64> {
    file["scores"].as_array().unwrap_or_else(|| panic!("{file}")).iter().map(|v| v.as_f64().unwrap()).collect()
}

/// The test stack, each page blurred over more columns the farther it is from page 2.
fn focal_stack(folder: &TempDir) -> PathBuf {
    let path = folder.path().join("focal.tif");
    let mut reader = Reader::open(&data("good/stack-u8.tif")).unwrap();
    let mut writer = Writer::create(&path, false, reader.plan()).unwrap();
    let width = reader.format().width;
    for index in 0..reader.pages() {
        let page = reader.page(index).unwrap();
        let mut pixels: Vec<u8> = Vec::new();
        reader.read(index, &mut pixels).unwrap();
        let blur = index.abs_diff(1);
        let mut blurred: Vec<u8> = (0..pixels.len())
            .map(|at| {
                let row = &pixels[at / width * width..][..width];
                let near = &row[(at % width).saturating_sub(blur)..(at % width + blur + 1).min(width)];
                (near.iter().map(|&v| u32::from(v)).sum::<u32>() / near.len() as u32) as u8
            })
            .collect();
        writer.write(&mut blurred, &page, None).unwrap();
    }
    writer.finish().unwrap();
    path
}

#[test]
fn the_sharpest_page_is_marked() {
    let folder = TempDir::new().unwrap();
    let stack = focal_stack(&folder);
    let (files, done) = report(std::slice::from_ref(&stack));
    assert!(done.status.success() && done.stderr.is_empty(), "{done:?}");
    let found = scores(&files[0]);
    assert_eq!((found.len(), &files[0]["sharpest_page"], &files[0]["ok"]), (5, &2.into(), &true.into()));
    // The farther from page 2, the lower the score.
    assert!(found[1] > found[0] && found[1] > found[2] && found[2] > found[3] && found[3] > found[4], "{found:?}");

    let done = score(&[], std::slice::from_ref(&stack));
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    let lines: Vec<&str> = text.lines().collect();
    assert!(done.status.success() && lines[0] == stack.display().to_string() && lines.len() == 7, "{text}");
    for (index, line) in lines[2..].iter().enumerate() {
        let words: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(words[0], (index + 1).to_string(), "{text}");
        assert!((words[1].parse::<f64>().unwrap() - found[index]).abs() <= 5.1e-7, "{text}");
        assert_eq!(words.get(2), (index == 1).then_some(&"sharpest"), "{text}");
    }
}

#[test]
fn every_kind_of_file_is_scored() {
    let names = ["u8", "u16", "f32", "rgba8", "imagej-be", "white-is-zero-u8", "1x1", "1xN", "constant", "nan"];
    let (files, done) = report(&names.map(|name| data(&format!("good/{name}.tif"))));
    assert!(done.status.success(), "{done:?}");
    let first = |name: &str| scores(&files[names.iter().position(|n| *n == name).unwrap()])[0];
    let (mut reader, mut pixels) = (Reader::open(&data("good/u8.tif")).unwrap(), Vec::<u8>::new());
    reader.read(0, &mut pixels).unwrap();
    let expected = score_plane(&InPlace::new(&mut pixels, Shape::grey(37, 29), None).unwrap(), 0).unwrap();
    assert_eq!(first("u8"), expected);
    // The 32-bit pattern is the 8-bit one / 4 - 20; the other file has the 8-bit pattern, stored with 0 as white.
    for name in ["f32", "white-is-zero-u8"] {
        assert!((first(name) / expected - 1.0).abs() < 1e-6, "{name}: {} {expected}", first(name));
    }
    for name in ["u16", "rgba8", "imagej-be", "1xN", "nan"] {
        assert!(first(name) > 0.0 && first(name) < 1.0, "{name}: {}", first(name));
    }
    assert_eq!((first("1x1"), first("constant")), (0.0, 0.0));
    // A single page is not the sharpest of anything.
    assert_eq!(files[0]["sharpest_page"], Value::Null);
    assert_eq!(scores(&files[4]).len(), 4);
}

#[test]
fn a_bad_file_is_reported_and_does_not_stop_the_rest() {
    let paths = ["good/u8.tif", "bad/palette.tif", "bad/damaged-data.tif", "good/u16.tif"].map(data);
    let (files, done) = report(&paths);
    assert_eq!(done.status.code(), Some(1));
    let errors = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(errors.contains("palette.tif: page 1: a palette") && errors.contains("damaged-data.tif: page"), "{errors}");
    let ok: Vec<bool> = files.iter().map(|f| f["ok"].as_bool().unwrap()).collect();
    assert_eq!(ok, [true, false, false, true]);
    assert_eq!(files[1]["status"], "Unsupported");
    let done = score(&[], &paths);
    assert_eq!((done.status.code(), String::from_utf8_lossy(&done.stdout).lines().count()), (Some(1), 6));
    let none = score(&[], &[]);
    assert_eq!(none.status.code(), Some(2), "{none:?}");
}
