//! Restores a TIFF file page by page, all or nothing.

use std::any::Any;
use std::path::{Path, PathBuf};

use bytemuck::Pod;

use crate::error::{Error, Result, Status};
use crate::image::frame::{InPlace, Sample};
use crate::image::normalise::{summarise, Range};
use crate::image::sample::with_sample;
use crate::restore::error_file::ErrorFile;
use crate::restore::forecast::runs;
use crate::restore::model::Model;
use crate::restore::options::{ErrorMap, FileOptions, Normalize, RunOptions};
use crate::restore::record::{self, record};
use crate::restore::report::Report;
use crate::restore::set::{Companion, Set};
use crate::restore::stack;
use crate::task::Task;
use crate::tiff::{check_target, Page, PageFormat, Reader, Writer};

/// What was done to a file.
#[derive(Clone, Debug)]
pub struct FileReport {
    /// Size, pixel type and channels of the first page.
    pub format: PageFormat,
    /// Whether all pages are of this format.
    pub uniform: bool,
    /// How many pages were restored.
    pub pages: usize,
    /// Pixel size from the options, else from the file.
    pub pixel_size_um: Option<f64>,
    /// The file of expected errors, if it was asked for.
    pub error_map: Option<PathBuf>,
    /// What was done to the pages; each counts as a plane.
    pub run: Report,
}

impl FileReport {
    /// As JSON, the same for every host: the keys of `Report` (`error_map` is the file's path), and `pixel_size_um`.
    pub fn describe(&self) -> serde_json::Value {
        let mut value = self.run.describe();
        value["pixel_size_um"] = self.pixel_size_um.into();
        value["error_map"] = self.error_map.as_ref().map(|path| path.display().to_string()).into();
        value
    }
}

/// A file ready to be restored: the input's structure and the output's name are checked, no pixel has been read. It is
/// made before a model is opened, so that a bad file is refused at once.
pub struct FileJob {
    reader: Reader,
    output: PathBuf,
    force: bool,
    /// The description of a set that comes back beside its files.
    companion: Option<Companion>,
}

impl FileJob {
    /// Checks `input`, and that `output` may be written. `force` lets it replace an existing output, but never the
    /// input.
    ///
    /// # Errors
    /// Those of `tiff::Reader::open`; `InvalidArgument` if output and input are the same file; `Exists`; `NotFound` (no
    /// such folder).
    pub fn open(input: &Path, output: &Path, force: bool) -> Result<Self> {
        Self::open_in_set(input, output, &FileOptions { force, ..FileOptions::default() }, &Set::default())
    }

    /// As `open`; `set` are the files that the same call restores. An OME description that names only these names their
    /// outputs afterwards.
    pub fn open_in_set(input: &Path, output: &Path, options: &FileOptions, set: &Set) -> Result<Self> {
        // The cheap check comes before the scan of a long stack.
        if input.exists() {
            check_output(input, output, options.force)?;
        }
        Self::open_checked(input, output, options, set)
    }

    /// As `open_in_set`, only to look at it; without an output if its folder is still to be made.
    pub fn open_to_look(input: &Path, output: Option<&Path>, options: &FileOptions, set: &Set) -> Result<Self> {
        match output {
            Some(output) => Self::open_in_set(input, output, options, set),
            None => Self::open_checked(input, input, &FileOptions { force: true, ..options.clone() }, set),
        }
    }

    fn open_checked(input: &Path, output: &Path, options: &FileOptions, set: &Set) -> Result<Self> {
        let force = options.force;
        let reader = Reader::open(input)?;
        let (names, companion) = set.names(&reader, output, force)?;
        let mut job = Self { reader, output: output.into(), force, companion };
        if options.ome_tiff {
            let name = output.file_stem().unwrap_or_default().to_string_lossy();
            job.reader.describe_in_ome(name.trim_end_matches(".ome"), &names)?;
        }
        job.reader.rename(names)?;
        if options.drop_pyramid {
            job.reader.drop_pyramid();
        }
        Ok(job)
    }

    /// The input.
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// Whether the output is what this input gives with this model and these settings. Errors: those of
    /// `record::check`.
    pub fn is_done(mut self, model: &Model, options: &RunOptions) -> Result<()> {
        record::check(&mut self.reader, &self.output, model, options)
    }

    /// Restores all pages; size, pixel type, channels, compression and metadata stay the same. The output appears under
    /// its name complete, or not at all.
    ///
    /// # Errors
    /// Those of `tiff::Reader`, `tiff::Writer` and `stack::restore`; `Cancelled`.
    pub fn restore(self, model: &Model, task: &Task, options: &RunOptions) -> Result<FileReport> {
        let Self { mut reader, output, force, companion, .. } = self;
        let report = Run::new(&mut reader, (&output, force), model, task, options)?.all_pages()?;
        if let Some(companion) = companion {
            companion.write()?;
        }
        Ok(report)
    }
}

/// Checks and restores a file: `FileJob::open_in_set`, then `FileJob::restore`.
pub fn restore_file(
    model: &Model,
    task: &Task,
    input: &Path,
    output: &Path,
    options: &FileOptions,
) -> Result<FileReport> {
    FileJob::open_in_set(input, output, options, &Set::default())?.restore(model, task, &options.run)
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
struct Run<'a> {
    model: &'a Model,
    task: &'a Task,
    reader: &'a mut Reader,
    writer: Writer,
    errors: Option<ErrorFile>,
    options: RunOptions,
    /// For `normalize=stack`: the range of each plane of each format, in values of the file.
    ranges: Vec<(PageFormat, Vec<Normalize>)>,
    /// A `Vec` of the pixels of a page, kept for the next one of the same type.
    pixels: Box<dyn Any>,
    /// Samples that have more digits than 32-bit floats.
    rounded: u64,
}

impl<'a> Run<'a> {
    fn new(
        reader: &'a mut Reader,
        (output, force): (&Path, bool),
        model: &'a Model,
        task: &'a Task,
        options: &RunOptions,
    ) -> Result<Self> {
        let options = RunOptions { pixel_size_um: options.pixel_size_um.or(reader.pixel_size_um()), ..options.clone() };
        task.expect(runs(model, reader, 0, &options)?);
        reader.set_workers(model.threads(), model.priority());
        let mut writer = Writer::create(output, force, reader.plan())?;
        writer.set_workers(model.threads(), model.priority());
        let errors = ErrorFile::create(reader, (output, force), &options)?;
        let options = match errors {
            Some(_) => RunOptions { error_map: ErrorMap::On, ..options },
            None => options,
        };
        let (ranges, pixels) = (Vec::new(), Box::new(()));
        let mut run = Self { model, task, reader, writer, errors, options, ranges, pixels, rounded: 0 };
        if run.options.normalize == Normalize::Stack {
            run.stack_ranges()?;
        }
        Ok(run)
    }

    fn all_pages(mut self) -> Result<FileReport> {
        let pages = self.reader.pages();
        let mut report = Report { warnings: self.reader.warnings(), ..Report::default() };
        report.warnings.extend(self.options.pixel_size_um.and_then(|size| self.model.pixel_size_warning(size)));
        for index in 0..pages {
            let format = self.reader.format_of(index);
            let restored = with_sample!(format.pixel_type, T => self.page::<T>(index, format)?);
            for (plane, restored) in restored.into_iter().enumerate() {
                if !restored.warnings.is_empty() {
                    // Memory was short: later pages start with the smaller tiles.
                    self.options.tile = restored.tile;
                    let to_come = runs(self.model, self.reader, index + 1, &self.options)?;
                    self.task.expect(self.task.progress().0.saturating_add(to_come));
                }
                if format.planes() > 1 {
                    report.add(restored, format_args!("page {}, channel {}", index + 1, plane + 1));
                } else {
                    report.add(restored, format_args!("page {}", index + 1));
                }
            }
        }
        self.task.check()?;
        let error_map = self.errors.map(ErrorFile::finish).transpose()?;
        self.writer.finish()?;
        if self.rounded > 0 {
            report.warnings.push(format!(
                "{} values have more digits than the 32-bit floats that the network is given; they were rounded",
                self.rounded
            ));
        }
        let (format, pixel_size_um) = (self.reader.format(), self.options.pixel_size_um);
        Ok(FileReport { format, uniform: self.reader.uniform().is_ok(), pages, pixel_size_um, error_map, run: report })
    }

    /// Reads, restores and writes one page (from 0); returns a report for each of its planes.
    fn page<T: Sample + Pod>(&mut self, index: usize, format: PageFormat) -> Result<Vec<Report>> {
        let mut pixels: Vec<T> = self.pixels.downcast_mut::<Vec<T>>().map(std::mem::take).unwrap_or_default();
        let page = self.reader.read_page(index, &mut pixels)?;
        self.rounded += page.rounded;
        let restored = self.planes(format, &mut pixels).map_err(|e| {
            let (path, pages, number) = (self.reader.path().display(), self.reader.pages(), index + 1);
            match e.status() {
                Status::Cancelled => Error::new(
                    Status::Cancelled,
                    format!("{path}: cancelled at page {number} of {pages}; nothing was written"),
                ),
                _ => e.context(format_args!("{path}: page {number}")),
            }
        })?;
        self.write(index, &page, &restored, &mut pixels)?;
        if let Some(errors) = &mut self.errors {
            errors.write(self.reader, &page, &restored)?;
        }
        self.pixels = Box::new(pixels);
        Ok(restored)
    }

    fn write<T: Sample + Pod>(
        &mut self,
        index: usize,
        page: &Page,
        restored: &[Report],
        pixels: &mut [T],
    ) -> Result<()> {
        let first = restored.first().filter(|_| index == 0);
        let normalize = self.normalize(page.format, 0);
        let stack = !self.ranges.is_empty();
        let record = first.map(|report| record(self.model, &self.options, (normalize, stack), report));
        self.writer.write(pixels, page, record.as_deref())
    }

    /// Restores the planes of a page in memory.
    fn planes<T: Sample>(&self, format: PageFormat, pixels: &mut [T]) -> Result<Vec<Report>> {
        let (shape, strides) = format.plane();
        let offset = format.stored.offset();
        let mut reports = Vec::new();
        for plane in 0..format.planes() {
            let normalize = shifted(self.normalize(format, plane), offset);
            let options = RunOptions { normalize, ..self.options.clone() };
            let mut view = InPlace::new(&mut pixels[plane..], shape, Some(strides))?;
            let context = |e: Error| match format.planes() {
                1 => e,
                _ => e.context(format_args!("channel {}", plane + 1)),
            };
            let mut report = stack::restore(self.model, self.task, &mut view, &options).map_err(context)?;
            for range in &mut report.ranges {
                *range = Range { lo: range.lo - offset, hi: range.hi - offset };
            }
            reports.push(report);
        }
        Ok(reports)
    }

    /// How a plane is normalised, in values of the file.
    fn normalize(&self, format: PageFormat, plane: usize) -> Normalize {
        let known = self.ranges.iter().find(|(known, _)| *known == format);
        known.map_or(self.options.normalize, |(_, planes)| planes[plane])
    }

    /// One range for all pages of a format, found in separate passes over the file, so that only one page is in memory.
    /// Separate channels have one each.
    fn stack_ranges(&mut self) -> Result<()> {
        let mut formats: Vec<PageFormat> = Vec::new();
        for index in 0..self.reader.pages() {
            let format = self.reader.format_of(index);
            if !formats.contains(&format) {
                formats.push(format);
            }
        }
        for format in formats {
            let planes = (0..format.planes())
                .map(|plane| with_sample!(format.pixel_type, T => self.stack_range::<T>(format, plane)))
                .collect::<Result<_>>()?;
            self.ranges.push((format, planes));
        }
        Ok(())
    }

    fn stack_range<T: Sample + Pod>(&mut self, format: PageFormat, plane: usize) -> Result<Normalize> {
        let (low, high) = self.model.info().percentiles;
        let (shape, strides) = format.plane();
        let mut pixels: Vec<T> = Vec::new();
        let summary = summarise(low, high, |accumulator| {
            for index in 0..self.reader.pages() {
                if self.reader.format_of(index) != format {
                    continue;
                }
                self.reader.read(index, &mut pixels)?;
                let page = InPlace::new(&mut pixels[plane..], shape, Some(strides))?;
                stack::accumulate(accumulator, &page, self.task)?;
            }
            Ok(())
        })?;
        // If everything is constant, every page is returned unchanged, whatever the range.
        Ok(if summary.constant {
            Normalize::Frame
        } else {
            shifted(Normalize::Measured(summary.range), -format.stored.offset())
        })
    }
}

/// A range moved by `offset`.
fn shifted(normalize: Normalize, offset: f64) -> Normalize {
    let moved = |range: Range| Range { lo: range.lo + offset, hi: range.hi + offset };
    match normalize {
        Normalize::Fixed(range) => Normalize::Fixed(moved(range)),
        Normalize::Measured(range) => Normalize::Measured(moved(range)),
        Normalize::Frame | Normalize::Stack => normalize,
    }
}
