//! Views of pixels in memory: shapes, strides and counts, checked before a pixel is read.

use crate::error::{Error, Result, Status};

pub use crate::image::sample::{PixelType, Sample};

/// Resizes `buffer` to `count` samples; old content may remain. Lack of memory is an error, not an abort.
///
/// Errors: `OutOfMemory`.
pub(crate) fn resize<T: Copy + Default>(buffer: &mut Vec<T>, count: usize) -> Result<()> {
    buffer.truncate(count);
    buffer.try_reserve_exact(count - buffer.len()).map_err(|_| {
        let bytes = count.saturating_mul(std::mem::size_of::<T>());
        Error::new(
            Status::OutOfMemory,
            format!("no memory for a buffer of {bytes} bytes: close other programs, or cut the frame"),
        )
    })?;
    buffer.resize(count, T::default());
    Ok(())
}

/// Extent of a stack: `planes` frames of `height` rows of `width` pixels of `channels` samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Pixels of a row, at least 1.
    pub width: usize,
    /// Rows of a frame, at least 1.
    pub height: usize,
    /// Colour channels of a pixel, at least 1.
    pub channels: usize,
    /// Frames of the stack, at least 1.
    pub planes: usize,
}

impl Shape {
    /// One grey frame.
    pub fn grey(width: usize, height: usize) -> Self {
        Self { width, height, channels: 1, planes: 1 }
    }

    /// Samples of all planes. The shape must have passed its check.
    pub fn samples(self) -> usize {
        self.width * self.height * self.channels * self.planes
    }

    /// Checks that no extent is 0 and that the product does not overflow. Errors: `InvalidArgument`.
    pub fn check(self) -> Result<Self> {
        let Self { width, height, channels, planes } = self;
        if width == 0 || height == 0 || channels == 0 || planes == 0 {
            return Err(Error::new(
                Status::InvalidArgument,
                format!("shape {self}: expected width, height, channels and planes of at least 1"),
            ));
        }
        let samples = [height, channels, planes].iter().try_fold(width, |n, &m| n.checked_mul(m));
        match samples {
            Some(n) if n <= isize::MAX as usize / 8 => Ok(self),
            _ => Err(Error::new(Status::InvalidArgument, format!("shape {self}: more samples than memory can hold"))),
        }
    }
}

impl std::fmt::Display for Shape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}x{}, {} channels, {} planes", self.width, self.height, self.channels, self.planes)
    }
}

/// Steps between neighbours along each axis, in samples, not bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Strides {
    /// From a pixel to the next of its row, in samples.
    pub x: isize,
    /// From a row to the next, in samples.
    pub y: isize,
    /// From a channel to the next, in samples.
    pub channel: isize,
    /// From a plane to the next, in samples.
    pub plane: isize,
}

impl std::fmt::Display for Strides {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "[x {}, y {}, channel {}, plane {}]", self.x, self.y, self.channel, self.plane)
    }
}

impl Strides {
    /// Tightly packed rows with interleaved channels. The shape must have passed its check.
    pub fn packed(shape: Shape) -> Self {
        let channels = shape.channels as isize;
        let row = channels * shape.width as isize;
        Self { x: channels, y: row, channel: 1, plane: row * shape.height as isize }
    }
}

/// Largest distance from the first sample: offsets are `isize` bytes, and a sample has at most four.
const FARTHEST: usize = isize::MAX as usize / 4;

/// A shape and strides that stay inside `count` samples. Made only by `Layout::new`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    shape: Shape,
    strides: Strides,
}

impl Layout {
    /// Checks shape and strides (`None`: packed) against `count` samples. `written`: no two pixels may share a sample.
    pub fn new(count: usize, shape: Shape, strides: Option<Strides>, written: bool) -> Result<Self> {
        let shape = shape.check()?;
        let strides = strides.unwrap_or_else(|| Strides::packed(shape));
        let mut axes = [
            (strides.x, shape.width),
            (strides.y, shape.height),
            (strides.channel, shape.channels),
            (strides.plane, shape.planes),
        ];
        let mut last = 0usize;
        for (stride, extent) in axes {
            if extent > 1 && stride < 0 {
                return Err(Error::new(
                    Status::InvalidArgument,
                    format!("strides {strides}: expected none below 0; point at the first pixel in memory"),
                ));
            }
            let reach = usize::try_from(stride).unwrap_or(0).checked_mul(extent - 1);
            last = reach.and_then(|r| last.checked_add(r)).filter(|&last| last <= FARTHEST).ok_or_else(|| {
                Error::new(Status::InvalidArgument, format!("strides {strides} with shape {shape}: they overflow"))
            })?;
        }
        if last >= count {
            return Err(Error::new(
                Status::InvalidArgument,
                format!(
                    "shape {shape} with strides {strides} reaches sample {last}, but there are only {count} samples"
                ),
            ));
        }
        if written {
            // Sorted by step, each axis must step over all that the smaller ones span.
            axes.sort_by_key(|a| a.0);
            let mut span = 0isize;
            for (stride, extent) in axes.into_iter().filter(|a| a.1 > 1) {
                if stride <= span {
                    return Err(Error::new(
                        Status::InvalidArgument,
                        format!(
                            "strides {strides} with shape {shape}: two pixels share a sample, or the axes are \
                             interleaved; expected each axis to step over all that the smaller ones span"
                        ),
                    ));
                }
                span += stride * (extent as isize - 1);
            }
        }
        Ok(Self { shape, strides })
    }

    /// The checked shape.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// The checked strides, in samples.
    pub fn strides(&self) -> Strides {
        self.strides
    }

    /// Samples from the first to the last, gaps included.
    pub fn reach(&self) -> usize {
        let Shape { width, height, channels, planes } = self.shape;
        self.row(planes - 1, channels - 1, height - 1) + (width - 1) * self.strides.x as usize + 1
    }

    /// Whether the other layout has the same shape and strides. The stride of an axis of extent 1 does not count.
    pub fn same_steps(&self, other: &Layout) -> bool {
        let Shape { width, height, channels, planes } = self.shape;
        let same = |extent: usize, a: isize, b: isize| extent == 1 || a == b;
        let (a, b) = (self.strides, other.strides);
        self.shape == other.shape
            && same(width, a.x, b.x)
            && same(height, a.y, b.y)
            && same(channels, a.channel, b.channel)
            && same(planes, a.plane, b.plane)
    }

    /// Index of the first sample of a row.
    pub fn row(&self, plane: usize, channel: usize, y: usize) -> usize {
        plane * self.strides.plane as usize + channel * self.strides.channel as usize + y * self.strides.y as usize
    }
}

/// A host's pixels, which the engine reads row by row: `width` samples of one channel of one plane.
pub trait Rows<T: Sample> {
    /// Shape of the pixels that are read, and written.
    fn shape(&self) -> Shape;
    /// Fills `row`, `width` samples long; indices are below the shape's.
    fn read_row(&self, plane: usize, channel: usize, y: usize, row: &mut [T]);
}

/// Pixels that are also written.
pub trait Planes<T: Sample>: Rows<T> {
    /// Stores `row`, `width` samples long; indices are below the shape's.
    fn write_row(&mut self, plane: usize, channel: usize, y: usize, row: &[T]);
}

fn read<T: Sample>(data: &[T], layout: &Layout, plane: usize, channel: usize, y: usize, row: &mut [T]) {
    let source = &data[layout.row(plane, channel, y)..];
    match layout.strides.x {
        1 => row.copy_from_slice(&source[..row.len()]),
        // One sample stands for the whole row; it may be the last of the buffer.
        0 => row.fill(source[0]),
        step => row.iter_mut().zip(source.iter().step_by(step.max(1) as usize)).for_each(|(to, &from)| *to = from),
    }
}

fn write<T: Sample>(data: &mut [T], layout: &Layout, plane: usize, channel: usize, y: usize, row: &[T]) {
    let target = &mut data[layout.row(plane, channel, y)..];
    match layout.strides.x {
        1 => target[..row.len()].copy_from_slice(row),
        step => row.iter().zip(target.iter_mut().step_by(step.max(1) as usize)).for_each(|(&from, to)| *to = from),
    }
}

/// Pixels read from one slice and written to another of the same shape.
pub struct Separate<'a, T> {
    source: (&'a [T], Layout),
    target: (&'a mut [T], Layout),
}

impl<'a, T: Sample> Separate<'a, T> {
    /// Two slices of one shape, each with its strides in samples (`None`: packed).
    ///
    /// Errors: `InvalidArgument`; the message names source or target.
    pub fn new(
        source: (&'a [T], Option<Strides>),
        target: (&'a mut [T], Option<Strides>),
        shape: Shape,
    ) -> Result<Self> {
        let from = Layout::new(source.0.len(), shape, source.1, false).map_err(|e| e.context("source"))?;
        let to = Layout::new(target.0.len(), shape, target.1, true).map_err(|e| e.context("target"))?;
        Ok(Self { source: (source.0, from), target: (target.0, to) })
    }
}

impl<T: Sample> Rows<T> for Separate<'_, T> {
    fn shape(&self) -> Shape {
        self.source.1.shape
    }

    fn read_row(&self, plane: usize, channel: usize, y: usize, row: &mut [T]) {
        read(self.source.0, &self.source.1, plane, channel, y, row);
    }
}

impl<T: Sample> Planes<T> for Separate<'_, T> {
    fn write_row(&mut self, plane: usize, channel: usize, y: usize, row: &[T]) {
        write(self.target.0, &self.target.1, plane, channel, y, row);
    }
}

/// Pixels restored in place. Samples that shape and strides skip (an alpha channel) stay unchanged.
pub struct InPlace<'a, T> {
    data: &'a mut [T],
    layout: Layout,
}

impl<'a, T: Sample> InPlace<'a, T> {
    /// A slice with strides in samples (`None`: packed). Errors: `InvalidArgument`.
    pub fn new(data: &'a mut [T], shape: Shape, strides: Option<Strides>) -> Result<Self> {
        let layout = Layout::new(data.len(), shape, strides, true)?;
        Ok(Self { data, layout })
    }
}

impl<T: Sample> Rows<T> for InPlace<'_, T> {
    fn shape(&self) -> Shape {
        self.layout.shape
    }

    fn read_row(&self, plane: usize, channel: usize, y: usize, row: &mut [T]) {
        read(self.data, &self.layout, plane, channel, y, row);
    }
}

impl<T: Sample> Planes<T> for InPlace<'_, T> {
    fn write_row(&mut self, plane: usize, channel: usize, y: usize, row: &[T]) {
        write(self.data, &self.layout, plane, channel, y, row);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(result: Result<Layout>) -> String {
        result.unwrap_err().message().to_owned()
    }

    #[test]
    fn layouts_that_leave_the_buffer_are_refused() {
        let shape = Shape { width: 4, height: 3, channels: 2, planes: 2 };
        assert!(Layout::new(48, shape, None, true).is_ok());
        let short = message(Layout::new(47, shape, None, true));
        assert!(short.contains("reaches sample 47") && short.contains("only 47 samples"), "{short}");
        let empty = message(Layout::new(9, Shape { width: 0, ..shape }, None, false));
        assert!(empty.contains("0x3") && empty.contains("at least 1"), "{empty}");
        let huge = Shape { width: usize::MAX, height: 2, channels: 1, planes: 1 };
        assert!(message(Layout::new(9, huge, None, false)).contains("more samples than memory"));
        let wide = Some(Strides { x: isize::MAX, y: 1, channel: 1, plane: 1 });
        assert!(message(Layout::new(9, shape, wide, false)).contains("overflow"));
        let back = Some(Strides { x: -1, y: 4, channel: 12, plane: 24 });
        assert!(message(Layout::new(99, shape, back, false)).contains("none below 0"));
    }

    #[test]
    fn a_target_may_not_write_a_sample_twice() {
        let shape = Shape { width: 4, height: 3, channels: 1, planes: 1 };
        let folded = Some(Strides { x: 1, y: 3, channel: 1, plane: 1 });
        assert!(Layout::new(99, shape, folded, false).is_ok());
        assert!(message(Layout::new(99, shape, folded, true)).contains("two pixels share a sample"));
        // Column-major is accepted like row-major.
        let columns = Some(Strides { x: 3, y: 1, channel: 12, plane: 12 });
        assert!(Layout::new(12, shape, columns, true).is_ok());
    }

    #[test]
    fn steps_beyond_any_memory_are_refused_whatever_the_count() {
        let shape = Shape { width: 3, height: 2, channels: 1, planes: 1 };
        for step in [isize::MAX, isize::MAX / 2, isize::MAX / 4] {
            let strides = Some(Strides { x: step, y: 1, channel: 1, plane: 1 });
            assert!(message(Layout::new(usize::MAX, shape, strides, true)).contains("they overflow"), "{step}");
        }
    }

    #[test]
    fn one_sample_can_stand_for_a_whole_row() {
        let shape = Shape { width: 4, height: 2, channels: 1, planes: 1 };
        let strides = Some(Strides { x: 0, y: 1, channel: 0, plane: 0 });
        let (source, mut target) = ([7u8, 9], [0; 8]);
        let planes = Separate::new((&source, strides), (&mut target, None), shape).unwrap();
        let mut row = [0; 4];
        planes.read_row(0, 0, 0, &mut row);
        assert_eq!(row, [7; 4]);
        planes.read_row(0, 0, 1, &mut row);
        assert_eq!(row, [9; 4]);
    }

    #[test]
    fn rgba_in_place_leaves_alpha_alone() {
        let mut data: Vec<u8> = (0..32).collect();
        let shape = Shape { width: 4, height: 2, channels: 3, planes: 1 };
        let strides = Strides { x: 4, y: 16, channel: 1, plane: 32 };
        let mut planes = InPlace::new(&mut data, shape, Some(strides)).unwrap();
        let mut row = [0; 4];
        planes.read_row(0, 2, 1, &mut row);
        assert_eq!(row, [18, 22, 26, 30]);
        for (channel, y) in [(0, 0), (1, 0), (2, 0), (0, 1), (1, 1), (2, 1)] {
            planes.write_row(0, channel, y, &[200; 4]);
        }
        assert!(data.iter().enumerate().all(|(i, &v)| if i % 4 == 3 { v as usize == i } else { v == 200 }));
    }
}
