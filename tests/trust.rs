//! The error map and the quality: what comes beside the restored pixels, and the mean over turns.

mod common;

use std::path::Path;

use parfocal::error::{Result, Status};
use parfocal::image::frame::{InPlace, Shape};
use parfocal::restore::file::restore_file;
use parfocal::restore::model::Model;
use parfocal::restore::options::{FileOptions, OpenOptions, RunOptions, StreamOptions};
use parfocal::restore::stack::restore;
use parfocal::restore::stream::Stream;
use parfocal::task::Task;

// The expected error of `TOLD` is a quarter of the absolute input, times 2 in fluorescence, 0.5 in transmitted light,
// else 1.
use common::{open, ramp, run, tiny, TOLD};

#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn expected_errors_come_in_the_units_of_the_image_with_the_factor_of_the_light() {
    let model = open(TOLD, "threads=1");
    assert_eq!(model.describe()["estimates_error"], true);
    let shape = Shape::grey(70, 50);
    let data = ramp(shape);
    for (light, factor) in
        [("", 2.0), ("light=fluorescence", 2.0), ("light=transmitted", 0.5), ("light=reflected", 1.0)]
    {
        for tile in ["", "tile=32 halo=16"] {
            let (_, report) = run(&model, &data, shape, &format!("error_map=on {light} {tile}")).unwrap();
            let range = report.ranges[0];
            let errors = report.errors.unwrap();
            assert_eq!(errors.len(), data.len());
            for (error, pixel) in errors.iter().zip(&data) {
                let expected = factor * 0.25 * (f64::from(*pixel) - range.lo).abs();
                assert!((f64::from(*error) - expected).abs() < 0.01, "{light} {tile}: {error} for {pixel}");
            }
        }
    }
    let (plain, report) = run(&model, &data, shape, "").unwrap();
    assert!(report.errors.is_none());
    assert_eq!(plain, run(&model, &data, shape, "error_map=on").unwrap().0);
}

#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn planes_and_channels_follow_one_another_and_what_is_not_finite_has_no_error() {
    let model = open(TOLD, "threads=1");
    let shape = Shape { width: 40, height: 32, channels: 3, planes: 3 };
    let area = 40 * 32;
    let mut data = ramp(shape);
    data[..3 * area].fill(7.0); // the first plane is constant
    let (broken, middle) = (2 * 3 * area + 5 * 3 + 1, 2 * 3 * area);
    data[broken] = f32::NAN;
    let (_, report) = run(&model, &data, shape, "error_map=on normalize=0:1000 light=reflected").unwrap();
    let errors = report.errors.unwrap();
    assert_eq!(errors.len(), data.len());
    assert!(errors[..3 * area].iter().all(|error| *error == 0.0));
    // Pixel 5 of the second channel of the third plane.
    assert!(errors[2 * 3 * area + area + 5].is_nan());
    assert_eq!(errors.iter().filter(|error| error.is_nan()).count(), 1);
    assert!((errors[2 * 3 * area + 5] - 0.25 * data[middle + 15]).abs() < 0.01);
}

#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn a_map_that_cannot_be_had_is_refused_in_words() {
    let (model, old) = (open(TOLD, "threads=1"), tiny("threads=1"));
    let shape = Shape::grey(32, 32);
    let data = ramp(shape);
    let refused = |model: &Model, options: &str, expected: &str| {
        let error = run(model, &data, shape, options).unwrap_err();
        assert_eq!(error.status(), Status::BadOption, "{options}");
        assert!(error.message().contains(expected), "{options}: {}", error.message());
    };
    refused(&old, "error_map=on", "error_map: the model 'tiny' has no trust map; expected one whose description says");
    refused(&model, "error_map=a.tif", "error_map=a.tif: pixels in memory have no file beside them; expected on");
    refused(&model, "error_map=yes", "error_map=yes: expected off, on, or for a file the path of the map");
    refused(&model, "light=ultraviolet", "light=ultraviolet: expected unknown, fluorescence, transmitted, reflected");
}

#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn the_map_of_a_file_has_its_pages_and_its_pixel_size() {
    let model = open(TOLD, "threads=1");
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let input = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/good/imagej-le.tif");
    let run = |options: &str, output: &str| {
        let options = FileOptions::parse(options).unwrap();
        restore_file(&model, &Task::new(), &input, &at(output), &options)
    };
    let report = run("error_map=on", "a.tif").unwrap();
    assert_eq!(report.error_map.as_deref(), Some(&*at("a-error.tif")));
    let (mut source, mut map) =
        (parfocal::tiff::Reader::open(&input).unwrap(), parfocal::tiff::Reader::open(&at("a-error.tif")).unwrap());
    assert_eq!((map.pages(), map.pixel_size_um()), (source.pages(), source.pixel_size_um()));
    assert!(map.axes().is_some() && map.axes() == source.axes());
    let (mut pixels, mut errors): (Vec<u16>, Vec<f32>) = (Vec::new(), Vec::new());
    for page in 0..source.pages() {
        source.read(page, &mut pixels).unwrap();
        map.read(page, &mut errors).unwrap();
        let lo = report.run.ranges[page].lo;
        let wrong =
            |(error, pixel): (&f32, &u16)| (f64::from(*error) - 0.5 * (f64::from(*pixel) - lo).abs()).abs() > 0.05;
        assert!(!errors.iter().zip(&pixels).any(wrong), "page {page}");
    }
    // The same restored file, with and without, but for its own name.
    run("", "b.tif").unwrap();
    assert_eq!(std::fs::read(at("a.tif")).unwrap(), std::fs::read(at("b.tif")).unwrap());
    let to = format!("error_map='{}'", at("map.tif").display());
    assert_eq!(run(&to, "c.tif").unwrap().error_map, Some(at("map.tif")));
    let message = |options: &str, output: &str| run(options, output).unwrap_err().message().to_owned();
    assert!(message(&to, "d.tif").contains("the output exists already"));
    assert!(message(&format!("error_map='{}'", at("e.tif").display()), "e.tif").contains("this is the output"));
    assert!(message(&format!("error_map='{}'", input.display()), "f.tif").contains("this is the input"));
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|f| f.unwrap().file_name()).collect();
    assert_eq!(left.len(), 5, "{left:?}");
}

#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn the_best_quality_does_not_depend_on_how_the_image_lies() {
    let (normal, best) = (tiny("threads=1"), tiny("threads=1 quality=best"));
    assert_eq!(
        (normal.describe()["quality"].as_str(), best.describe()["quality"].as_str()),
        (Some("normal"), Some("best"))
    );
    let shape = Shape::grey(48, 48);
    let data: Vec<f32> = (0..48 * 48).map(|i| ((i * i) % 997) as f32).collect();
    let mirrored = |image: &[f32]| image.chunks(48).flat_map(|row| row.iter().rev()).copied().collect::<Vec<f32>>();
    let transposed = |image: &[f32]| (0..48 * 48).map(|i| image[i % 48 * 48 + i / 48]).collect::<Vec<f32>>();
    let apart = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    let restored = |model: &Model, data: &[f32], options: &str| run(model, data, shape, options).unwrap().0;
    let upright = restored(&best, &data, "");
    for turn in [&mirrored as &dyn Fn(&[f32]) -> Vec<f32>, &transposed] {
        let turned = restored(&best, &turn(&data), "");
        assert!(apart(&turn(&upright), &turned) < 0.05);
        let once = restored(&normal, &turn(&data), "");
        assert!(apart(&turn(&restored(&normal, &data, "")), &once) > 0.5, "the model is symmetric: no test");
    }
    // In tiles as whole, and counted: eight runs for each.
    let tiled = restored(&best, &data, "tile=16 halo=exact");
    assert!(apart(&tiled, &upright) < 0.5, "{}", apart(&tiled, &upright));
    let task = Task::new();
    let mut out = data.clone();
    let options = RunOptions::parse("tile=32 halo=0").unwrap();
    restore(&best, &task, &mut InPlace::new(&mut out, shape, None).unwrap(), &options).unwrap();
    assert_eq!(task.progress(), (4 * 8, 4 * 8));
}

#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn the_fast_quality_is_the_fast_model() {
    let mut options = OpenOptions::parse("quality=fast threads=1").unwrap();
    options.runtime = Some(common::runtime());
    assert_eq!(Model::open(None, &options).unwrap().describe()["model"], "fast");
    assert_eq!(Model::open(Some(Path::new("fast")), &options).unwrap().describe()["model"], "fast");
    let error = Model::open(Some(Path::new("accurate")), &options).map(drop).unwrap_err();
    assert_eq!(error.status(), Status::BadOption);
    assert!(error.message().contains("quality=fast: chooses the fast model, but the model 'accurate' is named"));
    let error = OpenOptions::parse("quality=good").unwrap_err();
    assert!(error.message().contains("quality=good: expected fast, normal, best (default: normal)"), "{error}");
}

#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn a_stream_keeps_the_map_of_the_frame_that_was_received_last() {
    let model = std::sync::Arc::new(open(TOLD, "threads=1"));
    let shape = Shape::grey(32, 48);
    let options = StreamOptions::parse("error_map=on light=reflected normalize=0:1000").unwrap();
    let stream = Stream::<f32>::open(model.clone(), shape, options).unwrap();
    let none = stream.with_error_map(<[f32]>::len).unwrap_err();
    assert!(none.message().contains("no frame with an error map has been received"), "{none}");
    for tag in [1, 2] {
        let frame: Vec<f32> = ramp(shape).iter().map(|v| v * tag as f32).collect();
        stream.submit(tag, |to| to.copy_from_slice(&frame)).unwrap();
        stream.receive(None, |_| ()).unwrap().1.unwrap();
        let apart = |errors: &[f32]| errors.iter().zip(&frame).map(|(e, v)| (e - 0.25 * v).abs()).fold(0.0, f32::max);
        assert!(stream.with_error_map(apart).unwrap() < 0.01);
    }
    let refused = |model, options: &str| Stream::<f32>::open(model, shape, StreamOptions::parse(options).unwrap());
    let old = std::sync::Arc::new(tiny("threads=1"));
    let message = |opened: Result<Stream<f32>>| opened.map(drop).unwrap_err().message().to_owned();
    assert!(message(refused(old, "error_map=on")).contains("the model 'tiny' has no trust map"));
    assert!(message(refused(model, "error_map=/a/b.tif")).contains("have no file beside them; expected on"));
}
