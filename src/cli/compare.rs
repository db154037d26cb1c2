//! `parfocal compare`: PSNR and SSIM of an image against a reference, raw and after the best gain and offset.

use std::path::{Path, PathBuf};

use bytemuck::Pod;
use clap::{ArgMatches, Command};
use serde_json::{json, Value};

use super::arguments::{json, path};
use super::output::{say, say_json, Failure};
use crate::error::{Error, Result, Status};
use crate::image::frame::Sample;
use crate::image::metrics;
use crate::image::sample::with_sample;
use crate::tiff::Reader;

/// Measures of one page, or their means over all pages.
#[derive(Clone, Copy, Default)]
struct Figures {
    /// dB; infinite where the pages are equal.
    psnr: f64,
    /// `None` where the image is smaller than the window.
    ssim: Option<f64>,
}

#[derive(Clone, Copy)]
struct Page {
    raw: Figures,
    fitted: Figures,
    gain: f64,
    offset: f64,
    /// Data range for PSNR and SSIM: from the reference's 0.1 to its 99.9 percentile.
    data_range: f64,
}

/// The subcommand and its arguments.
pub fn command() -> Command {
    Command::new("compare")
        .about("PSNR and SSIM of image A against reference B, raw and after the best gain and offset")
        .arg(path("A").required(true).help("The image"))
        .arg(path("B").required(true).help("The reference, of the same size"))
        .arg(json())
}

pub fn run(arguments: &ArgMatches) -> std::result::Result<(), Failure> {
    // clap has checked that both are there.
    let image: &PathBuf = arguments.get_one("A").expect("required");
    let reference: &PathBuf = arguments.get_one("B").expect("required");
    let pages = compare(image, reference)?;
    let mean = |value: &dyn Fn(&Page) -> f64| pages.iter().map(value).sum::<f64>() / pages.len() as f64;
    let figures = |part: &dyn Fn(&Page) -> Figures| Figures {
        psnr: mean(&|p| part(p).psnr),
        ssim: pages[0].raw.ssim.map(|_| mean(&|p| part(p).ssim.unwrap_or(f64::NAN))),
    };
    let all = Page {
        raw: figures(&|p| p.raw),
        fitted: figures(&|p| p.fitted),
        gain: mean(&|p| p.gain),
        offset: mean(&|p| p.offset),
        data_range: mean(&|p| p.data_range),
    };
    if arguments.get_flag("json") {
        let mut value = as_json(&all);
        value["a"] = image.display().to_string().into();
        value["b"] = reference.display().to_string().into();
        value["pages"] = pages.iter().map(as_json).collect();
        say_json(&value);
        return Ok(());
    }
    say(&format!("{} against the reference {}", image.display(), reference.display()));
    if pages.len() > 1 {
        say(&format!("{:<8}{}", "page", HEAD));
        pages.iter().enumerate().for_each(|(i, page)| say(&format!("{:<8}{}", i + 1, row(page))));
        say(&format!("{:<8}{}", "mean", row(&all)));
    } else {
        say(HEAD);
        say(&row(&all));
    }
    Ok(())
}

const HEAD: &str = " PSNR dB    SSIM   fitted: PSNR dB    SSIM   image x gain      + offset";

fn row(page: &Page) -> String {
    let ssim = |f: &Figures| f.ssim.map_or("too small".to_owned(), |s| format!("{s:.4}"));
    format!(
        "{:8.2}  {:>6}          {:8.2}  {:>6}   {:12.5}  {:12.4}",
        page.raw.psnr,
        ssim(&page.raw),
        page.fitted.psnr,
        ssim(&page.fitted),
        page.gain,
        page.offset
    )
}

/// Equal pages have an infinite PSNR, which is null in JSON.
fn as_json(page: &Page) -> Value {
    json!({
        "raw": { "psnr": page.raw.psnr, "ssim": page.raw.ssim },
        "fitted": {
            "psnr": page.fitted.psnr,
            "ssim": page.fitted.ssim,
            "gain": page.gain,
            "offset": page.offset,
        },
        "data_range": page.data_range,
    })
}

fn compare(image: &Path, reference: &Path) -> Result<Vec<Page>> {
    let (mut a, mut b) = (Reader::open(image)?, Reader::open(reference)?);
    let (la, lb) = (a.uniform()?, b.uniform()?);
    if (la.width, la.height, la.channels.colours(), a.pages())
        != (lb.width, lb.height, lb.channels.colours(), b.pages())
    {
        return Err(Error::new(
            Status::InvalidArgument,
            format!(
                "{}: found {} pages of {la}, expected {} pages of {lb} as in {}: compare images of one size",
                image.display(),
                a.pages(),
                b.pages(),
                reference.display()
            ),
        ));
    }
    (0..a.pages())
        .map(|index| {
            let (image, reference) = (channels(&mut a, index)?, channels(&mut b, index)?);
            measure(&image, &reference, la.width, la.height)
                .map_err(|e| e.context(format_args!("{}: page {}", b.path().display(), index + 1)))
        })
        .collect()
}

/// The colour channels of a page, one after the other.
fn channels(reader: &mut Reader, index: usize) -> Result<Vec<f32>> {
    fn read<T: Sample + Pod>(reader: &mut Reader, index: usize) -> Result<Vec<f32>> {
        let mut pixels: Vec<T> = Vec::new();
        reader.read(index, &mut pixels)?;
        let (channels, moved) = (reader.format().channels, reader.format().stored.offset());
        let values = (0..channels.colours())
            .flat_map(|c| pixels[c..].iter().step_by(channels.samples()).map(|v| (v.as_f64() - moved) as f32))
            .collect::<Vec<_>>();
        if values.iter().all(|v| v.is_finite()) {
            return Ok(values);
        }
        Err(Error::new(
            Status::InvalidArgument,
            format!(
                "{}: page {} has values that are not finite; expected none: nothing can be compared with them",
                reader.path().display(),
                index + 1
            ),
        ))
    }
    with_sample!(reader.format().pixel_type, T => read::<T>(reader, index))
}

fn measure(image: &[f32], reference: &[f32], width: usize, height: usize) -> Result<Page> {
    let data_range = metrics::data_range(reference)?;
    let figures = |image: &[f32]| {
        let pairs = image.chunks_exact(width * height).zip(reference.chunks_exact(width * height));
        let ssim: Option<Vec<f64>> = pairs.map(|(a, b)| metrics::ssim(a, b, width, data_range)).collect();
        Figures {
            psnr: metrics::psnr(image, reference, data_range),
            ssim: ssim.map(|channels| channels.iter().sum::<f64>() / channels.len() as f64),
        }
    };
    let (gain, offset) = metrics::fit(image, reference);
    let fitted: Vec<f32> = image.iter().map(|&v| (f64::from(v) * gain + offset) as f32).collect();
    Ok(Page { raw: figures(image), fitted: figures(&fitted), gain, offset, data_range })
}
