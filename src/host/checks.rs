//! Checks of numbers from outside, the same for every host.

use std::time::Duration;

use crate::error::{Error, Result, Status};
use crate::image::frame::{PixelType, Shape, Strides};
use crate::image::packed::Packing;
use crate::onnx::model_file::LARGEST_FILE;

fn invalid(message: String) -> Error {
    Error::new(Status::InvalidArgument, message)
}

/// Largest object in memory, in bytes.
const MOST_BYTES: u64 = isize::MAX as u64;

/// Checks a number of elements of `size` bytes. Errors: `InvalidArgument`.
pub fn count(count: u64, size: usize, name: &str) -> Result<usize> {
    match count.checked_mul(size as u64) {
        Some(bytes) if bytes <= MOST_BYTES => Ok(count as usize),
        _ => Err(invalid(format!("{name} = {count} elements of {size} bytes; more than memory can hold"))),
    }
}

/// The shape `{width, height, channels, planes}`. Errors: `InvalidArgument`.
pub fn shape_of(numbers: [i64; 4]) -> Result<Shape> {
    let size = |n: i64| {
        usize::try_from(n).map_err(|_| {
            invalid(format!("shape {numbers:?}: expected width, height, channels and planes of at least 1"))
        })
    };
    let [width, height, channels, planes] = numbers;
    Shape { width: size(width)?, height: size(height)?, channels: size(channels)?, planes: size(planes)? }.check()
}

/// The strides `{x, y, channel, plane}`, in elements. Errors: `InvalidArgument`.
pub fn strides_of(numbers: [i64; 4]) -> Result<Strides> {
    let step =
        |n: i64| isize::try_from(n).map_err(|_| invalid(format!("strides {numbers:?}: more than memory can hold")));
    let [x, y, channel, plane] = numbers;
    Ok(Strides { x: step(x)?, y: step(y)?, channel: step(channel)?, plane: step(plane)? })
}

/// The pixel type with this number. Errors: `InvalidArgument`.
pub fn pixel_type(number: i32) -> Result<PixelType> {
    let name = |t: &PixelType| (*t as i32, format!("PARFOCAL_PIXEL_{t:?}"));
    numbered("pixel_type", number, PixelType::ALL, name)
}

/// The packing with this number. Errors: `InvalidArgument`.
pub fn packing(number: i32) -> Result<Packing> {
    // As the header spells them: MONO12_PACKED.
    let word = |p: &Packing| format!("{p:?}").replace("Packed", "_Packed").to_uppercase();
    let name = |p: &Packing| (*p as i32, format!("PARFOCAL_PACKING_{}", word(p)));
    numbered("packing", number, Packing::ALL, name)
}

/// The one of `all` with this number. Errors: `InvalidArgument`; the message lists all.
fn numbered<T: Copy>(what: &str, number: i32, all: &[T], name: impl Fn(&T) -> (i32, String)) -> Result<T> {
    all.iter().copied().find(|one| name(one).0 == number).ok_or_else(|| {
        let known: Vec<_> = all.iter().map(&name).map(|(number, name)| format!("{name} ({number})")).collect();
        // `all` is one of two tables, and neither is empty.
        let (last, others) = known.split_last().expect("something to choose from");
        invalid(format!("{what} = {number}; expected {} or {last}", others.join(", ")))
    })
}

/// A timeout in milliseconds; -1 is no limit. Errors: `InvalidArgument`.
pub fn timeout(milliseconds: i32) -> Result<Option<Duration>> {
    match milliseconds {
        -1 => Ok(None),
        0.. => Ok(Some(Duration::from_millis(milliseconds as u64))),
        _ => Err(invalid(format!(
            "timeout_ms = {milliseconds}; expected milliseconds, 0 not to wait, or -1 to wait without end"
        ))),
    }
}

/// Checks the size of a model in memory; the message begins with `name`. Errors: `Model`.
pub fn model_size(length: usize, name: &str) -> Result<usize> {
    if length as u64 <= LARGEST_FILE {
        return Ok(length);
    }
    Err(Error::new(Status::Model, format!("{name} {length} bytes; expected an ONNX model of at most {LARGEST_FILE}")))
}
