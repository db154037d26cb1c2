//! Restores a TIFF file page by page, all or nothing.

use std::path::{Path, PathBuf};

use bytemuck::Pod;

use crate::error::{Error, Result, Status};
use crate::image::frame::{InPlace, Sample, Shape, Strides};
use crate::image::normalise::summarise;
use crate::image::sample::with_sample;
use crate::restore::model::Model;
use crate::restore::options::{Normalize, RunOptions};
use crate::restore::report::Report;
use crate::restore::stack;
use crate::task::Task;
use crate::tiff::{check_target, PageFormat, Reader, Writer};

/// What was done to a file.
#[derive(Clone, Debug)]
pub struct FileReport {
    /// Size, pixel type and channels of every page.
    pub format: PageFormat,
    /// How many pages were restored.
    pub pages: usize,
    /// Pixel size from the options, else from the file.
    pub pixel_size_um: Option<f64>,
    /// What was done to the pages; each counts as a plane.
    pub run: Report,
}

impl FileReport {
    /// As JSON, the same for every host: the keys of `Report`, and `pixel_size_um`.
    pub fn describe(&self) -> serde_json::Value {
        let mut value = self.run.describe();
        value["pixel_size_um"] = self.pixel_size_um.into();
        value
    }
}

/// A file ready to be restored: the input's structure and the output's name are checked, no pixel has been read. It is
/// made before a model is opened, so that a bad file is refused at once.
pub struct FileJob {
    reader: Reader,
    output: PathBuf,
    force: bool,
}

impl FileJob {
    /// Checks `input`, and that `output` may be written. `force` lets it replace an existing output, but never the
    /// input.
    ///
    /// # Errors
    /// Those of `tiff::Reader::open`; `InvalidArgument` if output and input are the same file; `Exists`; `NotFound` (no
    /// such folder).
    pub fn open(input: &Path, output: &Path, force: bool) -> Result<Self> {
        // The cheap check comes before the scan of a long stack.
        if input.exists() {
            check_output(input, output, force)?;
        }
        Ok(Self { reader: Reader::open(input)?, output: output.into(), force })
    }

    /// Restores all pages; size, pixel type, channels, compression and metadata stay the same. The output appears under
    /// its name complete, or not at all.
    ///
    /// # Errors
    /// Those of `tiff::Reader`, `tiff::Writer` and `stack::restore`; `Cancelled`.
    pub fn restore(mut self, model: &Model, task: &Task, options: &RunOptions) -> Result<FileReport> {
        with_sample!(self.reader.format().pixel_type, T => Run::<T>::new(&mut self, model, task, options)?.all_pages())
    }
}

/// Checks and restores a file: `FileJob::open`, then `FileJob::restore`.
pub fn restore_file(
    model: &Model,
    task: &Task,
    input: &Path,
    output: &Path,
    options: &RunOptions,
    force: bool,
) -> Result<FileReport> {
    FileJob::open(input, output, force)?.restore(model, task, options)
}

/// Checks that `output` may be written: it is not the input, its folder exists, its name is free.
fn check_output(input: &Path, output: &Path, force: bool) -> Result<()> {
    // `is_same_file` follows links and relative paths. It opens both files, and opening a pipe would block.
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

/// The restoration of a file, with one page in memory at a time.
struct Run<'a, T> {
    model: &'a Model,
    task: &'a Task,
    reader: &'a mut Reader,
    writer: Writer,
    options: RunOptions,
    /// Whether `normalize=stack` was asked for; `options` then hold the measured range.
    stack: bool,
    shape: Shape,
    strides: Strides,
    pixels: Vec<T>,
}

impl<'a, T: Sample + Pod> Run<'a, T> {
    fn new(job: &'a mut FileJob, model: &'a Model, task: &'a Task, options: &RunOptions) -> Result<Self> {
        let FileJob { reader, output, force } = job;
        let (shape, strides) = reader.format().colours();
        let options = RunOptions { pixel_size_um: options.pixel_size_um.or(reader.pixel_size_um()), ..options.clone() };
        let runs = stack::runs_per_plane(model, shape, &options)?;
        task.expect(runs.saturating_mul(reader.pages() as u64));
        let writer = Writer::create(output, *force, reader.plan())?;
        let stack = options.normalize == Normalize::Stack;
        let mut run = Self { model, task, reader, writer, options, stack, shape, strides, pixels: Vec::new() };
        if stack {
            run.options.normalize = run.stack_range()?;
        }
        Ok(run)
    }

    fn all_pages(mut self) -> Result<FileReport> {
        let pages = self.reader.pages();
        let mut report = Report { warnings: self.reader.warnings().to_vec(), ..Report::default() };
        report.warnings.extend(self.options.pixel_size_um.and_then(|size| self.model.pixel_size_warning(size)));
        for index in 0..pages {
            let restored = self.page(index)?;
            if !restored.warnings.is_empty() {
                // Memory was short: later pages start with the smaller tiles.
                self.options.tile = restored.tile;
                let runs = stack::runs_per_plane(self.model, self.shape, &self.options)?;
                let to_come = runs.saturating_mul((pages - index - 1) as u64);
                self.task.expect(self.task.progress().0.saturating_add(to_come));
            }
            report.add(restored, format_args!("page {}", index + 1));
        }
        self.task.check()?;
        self.writer.finish()?;
        let (format, pixel_size_um) = (self.reader.format(), self.options.pixel_size_um);
        Ok(FileReport { format, pages, pixel_size_um, run: report })
    }

    /// Reads, restores and writes one page (from 0).
    fn page(&mut self, index: usize) -> Result<Report> {
        let page = self.reader.read_page(index, &mut self.pixels)?;
        let mut planes = InPlace::new(&mut self.pixels, self.shape, Some(self.strides))?;
        let restored = stack::restore(self.model, self.task, &mut planes, &self.options).map_err(|e| {
            let (path, pages, number) = (self.reader.path().display(), self.reader.pages(), index + 1);
            match e.status() {
                Status::Cancelled => Error::new(
                    Status::Cancelled,
                    format!("{path}: cancelled at page {number} of {pages}; nothing was written"),
                ),
                _ => e.context(format_args!("{path}: page {number}")),
            }
        })?;
        let record = (index == 0).then(|| record(self.model, &self.options, self.stack, &restored));
        self.writer.write(&mut self.pixels, &page, record.as_deref())?;
        Ok(restored)
    }

    /// One range for all pages, found in separate passes over the file, so that only one page is in memory.
    fn stack_range(&mut self) -> Result<Normalize> {
        let (low, high) = self.model.info().percentiles;
        let summary = summarise(low, high, |accumulator| {
            for index in 0..self.reader.pages() {
                self.reader.read(index, &mut self.pixels)?;
                let page = InPlace::new(&mut self.pixels, self.shape, Some(self.strides))?;
                stack::accumulate(accumulator, &page, self.task)?;
            }
            Ok(())
        })?;
        // If everything is constant, every page is returned unchanged, whatever the range.
        Ok(if summary.constant { Normalize::Frame } else { Normalize::Measured(summary.range) })
    }
}

/// What was done, for the output's Software tag; ASCII, as TIFF requires.
fn record(model: &Model, options: &RunOptions, stack: bool, restored: &Report) -> String {
    let info = model.info();
    let runs = model.describe();
    // What was done, not what was asked for: `auto` depends on `memory`.
    let tile = restored.tile.map_or("tile=whole".into(), |tile| format!("tile={tile} halo={}", restored.halo));
    let normalize = match options.normalize {
        Normalize::Measured(range) => format!("stack={}:{}", range.lo, range.hi),
        Normalize::Fixed(range) => format!("{}:{}", range.lo, range.hi),
        Normalize::Frame | Normalize::Stack => if stack { "stack" } else { "frame" }.into(),
    };
    let size = options.pixel_size_um.map_or(String::new(), |s| format!(" pixel_size_um={s}"));
    let text = format!(
        "Parfocal {} (model {} {} sha256 {}, {tile} normalize={normalize}{size} memory={} threads={}, device {} {}, \
         ONNX Runtime {})",
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
