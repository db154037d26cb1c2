//! Models of format 2: the blur is estimated once for each frame, narrowed by told optics, and reported.

mod common;

use parfocal::error::Status;
use parfocal::image::frame::Shape;
use parfocal::optics::knowledge::{with_optics, Estimate};
use parfocal::optics::scope::Scope;
use parfocal::restore::model::Model;
use parfocal::restore::options::{RunOptions, StreamOptions};
use parfocal::restore::report::Report;

// `TOLD` adds the condition's tenth number to the image; its estimate is a fixed curve, with the image's mean as the
// size.
use common::{ramp, run, TOLD};

const OPTICS: &str = "na=0.75 wavelength_um=0.55 pixel_size_um=0.325";

fn told(options: &str) -> Model {
    common::open(TOLD, options)
}

fn frequencies() -> Vec<f64> {
    (0..24).map(|i| 0.008 * (0.5f64 / 0.008).powf(f64::from(i) / 23.0)).collect()
}

/// What told.onnx estimates of an image whose normalised mean is `mean`.
fn estimate(mean: f64) -> Estimate {
    let curve = frequencies().iter().map(|f| (-(f / 0.08).powi(2)).exp()).collect();
    Estimate { mean: curve, spread: vec![0.2; 24], size: mean, size_spread: 0.3 }
}

/// What was added to each pixel, in units of the range; it must be the same everywhere.
fn added(before: &[f32], after: &[f32], report: &Report) -> f64 {
    let width = report.ranges[0].width();
    let added: Vec<f64> = before.iter().zip(after).map(|(b, a)| f64::from(a - b) / width).collect();
    assert!(added.iter().all(|a| (a - added[0]).abs() < 1e-4), "not the same everywhere");
    added[0]
}

#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn without_optics_the_network_takes_its_own_estimate_and_reports_it() {
    let model = told("threads=1");
    assert_eq!(model.describe()["estimates_blur"], true);
    let (shape, expected) = (Shape::grey(64, 48), estimate(0.5));
    let data = ramp(shape);
    let (out, report) = run(&model, &data, shape, "").unwrap();
    assert!((added(&data, &out, &report) - expected.mean[9]).abs() < 1e-4);
    let blur = report.blurs[0].unwrap();
    assert!((blur.radius_px.0 - 0.5f64.exp_m1()).abs() < 1e-3 && blur.defocus_um.is_none());
    let json = report.describe();
    assert!((json["blur_px"][0][1].as_f64().unwrap() - 0.5f64.exp() * 0.3).abs() < 1e-3, "{json}");
    assert!(json["defocus_um"][0].is_null());
}

#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn told_optics_narrow_the_estimate() {
    let model = told("threads=1");
    let shape = Shape::grey(64, 48);
    let data = ramp(shape);
    let scope = Scope::new(0.75, 0.55, None, 0.325).unwrap();
    for (options, defocus) in [(String::from(OPTICS), None), (format!("{OPTICS} defocus_um=-1.5"), Some(-1.5))] {
        let expected = with_optics(&scope, &frequencies(), &estimate(0.5), defocus);
        let (out, report) = run(&model, &data, shape, &options).unwrap();
        assert!((added(&data, &out, &report) - f64::from(expected.condition[9])).abs() < 1e-3, "{options}");
        let (z, error) = report.blurs[0].unwrap().defocus_um.unwrap();
        assert!((z - expected.defocus_um).abs() < 0.01 && (error - expected.defocus_error_um).abs() < 0.01);
        assert!((report.describe()["defocus_um"][0][0].as_f64().unwrap() - z).abs() < 1e-12);
    }
}

#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn tiles_and_channels_of_a_frame_share_one_condition_and_planes_do_not() {
    let model = told("threads=1");
    let colour = Shape { width: 300, height: 272, channels: 3, planes: 1 };
    let data = ramp(colour);
    let (whole, report) = run(&model, &data, colour, "").unwrap();
    let (tiled, _) = run(&model, &data, colour, "tile=64 halo=16").unwrap();
    added(&data, &whole, &report);
    assert!(whole.iter().zip(&tiled).all(|(a, b)| (a - b).abs() < 1e-2));
    let stack = Shape { width: 32, height: 32, channels: 1, planes: 2 };
    let mut data = vec![7.0; 32 * 32];
    data.extend(ramp(Shape::grey(32, 32)));
    let (out, report) = run(&model, &data, stack, "").unwrap();
    assert!(report.blurs[0].is_none() && report.blurs[1].is_some() && out[0] == 7.0);
}

#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn optics_that_cannot_be_are_refused_in_words() {
    let (model, old) = (told("threads=1"), common::tiny("threads=1"));
    let shape = Shape::grey(32, 32);
    let data = ramp(shape);
    let refused = |model: &Model, options: &str, expected: &str| {
        let error = run(model, &data, shape, options).unwrap_err();
        assert_eq!(error.status(), Status::BadOption, "{options}");
        assert!(error.message().contains(expected), "{options}: {}", error.message());
    };
    refused(&old, "na=0.5", "na=0.5: the model 'tiny' takes no optics; expected a model of format 2, or leave out");
    refused(
        &model,
        "defocus_um=2",
        "defocus_um=2: the optics are not known without na and wavelength_um and pixel_size",
    );
    refused(&model, "na=0.5 pixel_size_um=0.2", "na=0.5: the optics are not known without wavelength_um; expected");
    let wrong = "na=1.2 refractive_index=1 wavelength_um=0.5 pixel_size_um=0.1";
    refused(&model, wrong, "na=1.2: expected less than the refractive index, which is 1; give refractive_index");
    refused(&model, &format!("{OPTICS} defocus_um=40"), "a radius of 140 pixels; expected at most 26");
    for (options, expected) in [
        ("na=-1", "na=-1: expected a number from 0.01 to 1.7"),
        ("wavelength_um=550", "wavelength_um=550: expected micrometres, a number from 0.1 to 3"),
        ("wavelength_um=-0.5", "wavelength_um=-0.5: expected micrometres"),
        ("refractive_index=0", "refractive_index=0: expected a number from 1 to 2.5"),
        ("defocus_um=nan", "defocus_um=nan: expected micrometres, a number from -10000 to 10000"),
    ] {
        let message = RunOptions::parse(options).unwrap_err().message().to_owned();
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn contradictions_and_unusual_distances_are_warned_about() {
    let model = told("threads=1");
    let shape = Shape::grey(32, 32);
    let data = ramp(shape);
    let (_, report) = run(&model, &data, shape, &format!("{OPTICS} defocus_um=7")).unwrap();
    let warning = &report.warnings[0];
    assert!(warning.starts_with("defocus_um=7: by its pixels the image lies 0."), "{warning}");
    assert!(warning.ends_with("um from focus; check the distance and the optics"), "{warning}");
    run(&model, &data, shape, &format!("{OPTICS} defocus_um=9")).unwrap();
    let warnings = model.describe()["warnings"].to_string();
    assert!(
        warnings.contains("defocus_um=9: its blur disc has a radius of 31 pixels; the model was trained for up to 26")
    );
    let (_, report) = run(&model, &data, shape, &format!("{OPTICS} defocus_um=0.2")).unwrap();
    assert!(report.warnings.is_empty(), "{:?}", report.warnings);
}

#[test]
fn streams_take_optics_too() {
    let options = StreamOptions::parse(&format!("{OPTICS} defocus_um=1")).unwrap();
    assert_eq!((options.run.optics.na, options.run.optics.defocus_um), (Some(0.75), Some(1.0)));
    assert_eq!(options.run.pixel_size_um, Some(0.325));
}
