//! A TIFF file through the pipeline, page by page, all or nothing.

use std::path::Path;
use std::time::Duration;

use bytemuck::Pod;

use crate::control::Task;
use crate::error::{Error, Result, Status};
use crate::frame::{InPlace, PixelType, Sample, Shape, Strides};
use crate::normalise::{summarise, Range};
use crate::options::{Normalize, RunOptions};
use crate::pipeline::{self, Model};
use crate::tiff::{check_target, Layout, Reader, Writer};

/// What was done to a file.
#[derive(Clone, Debug)]
pub struct FileReport {
    /// Size, pixel type and channels of every page.
    pub layout: Layout,
    /// How many pages were restored.
    pub pages: usize,
    /// Samples that were not finite and came back as they were.
    pub nonfinite: u64,
    /// Pages that were constant and came back as they were.
    pub constant_pages: u64,
    /// Input values that the network saw as 0 and 1, a pair for each page.
    pub ranges: Vec<Range>,
    /// Side that a tile contributed; `None` for whole frames.
    pub tile: Option<usize>,
    /// Context around a tile in pixels; meaningless for whole frames.
    pub halo: usize,
    /// From the options, else from the file.
    pub pixel_size_um: Option<f64>,
    /// Time inside ONNX Runtime.
    pub network: Duration,
    /// Sentences on what the output lacks or the image may suffer from.
    pub warnings: Vec<String>,
}

impl FileReport {
    /// The keys that every host shows: those of `pipeline::Report`, a page being a plane, and `pixel_size_um`.
    pub fn describe(&self) -> serde_json::Value {
        serde_json::json!({
            "nonfinite": self.nonfinite,
            "constant_planes": self.constant_pages,
            "ranges": self.ranges.iter().map(|range| [range.lo, range.hi]).collect::<Vec<_>>(),
            "tile": self.tile,
            "halo": self.halo,
            "network_ms": self.network.as_secs_f64() * 1e3,
            "warnings": self.warnings,
            "pixel_size_um": self.pixel_size_um,
        })
    }
}

/// Restores all pages of `input` into the new file `output`: same size, pixel type, channels, compression and metadata.
/// The output appears complete under its name, or not at all. An existing one is replaced only with `force`; the input
/// itself never.
///
/// # Errors
/// Those of `tiff::Reader`, `tiff::Writer` and `pipeline::restore`; `InvalidArgument` if output and input are the same
/// file; `Cancelled`.
pub fn restore_file(
    model: &Model,
    task: &Task,
    input: &Path,
    output: &Path,
    options: &RunOptions,
    force: bool,
) -> Result<FileReport> {
    // What costs nothing to find out comes before the scan of a long stack.
    if input.exists() {
        check_output(input, output, force)?;
    }
    let mut reader = Reader::open(input)?;
    match reader.layout().pixel_type {
        PixelType::U8 => run::<u8>(model, task, &mut reader, output, options, force),
        PixelType::U16 => run::<u16>(model, task, &mut reader, output, options, force),
        PixelType::F32 => run::<f32>(model, task, &mut reader, output, options, force),
    }
}

/// Whether `output` may be made from `input`: not the same file, its folder there, its name free.
pub fn check_output(input: &Path, output: &Path, force: bool) -> Result<()> {
    // Links and relative paths are followed. Both are opened for it, which a pipe would make wait.
    let files = input.is_file() && output.is_file();
    if files && same_file::is_same_file(input, output).unwrap_or(false) {
        return Err(Error::new(
            Status::InvalidArgument,
            format!(
                "{}: output and input {} are the same file; the input is never changed: choose another name",
                output.display(),
                input.display()
            ),
        ));
    }
    check_target(output, force).map_err(|e| e.context(output.display()))
}

fn run<T: Sample + Pod>(
    model: &Model,
    task: &Task,
    reader: &mut Reader,
    output: &Path,
    options: &RunOptions,
    force: bool,
) -> Result<FileReport> {
    let layout = reader.layout();
    let pages = reader.pages();
    let shape = Shape { width: layout.width, height: layout.height, channels: layout.channels.colours(), planes: 1 };
    let samples = layout.channels.samples() as isize;
    // Steps over an alpha channel, which so stays as it is.
    let row = samples * layout.width as isize;
    let strides = Strides { x: samples, y: row, channel: 1, plane: row * layout.height as isize };

    let mut warnings = reader.warnings().to_vec();
    let pixel_size_um = options.pixel_size_um.or(reader.pixel_size_um());
    warnings.extend(pixel_size_um.and_then(|size| model.pixel_size_warning(size)));
    let mut options = RunOptions { pixel_size_um, ..options.clone() };

    task.expect(pipeline::runs_per_plane(model, shape, &options)?.saturating_mul(pages as u64));
    let mut writer = Writer::create(output, force, reader.form())?;
    let mut pixels: Vec<T> = Vec::new();
    let stack = options.normalize == Normalize::Stack;
    if stack {
        options.normalize = stack_range(model, task, reader, &mut pixels, shape, strides)?;
    }
    let mut report = FileReport {
        layout,
        pages,
        nonfinite: 0,
        constant_pages: 0,
        ranges: Vec::new(),
        tile: None,
        halo: 0,
        pixel_size_um,
        network: Duration::ZERO,
        warnings,
    };
    for index in 0..pages {
        let page = reader.page(index)?;
        reader.read(index, &mut pixels)?;
        let mut planes = InPlace::new(&mut pixels, shape, Some(strides))?;
        let restored = pipeline::restore(model, task, &mut planes, &options).map_err(|e| match e.status() {
            Status::Cancelled => Error::new(
                Status::Cancelled,
                format!("{}: cancelled at page {} of {pages}; nothing was written", reader.path().display(), index + 1),
            ),
            _ => e.context(format_args!("{}: page {}", reader.path().display(), index + 1)),
        })?;
        let done = (index == 0).then(|| done(model, &options, stack, &restored));
        writer.write(&mut pixels, &page, done.as_deref())?;
        report.nonfinite += restored.nonfinite;
        report.constant_pages += restored.constant_planes;
        report.ranges.extend(restored.ranges);
        report.tile = restored.tile;
        report.halo = restored.halo;
        report.network += restored.network;
        if !restored.warnings.is_empty() {
            // The pages to come need not try again what there is no memory for.
            options.tile = restored.tile;
            let to_come = pipeline::runs_per_plane(model, shape, &options)?.saturating_mul((pages - index - 1) as u64);
            task.expect(task.progress().0.saturating_add(to_come));
            report.warnings.extend(restored.warnings.into_iter().map(|w| format!("page {}: {w}", index + 1)));
        }
    }
    task.check()?;
    writer.finish()?;
    Ok(report)
}

/// One range for all pages: its own passes over the file, so that only one page is in memory.
fn stack_range<T: Sample + Pod>(
    model: &Model,
    task: &Task,
    reader: &mut Reader,
    pixels: &mut Vec<T>,
    shape: Shape,
    strides: Strides,
) -> Result<Normalize> {
    let (low, high) = model.info().percentiles;
    let summary = summarise(low, high, |accumulator| {
        for index in 0..reader.pages() {
            reader.read(index, pixels)?;
            pipeline::accumulate(accumulator, &InPlace::new(pixels, shape, Some(strides))?, task)?;
        }
        Ok(())
    })?;
    // Constant pages come back as they were, whatever the range.
    Ok(if summary.constant { Normalize::Frame } else { Normalize::Measured(summary.range) })
}

/// What goes into the output's Software tag; ASCII, as TIFF wants it.
fn done(model: &Model, options: &RunOptions, stack: bool, restored: &pipeline::Report) -> String {
    let info = model.info();
    let runs = model.describe();
    // What was really done, not what was asked: `auto` depends on `memory`.
    let tile = restored.tile.map_or("tile=whole".into(), |tile| format!("tile={tile} halo={}", restored.halo));
    let normalize = match options.normalize {
        Normalize::Measured(range) => format!("stack={}:{}", range.lo, range.hi),
        Normalize::Fixed(range) => format!("{}:{}", range.lo, range.hi),
        Normalize::Frame | Normalize::Stack => if stack { "stack" } else { "frame" }.into(),
    };
    let size = options.pixel_size_um.map_or(String::new(), |s| format!(" pixel_size_um={s}"));
    let text = format!(
        "Parfocal {} (model {} {} sha256 {}, {tile} normalize={normalize}{size} memory={} threads={}, device {} {}, ONNX Runtime {})",
        env!("CARGO_PKG_VERSION"),
        info.name,
        info.version,
        &info.sha256[..16],
        runs["memory_mib"],
        runs["threads"],
        runs["device"].as_str().unwrap_or_default(),
        runs["provider"].as_str().unwrap_or_default(),
        runs["runtime_version"].as_str().unwrap_or_default(),
    );
    text.chars().map(|c| if c.is_ascii() && !c.is_ascii_control() { c } else { '?' }).collect()
}
