//! The expected errors of a file's pixels, as a file of 32-bit floats with the same pages.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result, Status};
use crate::image::frame::resize;
use crate::restore::options::{ErrorMap, RunOptions};
use crate::restore::report::Report;
use crate::tiff::{floats_page, floats_plan, Page, Reader, Writer};

/// What the Software tag says.
const DONE: &str = "expected absolute error of the restored pixels, in their units";

/// An error map that is being written. Dropped before `finish`, it leaves nothing behind.
pub(super) struct ErrorFile {
    path: PathBuf,
    writer: Writer,
    pixels: Vec<f32>,
}

impl ErrorFile {
    /// Starts the file that the options ask for, if they do; `output` is the restored file.
    ///
    /// Errors: those of `Writer::create`; `InvalidArgument` where the map would be the input or the output.
    pub fn create(reader: &Reader, (output, force): (&Path, bool), options: &RunOptions) -> Result<Option<Self>> {
        let path = match &options.error_map {
            ErrorMap::Off => return Ok(None),
            ErrorMap::On => beside(output),
            ErrorMap::File(path) => path.clone(),
        };
        let same = |other: &Path| path == other || same_file::is_same_file(&path, other).unwrap_or(false);
        for (what, other) in [("input", reader.path()), ("output", output)] {
            if same(other) {
                return Err(Error::new(
                    Status::InvalidArgument,
                    format!("error_map={}: this is the {what}; expected another name", path.display()),
                ));
            }
        }
        let writer = Writer::create(&path, force, floats_plan(reader)?)?;
        Ok(Some(Self { path, writer, pixels: Vec::new() }))
    }

    /// Writes the errors of a page, from the reports of its planes. Errors: those of `Writer::write`, `OutOfMemory`.
    pub fn write(&mut self, reader: &Reader, page: &Page, planes: &[Report]) -> Result<()> {
        let beside = floats_page(reader, page);
        let (samples, area) = (beside.format.channels.samples(), beside.format.width * beside.format.height);
        resize(&mut self.pixels, samples * area)?;
        let channels = planes.iter().flat_map(|report| report.errors.iter().flat_map(|all| all.chunks_exact(area)));
        for (sample, channel) in channels.enumerate() {
            for (to, &error) in self.pixels[sample..].iter_mut().step_by(samples).zip(channel) {
                *to = error;
            }
        }
        self.writer.write(&mut self.pixels, &beside, Some(DONE))
    }

    /// As `Writer::finish`; returns the file's path.
    pub fn finish(self) -> Result<PathBuf> {
        self.writer.finish()?;
        Ok(self.path)
    }
}

/// `<output>-error.tif`.
fn beside(output: &Path) -> PathBuf {
    let mut name = output.file_stem().unwrap_or_default().to_owned();
    name.push("-error.tif");
    output.with_file_name(name)
}
