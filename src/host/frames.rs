//! Copies a stream's frames from a host's memory, and its results back.

use std::ops::Range;
use std::time::Duration;

use crate::error::{Error, Result, Status};
use crate::image::frame::{resize, Sample, Shape};
use crate::restore::stream::Stream;

/// The tag that stands for no frame.
pub const NO_TAG: u64 = u64::MAX;

/// Refuses packed pixels whose count is not a frame's: the camera has changed its size.
///
/// Errors: `InvalidArgument`.
pub fn check_count(shape: Shape, expected: u64, found: u64, packed: bool) -> Result<()> {
    if packed && found != expected {
        return Err(Error::new(
            Status::InvalidArgument,
            format!(
                "a frame of {found} elements; this stream takes {expected} ({shape}): open another stream for frames \
                 of another size, or give strides"
            ),
        ));
    }
    Ok(())
}

/// Refuses the tag that stands for no frame. Errors: `InvalidArgument`.
pub fn check_tag(tag: u64) -> Result<()> {
    if tag == NO_TAG {
        return Err(Error::new(
            Status::InvalidArgument,
            format!("tag = {tag}, which stands for no frame; expected any smaller number"),
        ));
    }
    Ok(())
}

/// Submits a frame, read by `read(x, channel, y, pixels)`: at most `strip` pixels of row `y` from column `x` on.
pub fn submit_frame<T: Sample>(
    stream: &Stream<T>,
    tag: u64,
    strip: usize,
    read: impl Fn(usize, usize, usize, &mut [T]),
) -> Result<()> {
    let shape = stream.shape();
    let mut row = RowBuffer::new(strip, shape.channels)?;
    stream.submit(tag, |pixels| {
        for (x, part) in strips(shape, strip) {
            for (y, line) in pixels.chunks_exact_mut(shape.width * shape.channels).enumerate() {
                let line = &mut line[part.clone()];
                for channel in 0..shape.channels {
                    row.gather(line, channel, |row| read(x, channel, y, row));
                }
            }
        }
    })
}

/// The strips of columns: the first column, and the range of its samples in an interleaved row.
fn strips(shape: Shape, strip: usize) -> impl Iterator<Item = (usize, Range<usize>)> {
    let end = move |x: usize| (x + strip).min(shape.width) * shape.channels;
    (0..shape.width).step_by(strip).map(move |x| (x, x * shape.channels..end(x)))
}

/// Receives a result, written by `write(x, channel, y, pixels)`: at most `strip` pixels of row `y` from column `x` on.
/// Returns the tag and the frame's own outcome.
pub fn receive_frame<T: Sample>(
    stream: &Stream<T>,
    timeout: Option<Duration>,
    strip: usize,
    write: impl Fn(usize, usize, usize, &[T]),
) -> Result<(u64, Result<()>)> {
    let shape = stream.shape();
    let mut row = RowBuffer::new(strip, shape.channels)?;
    let (tag, outcome) = stream.receive(timeout, |pixels| {
        for (x, part) in strips(shape, strip) {
            for (y, line) in pixels.chunks_exact(shape.width * shape.channels).enumerate() {
                let line = &line[part.clone()];
                for channel in 0..shape.channels {
                    write(x, channel, y, row.scatter(line, channel));
                }
            }
        }
    })?;
    Ok((tag, outcome.map_err(|e| e.context(format!("frame {tag}")))))
}

/// Buffer for a row of one channel of several; a single channel needs no buffer.
struct RowBuffer<T> {
    row: Vec<T>,
    channels: usize,
}

impl<T: Sample> RowBuffer<T> {
    fn new(width: usize, channels: usize) -> Result<Self> {
        let mut row = Vec::new();
        if channels > 1 {
            resize(&mut row, width)?;
        }
        Ok(Self { row, channels })
    }

    /// Fills one channel of an interleaved row.
    fn gather(&mut self, line: &mut [T], channel: usize, read: impl FnOnce(&mut [T])) {
        if self.channels == 1 {
            return read(line);
        }
        let row = &mut self.row[..line.len() / self.channels];
        read(row);
        line.iter_mut().skip(channel).step_by(self.channels).zip(row).for_each(|(to, from)| *to = *from);
    }

    /// Extracts one channel of an interleaved row.
    fn scatter<'a>(&'a mut self, line: &'a [T], channel: usize) -> &'a [T] {
        if self.channels == 1 {
            return line;
        }
        let row = &mut self.row[..line.len() / self.channels];
        row.iter_mut().zip(line.iter().skip(channel).step_by(self.channels)).for_each(|(to, &from)| *to = from);
        row
    }
}
