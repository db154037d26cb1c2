//! The expected errors of a run, kept until the host fetches them.

use crate::error::{Error, Result, Status};
use crate::host::memory::Target;
use crate::image::frame::Shape;
use crate::restore::options::{ErrorMap, RunOptions};

/// The error map of all planes of a run, or of one frame.
pub struct KeptErrors {
    /// Of the planes that were restored.
    pub shape: Shape,
    /// `[plane][channel][y][x]`, in the image's units; NaN where the pixel was not finite.
    pub values: Vec<f32>,
}

/// Writes the errors of planes of `shape`, `[plane][channel][y][x]`, to a host's memory of the same shape.
pub fn write(shape: Shape, values: &[f32], to: &Target<f32>) {
    let rows = values.chunks_exact(shape.width);
    let places = (0..shape.planes).flat_map(|plane| {
        (0..shape.channels).flat_map(move |channel| (0..shape.height).map(move |y| (plane, channel, y)))
    });
    for ((plane, channel, y), row) in places.zip(rows) {
        to.write(plane, channel, y, row);
    }
}

impl KeptErrors {
    /// The errors of one plane, `[channel][y][x]`. Errors: `InvalidArgument` for one that was not restored.
    pub fn plane(&self, plane: i64) -> Result<&[f32]> {
        let Shape { width, height, channels, planes } = self.shape;
        let size = width * height * channels;
        let found = usize::try_from(plane).ok().filter(|plane| *plane < planes);
        found
            .map(|plane| &self.values[plane * size..(plane + 1) * size])
            .ok_or_else(|| Error::new(Status::InvalidArgument, format!("plane {plane}: expected 0 to {}", planes - 1)))
    }
}

/// The error for a run that has kept none.
pub fn none_kept() -> Error {
    Error::new(
        Status::InvalidArgument,
        "the task has no error map; expected that of a run in memory that has succeeded: give it error_map=on",
    )
}

/// Refuses an error map that nobody could fetch. Errors: `InvalidArgument`.
pub fn check_fetched(task: u64, options: &RunOptions) -> Result<()> {
    if task == 0 && options.error_map != ErrorMap::Off {
        return Err(Error::new(
            Status::InvalidArgument,
            "error_map=on without a task, from which the map is fetched; expected a task",
        ));
    }
    Ok(())
}
