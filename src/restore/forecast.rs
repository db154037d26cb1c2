//! What restoring a file would write and how long it would take, without doing it.

use std::time::Instant;

use crate::error::Result;
use crate::image::frame::{InPlace, Shape};
use crate::restore::model::Model;
use crate::restore::options::{Normalize, RunOptions};
use crate::restore::stack;
use crate::task::Task;
use crate::tiff::{PageFormat, Reader};

/// What would be done to a file.
#[derive(Clone, Debug)]
pub struct Forecast {
    /// Size, pixel type and channels of the first page.
    pub format: PageFormat,
    /// How many pages would be restored.
    pub pages: usize,
    /// Upper bound of the output's size.
    pub most_bytes: u64,
    /// About how long it would take.
    pub seconds: f64,
    /// A sentence for each thing that is unusual or would be lost.
    pub warnings: Vec<String>,
}

/// Seconds for a value on a piece of noise. Errors: those of `stack::restore`.
pub fn trial(reader: &Reader, model: &Model, options: &RunOptions) -> Result<f64> {
    const SIDE: usize = 512;
    let format = reader.format();
    let shape = Shape { width: SIDE.min(format.width), height: SIDE.min(format.height), ..format.plane().0 };
    let mut state = 1u32;
    let mut noise = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 16) as u16
    };
    let mut pixels: Vec<u16> = (0..shape.samples()).map(|_| noise()).collect();
    let options = RunOptions { tile: None, normalize: Normalize::Frame, ..options.clone() };
    let mut seconds = f64::MAX;
    // The first run is slower: memory is allocated.
    for _ in 0..2 {
        let started = Instant::now();
        stack::restore(model, &Task::new(), &mut InPlace::new(&mut pixels, shape, None)?, &options)?;
        seconds = seconds.min(started.elapsed().as_secs_f64());
    }
    Ok(seconds / shape.samples() as f64)
}

/// What would be done, at so many seconds for a value. Errors: `BadOption`, `Model`.
pub fn forecast(reader: &Reader, model: &Model, options: &RunOptions, seconds: f64) -> Result<Forecast> {
    runs(model, reader, 0, options)?;
    let values = |index| {
        let format = reader.format_of(index);
        (format.plane().0.samples() * format.planes()) as f64
    };
    Ok(Forecast {
        format: reader.format(),
        pages: reader.pages(),
        most_bytes: reader.plan().bytes,
        seconds: (0..reader.pages()).map(values).sum::<f64>() * seconds,
        warnings: reader.warnings(),
    })
}

/// Network runs for the pages from `first` on. Errors: `BadOption`, `Model`.
pub(super) fn runs(model: &Model, reader: &Reader, first: usize, options: &RunOptions) -> Result<u64> {
    let mut known: Vec<(PageFormat, u64)> = Vec::new();
    let mut all = 0u64;
    for index in first..reader.pages() {
        let format = reader.format_of(index);
        let runs = match known.iter().find(|(known, _)| *known == format) {
            Some(&(_, runs)) => runs,
            None => {
                let runs = stack::runs_per_plane(model, format.plane().0, options)? * format.planes() as u64;
                known.push((format, runs));
                runs
            }
        };
        all = all.saturating_add(runs);
    }
    Ok(all)
}
