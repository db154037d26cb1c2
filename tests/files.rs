//! Restoring files: the pixels are the same as when the pages are restored in memory, and everything else is preserved.

mod common;

use std::path::{Path, PathBuf};

use bytemuck::Pod;
use parfocal::error::Status;
use parfocal::image::frame::{InPlace, PixelType, Sample, Shape, Strides};
use parfocal::restore::file::restore_file;
use parfocal::restore::model::Model;
use parfocal::restore::options::{FileOptions, RunOptions};
use parfocal::restore::stack::restore;
use parfocal::task::Task;
use parfocal::tiff::{PageFormat, Reader, Writer};

fn good() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/good");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() > 25);
    files
}

fn pages<T: Sample + Pod>(path: &Path) -> (PageFormat, Vec<T>) {
    let mut reader = Reader::open(path).unwrap();
    let mut all = Vec::new();
    for index in 0..reader.pages() {
        let mut page = Vec::new();
        reader.read(index, &mut page).unwrap();
        all.extend_from_slice(&page);
    }
    (reader.format(), all)
}

/// Restores all pages in memory, as one stack; alpha stays unchanged.
fn in_memory<T: Sample + Pod>(model: &Model, input: &Path, options: &RunOptions) -> Vec<T> {
    let (format, mut pixels) = pages::<T>(input);
    let samples = format.channels.samples() as isize;
    let row = samples * format.width as isize;
    let strides = Strides { x: samples, y: row, channel: 1, plane: row * format.height as isize };
    let shape = Shape {
        width: format.width,
        height: format.height,
        channels: format.channels.colours(),
        planes: pixels.len() / format.samples(),
    };
    let mut planes = InPlace::new(&mut pixels, shape, Some(strides)).unwrap();
    restore(model, &Task::new(), &mut planes, options).unwrap();
    pixels
}

/// Compares bits, so that NaN equals itself.
fn same<T: Sample + Pod>(model: &Model, input: &Path, output: &Path, options: &RunOptions) -> bool {
    let expected: Vec<T> = in_memory(model, input, options);
    bytemuck::cast_slice::<T, u8>(&expected) == bytemuck::cast_slice::<T, u8>(&pages::<T>(output).1)
}

#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn a_file_and_its_pages_in_memory_give_the_same_pixels() {
    let model = common::tiny("threads=1");
    let folder = tempfile::tempdir().unwrap();
    for text in ["", "normalize=stack", "normalize=-20:70000 tile=16 halo=8"] {
        let file = FileOptions { force: true, ..FileOptions::parse(text).unwrap() };
        let options = &file.run;
        for input in good() {
            let output = folder.path().join(input.file_name().unwrap());
            let task = Task::new();
            let report = restore_file(&model, &task, &input, &output, &file).unwrap();
            let (before, after) = (Reader::open(&input).unwrap(), Reader::open(&output).unwrap());
            assert_eq!((after.format(), after.pages()), (before.format(), before.pages()), "{}", input.display());
            let equal = match report.format.pixel_type {
                PixelType::U8 => same::<u8>(&model, &input, &output, options),
                PixelType::U16 => same::<u16>(&model, &input, &output, options),
                PixelType::F32 => same::<f32>(&model, &input, &output, options),
            };
            assert!(equal, "{} with '{text}': other pixels than in memory", input.display());
            let (done, total) = task.progress();
            assert_eq!((done, task.planes_done()), (total, before.pages() as u64), "{}", input.display());
        }
    }
}

#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn constant_tiny_and_non_finite_frames_are_restored_as_defined() {
    let model = common::tiny("");
    let folder = tempfile::tempdir().unwrap();
    let run = |name: &str| {
        let input = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/good").join(name);
        let output = folder.path().join(name);
        let report = restore_file(&model, &Task::new(), &input, &output, &FileOptions::default()).unwrap();
        (input, output, report)
    };
    for name in ["1x1.tif", "constant.tif"] {
        let (input, output, report) = run(name);
        assert_eq!(report.run.constant_planes, 1, "{name}");
        assert_eq!(pages::<u16>(&output).1, pages::<u16>(&input).1, "{name}: a constant frame comes back as it was");
    }
    let (input, output, _) = run("saturated.tif");
    assert_eq!(pages::<u8>(&output).1, pages::<u8>(&input).1);
    for (name, size) in [("1xN.tif", (1, 41)), ("17x23.tif", (17, 23))] {
        let (input, output, report) = run(name);
        assert_eq!((report.format.width, report.format.height), size);
        assert_ne!(pages::<u16>(&output).1, pages::<u16>(&input).1, "{name}: nothing was done");
    }
    for (name, count) in [("nan.tif", 3), ("inf.tif", 2)] {
        let (input, output, report) = run(name);
        let (before, after) = (pages::<f32>(&input).1, pages::<f32>(&output).1);
        assert_eq!(report.run.nonfinite, count, "{name}");
        for (old, new) in before.iter().zip(&after) {
            assert!(
                if old.is_finite() { new.is_finite() } else { old.to_bits() == new.to_bits() },
                "{name}: {old} became {new}"
            );
        }
    }
}

#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn a_cancelled_run_leaves_nothing() {
    let model = common::tiny("");
    let folder = tempfile::tempdir().unwrap();
    let input = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/good/stack-u8.tif");
    for text in ["", "normalize=stack"] {
        let task = Task::new();
        task.cancel();
        let output = folder.path().join("out.tif");
        let error = restore_file(&model, &task, &input, &output, &FileOptions::parse(text).unwrap()).unwrap_err();
        assert_eq!(error.status(), Status::Cancelled, "{error}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "something is left");
    }
}

#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn damaged_pixels_in_a_late_page_leave_nothing() {
    let model = common::tiny("");
    let folder = tempfile::tempdir().unwrap();
    let input = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/bad/damaged-data.tif");
    let output = folder.path().join("out.tif");
    let error = restore_file(&model, &Task::new(), &input, &output, &FileOptions::default()).unwrap_err();
    assert_eq!(error.status(), Status::Format, "{error}");
    assert!(error.message().contains("damaged-data.tif: page 1: decoding its pixels"), "{error}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "something is left");
}

/// A closed shutter in a float stack: the range of the stack is far too wide for that page, but not the user's mistake.
#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn a_nearly_blank_page_does_not_stop_a_stack() {
    let model = common::tiny("threads=1");
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("in.tif"), folder.path().join("out.tif"));
    let mut reader = Reader::open(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/good/f32.tif")).unwrap();
    let (mut plan, page) = (reader.plan(), reader.page(0).unwrap());
    plan.pages = 2;
    let samples = page.format.samples();
    let mut writer = Writer::create(&input, false, plan).unwrap();
    for gain in [1e4f32, 1e-9] {
        let mut pixels: Vec<f32> = (0..samples).map(|i| (i * i % 101) as f32 * gain).collect();
        writer.write(&mut pixels, &page, None).unwrap();
    }
    writer.finish().unwrap();
    let options = FileOptions::parse("normalize=stack").unwrap();
    restore_file(&model, &Task::new(), &input, &output, &options).unwrap();
    assert!(same::<f32>(&model, &input, &output, &options.run));
}
