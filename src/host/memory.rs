//! Pixels behind pointers as `Planes`. Rows are copied through raw pointers, never through a Rust slice over the
//! pixels: these may be shared, strided, unaligned, or the same for reading and writing.

use super::checks::{count, strides_of};
use crate::error::{Error, Result, Status};
use crate::image::frame::{resize, Layout, Planes, Rows, Sample, Shape};
use crate::image::packed::{PackedLayout, Packing};

/// The error for a pointer that may not be NULL.
pub fn null(name: &str) -> Error {
    Error::new(Status::InvalidArgument, format!("{name} is NULL; expected a pointer"))
}

/// Unchecked pixels from a caller.
#[derive(Clone, Copy)]
pub struct RawPixels<P> {
    /// The first pixel.
    pub pointer: P,
    /// Elements that may be accessed from there on.
    pub count: u64,
    /// `{x, y, channel, plane}` in elements; `None`: packed.
    pub strides: Option<[i64; 4]>,
}

/// Pixels that may be read.
pub struct Source<T>(*const T, Layout);

/// Pixels that may be written.
pub struct Target<T>(*mut T, Layout);

impl<T: Sample> Source<T> {
    /// As the function `strip`.
    pub fn strip(&self) -> usize {
        strip(&self.1)
    }

    /// Errors: `InvalidArgument`; the message calls the pointer `name`.
    ///
    /// # Safety
    /// `count` elements from the pointer on can be read until the value is dropped.
    pub unsafe fn new(raw: RawPixels<*const T>, shape: Shape, name: &str) -> Result<Self> {
        if raw.pointer.is_null() {
            return Err(null(name));
        }
        Ok(Self(raw.pointer, layout::<T, _>(&raw, shape, false, name)?))
    }

    /// Copies the first `row.len()` pixels of a row.
    pub fn read(&self, plane: usize, channel: usize, y: usize, row: &mut [T]) {
        self.read_from(0, plane, channel, y, row);
    }

    /// Copies `row.len()` pixels of a row, from its pixel `x` on.
    pub fn read_from(&self, x: usize, plane: usize, channel: usize, y: usize, row: &mut [T]) {
        let Self(pointer, layout) = self;
        assert!(x + row.len() <= layout.shape().width && !row.is_empty());
        let step = layout.strides().x as usize;
        // SAFETY: `Layout::new` has checked that every sample of the shape is below `count`, and the assertion keeps to
        // the shape. Bytes or unaligned reads, because a camera's buffer need not be aligned.
        unsafe {
            let first = pointer.add(layout.row(plane, channel, y) + x * step);
            if step == 1 {
                let bytes = std::mem::size_of_val(row);
                std::ptr::copy_nonoverlapping(first.cast::<u8>(), row.as_mut_ptr().cast::<u8>(), bytes);
            } else {
                for (x, to) in row.iter_mut().enumerate() {
                    *to = first.add(x * step).read_unaligned();
                }
            }
        }
    }
}

impl<T: Sample> Target<T> {
    /// As the function `strip`.
    pub fn strip(&self) -> usize {
        strip(&self.1)
    }

    /// Errors: `InvalidArgument`; the message calls the pointer `name`.
    ///
    /// # Safety
    /// `count` elements from the pointer on can be written until the value is dropped.
    pub unsafe fn new(raw: RawPixels<*mut T>, shape: Shape, name: &str) -> Result<Self> {
        if raw.pointer.is_null() {
            return Err(null(name));
        }
        Ok(Self(raw.pointer, layout::<T, _>(&raw, shape, true, name)?))
    }

    /// Copies the first `row.len()` pixels of a row.
    pub fn write(&self, plane: usize, channel: usize, y: usize, row: &[T]) {
        self.write_from(0, plane, channel, y, row);
    }

    /// Copies `row.len()` pixels of a row, from its pixel `x` on.
    pub fn write_from(&self, x: usize, plane: usize, channel: usize, y: usize, row: &[T]) {
        let Self(pointer, layout) = self;
        assert!(x + row.len() <= layout.shape().width && !row.is_empty());
        let step = layout.strides().x as usize;
        // SAFETY: as in `Source::read_from`.
        unsafe {
            let first = pointer.add(layout.row(plane, channel, y) + x * step);
            if step == 1 {
                let bytes = std::mem::size_of_val(row);
                std::ptr::copy_nonoverlapping(row.as_ptr().cast::<u8>(), first.cast::<u8>(), bytes);
            } else {
                for (x, &from) in row.iter().enumerate() {
                    first.add(x * step).write_unaligned(from);
                }
            }
        }
    }
}

/// How many pixels of a row to copy before the next row. All of them for row-major pixels. A few for column-major ones
/// (MATLAB), so that the cache lines of these columns are still there for the next row.
fn strip(layout: &Layout) -> usize {
    const COLUMNS: usize = 16;
    let (strides, width) = (layout.strides(), layout.shape().width);
    if strides.x > strides.y {
        width.min(COLUMNS)
    } else {
        width
    }
}

fn layout<T, P>(raw: &RawPixels<P>, shape: Shape, written: bool, name: &str) -> Result<Layout> {
    let elements = count(raw.count, std::mem::size_of::<T>(), &format!("{name}_count"))?;
    let strides = raw.strides.map(strides_of).transpose();
    strides.and_then(|strides| Layout::new(elements, shape, strides, written)).map_err(|e| e.context(name))
}

/// The pixels that a run reads and writes.
pub struct Pixels<T> {
    source: Source<T>,
    target: Target<T>,
}

impl<T: Sample> Pixels<T> {
    /// Errors: `InvalidArgument`, also if the two overlap without being exactly the same.
    ///
    /// # Safety
    /// As for `Source` and `Target`.
    pub unsafe fn new(source: RawPixels<*const T>, target: RawPixels<*mut T>, shape: Shape) -> Result<Self> {
        // SAFETY: the caller's promise.
        let (source, target) = unsafe { (Source::new(source, shape, "src")?, Target::new(target, shape, "dst")?) };
        check_overlap(&source, &target)?;
        Ok(Self { source, target })
    }
}

/// Checks that source and target are separate memory, or exactly the same. Errors: `InvalidArgument`.
pub fn check_overlap<T>(source: &Source<T>, target: &Target<T>) -> Result<()> {
    let from = range(source.0, &source.1);
    let to = range(target.0.cast_const(), &target.1);
    let overlap = from.0 < to.1 && to.0 < from.1;
    let in_place = from.0 == to.0 && source.1.same_steps(&target.1);
    if overlap && !in_place {
        return Err(Error::new(
            Status::InvalidArgument,
            format!(
                "src and dst overlap: bytes 0 to {} of src, and dst begins at byte {}; expected separate memory, or \
                 exactly the same with the same strides",
                from.1 - from.0,
                to.0 as i128 - from.0 as i128
            ),
        ));
    }
    Ok(())
}

/// Addresses of the first byte and one past the last.
fn range<T>(pointer: *const T, layout: &Layout) -> (usize, usize) {
    let first = pointer.addr();
    (first, first.saturating_add(layout.reach().saturating_mul(std::mem::size_of::<T>())))
}

impl<T: Sample> Rows<T> for Source<T> {
    fn shape(&self) -> Shape {
        self.1.shape()
    }

    fn read_row(&self, plane: usize, channel: usize, y: usize, row: &mut [T]) {
        self.read(plane, channel, y, row);
    }
}

impl<T: Sample> Rows<T> for Pixels<T> {
    fn shape(&self) -> Shape {
        self.source.1.shape()
    }

    fn read_row(&self, plane: usize, channel: usize, y: usize, row: &mut [T]) {
        self.source.read(plane, channel, y, row);
    }
}

impl<T: Sample> Planes<T> for Pixels<T> {
    fn write_row(&mut self, plane: usize, channel: usize, y: usize, row: &[T]) {
        self.target.write(plane, channel, y, row);
    }
}

/// Packed pixels of a camera, unchecked.
#[derive(Clone, Copy)]
pub struct RawPacked {
    pub packing: Packing,
    /// The first byte.
    pub pointer: *const u8,
    /// Bytes that may be accessed from there on.
    pub bytes: u64,
    /// From one row to the next; 0: without gaps, even within a byte.
    pub row_bytes: u64,
}

/// A packed frame that may be read.
pub struct PackedSource(*const u8, PackedLayout);

impl PackedSource {
    /// Errors: `InvalidArgument`; the message calls the pointer `name`.
    ///
    /// # Safety
    /// The bytes can be read until the value is dropped.
    pub unsafe fn new(raw: RawPacked, shape: Shape, name: &str) -> Result<Self> {
        if raw.pointer.is_null() {
            return Err(null(name));
        }
        let bytes = count(raw.bytes, 1, &format!("{name}_bytes"))?;
        // A row that is longer than memory has no place in these bytes.
        let row_bytes = usize::try_from(raw.row_bytes).unwrap_or(usize::MAX);
        let layout = PackedLayout::new(raw.packing, bytes, row_bytes, shape).map_err(|e| e.context(name))?;
        Ok(Self(raw.pointer, layout))
    }

    /// Refuses more bytes than the frame has: the camera has changed its size, or packs in another way.
    ///
    /// Errors: `InvalidArgument`.
    pub fn check_bytes(&self, bytes: u64) -> Result<()> {
        let Self(_, layout) = self;
        if bytes != layout.reach() as u64 {
            return Err(Error::new(
                Status::InvalidArgument,
                format!(
                    "a packed frame of {bytes} bytes; this stream takes {} ({}): open another stream for frames of \
                     another size, or give row_bytes",
                    layout.reach(),
                    layout.shape()
                ),
            ));
        }
        Ok(())
    }

    /// Unpacks `row.len()` pixels of a row, from its pixel `x` on.
    pub fn read_from(&self, x: usize, y: usize, row: &mut [u16]) {
        let Self(pointer, layout) = self;
        layout.read(x, y, row, |at, bytes| {
            assert!(at + bytes.len() <= layout.reach());
            // SAFETY: `PackedLayout::new` has checked that as many bytes are there.
            unsafe { std::ptr::copy_nonoverlapping(pointer.add(at), bytes.as_mut_ptr(), bytes.len()) }
        });
    }
}

/// A packed frame that is read, and 16-bit pixels that are written.
pub struct PackedPixels {
    source: PackedSource,
    target: Target<u16>,
}

impl PackedPixels {
    /// Errors: `InvalidArgument`, also if the two overlap.
    ///
    /// # Safety
    /// As for `PackedSource` and `Target`.
    pub unsafe fn new(source: RawPacked, target: RawPixels<*mut u16>, shape: Shape) -> Result<Self> {
        // SAFETY: the caller's promise.
        let (source, target) =
            unsafe { (PackedSource::new(source, shape, "src")?, Target::new(target, shape, "dst")?) };
        let first = source.0.addr();
        let (from, to) = ((first, first.saturating_add(source.1.reach())), range(target.0.cast_const(), &target.1));
        if from.0 < to.1 && to.0 < from.1 {
            return Err(Error::new(
                Status::InvalidArgument,
                format!(
                    "src and dst overlap: bytes 0 to {} of src, and dst begins at byte {}; expected separate memory",
                    from.1 - from.0,
                    to.0 as i128 - from.0 as i128
                ),
            ));
        }
        Ok(Self { source, target })
    }

    /// Unpacks all rows.
    pub fn unpack(&mut self) -> Result<()> {
        let Shape { width, height, .. } = self.source.1.shape();
        let mut row = Vec::new();
        resize(&mut row, width)?;
        for y in 0..height {
            self.source.read_from(0, y, &mut row);
            self.target.write(0, 0, y, &row);
        }
        Ok(())
    }
}

impl Rows<u16> for PackedPixels {
    fn shape(&self) -> Shape {
        self.source.1.shape()
    }

    fn read_row(&self, _: usize, _: usize, y: usize, row: &mut [u16]) {
        self.source.read_from(0, y, row);
    }
}

impl Planes<u16> for PackedPixels {
    fn write_row(&mut self, plane: usize, channel: usize, y: usize, row: &[u16]) {
        self.target.write(plane, channel, y, row);
    }
}
