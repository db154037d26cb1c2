//! Pointers of a call turned into checked values, and values into what pointers lead to.

use std::ffi::{c_char, CStr};

use crate::error::{Error, Result, Status};
use crate::frame::{PixelType, Shape, Strides};

fn invalid(message: String) -> Error {
    Error::new(Status::InvalidArgument, message)
}

/// The error for a pointer that may not be NULL.
pub fn null(name: &str) -> Error {
    invalid(format!("{name} is NULL; expected a pointer"))
}

/// Text in; NULL is "".
///
/// # Safety
/// NULL, or NUL-terminated and unchanged until the call ends.
pub unsafe fn text<'a>(pointer: *const c_char, name: &str, status: Status) -> Result<&'a str> {
    if pointer.is_null() {
        return Ok("");
    }
    // SAFETY: the caller's promise.
    let text = unsafe { CStr::from_ptr(pointer) };
    text.to_str().map_err(|e| {
        Error::new(
            status,
            format!(
                "{name} '{}' is not UTF-8 (byte {} of {}); expected UTF-8 text",
                text.to_string_lossy(),
                e.valid_up_to() + 1,
                text.to_bytes().len()
            ),
        )
    })
}

/// Option text; NULL is "". Safety: as `text`. Errors: `BadOption`.
pub unsafe fn options<'a>(pointer: *const c_char) -> Result<&'a str> {
    // SAFETY: the caller's promise.
    unsafe { text(pointer, "options", Status::BadOption) }
}

/// A path that must be given. Safety: as `text`. Errors: `InvalidArgument`.
pub unsafe fn path<'a>(pointer: *const c_char, name: &str) -> Result<&'a std::path::Path> {
    // SAFETY: the caller's promise.
    match unsafe { text(pointer, name, Status::InvalidArgument) }? {
        "" => Err(invalid(format!("{name} is empty; expected the path of a file"))),
        text => Ok(text.as_ref()),
    }
}

/// Bytes that a length may count: more cannot be in one piece of memory.
const MOST_BYTES: u64 = isize::MAX as u64;

/// A number of elements of `size` bytes. Errors: `InvalidArgument`.
pub fn count(count: u64, size: usize, name: &str) -> Result<usize> {
    match count.checked_mul(size as u64) {
        Some(bytes) if bytes <= MOST_BYTES => Ok(count as usize),
        _ => Err(invalid(format!("{name} = {count} elements of {size} bytes; more than memory can hold"))),
    }
}

/// `{width, height, channels, planes}`.
///
/// # Safety
/// NULL, or four numbers.
pub unsafe fn shape(pointer: *const i64) -> Result<Shape> {
    // SAFETY: the caller's promise.
    shape_of(unsafe { four(pointer) }.ok_or_else(|| null("shape"))?)
}

/// `{width, height, channels, planes}`. Errors: `InvalidArgument`.
pub fn shape_of(numbers: [i64; 4]) -> Result<Shape> {
    let size = |n: i64| {
        usize::try_from(n).map_err(|_| {
            invalid(format!("shape {numbers:?}: expected width, height, channels and planes of at least 1"))
        })
    };
    let [width, height, channels, planes] = numbers;
    Shape { width: size(width)?, height: size(height)?, channels: size(channels)?, planes: size(planes)? }.check()
}

/// `{x, y, channel, plane}` in elements; NULL: packed.
///
/// # Safety
/// NULL, or four numbers.
pub unsafe fn strides(pointer: *const i64) -> Result<Option<Strides>> {
    // SAFETY: the caller's promise.
    unsafe { four(pointer) }.map(strides_of).transpose()
}

/// `{x, y, channel, plane}` in elements. Errors: `InvalidArgument`.
pub fn strides_of(numbers: [i64; 4]) -> Result<Strides> {
    let step =
        |n: i64| isize::try_from(n).map_err(|_| invalid(format!("strides {numbers:?}: more than memory can hold")));
    let [x, y, channel, plane] = numbers;
    Ok(Strides { x: step(x)?, y: step(y)?, channel: step(channel)?, plane: step(plane)? })
}

unsafe fn four(pointer: *const i64) -> Option<[i64; 4]> {
    // SAFETY: the caller's promise; an array of four has no gaps.
    (!pointer.is_null()).then(|| unsafe { pointer.cast::<[i64; 4]>().read_unaligned() })
}

/// A pixel type by its number. Errors: `InvalidArgument`.
pub fn pixel_type(number: i32) -> Result<PixelType> {
    [PixelType::U8, PixelType::U16, PixelType::F32].into_iter().find(|t| *t as i32 == number).ok_or_else(|| {
        invalid(format!(
            "pixel_type = {number}; expected PARFOCAL_PIXEL_U8 (1), PARFOCAL_PIXEL_U16 (2) or PARFOCAL_PIXEL_F32 (3)"
        ))
    })
}

/// Where one value goes.
pub struct Out<T>(*mut T);

impl<T> Out<T> {
    /// Errors: `InvalidArgument` for NULL.
    ///
    /// # Safety
    /// NULL, or writable for one `T` until the call ends.
    pub unsafe fn new(pointer: *mut T, name: &str) -> Result<Self> {
        if pointer.is_null() {
            return Err(null(name));
        }
        Ok(Self(pointer))
    }

    pub fn set(&self, value: T) {
        // SAFETY: `new` was given a writable place; it need not be aligned.
        unsafe { self.0.write_unaligned(value) }
    }
}

/// Text out: NUL-terminated in `buffer`, and in `length` the bytes that it needs, NUL included. What does not fit is cut
/// between two characters.
///
/// Errors: `InvalidArgument` when it was cut, or when there is neither a buffer nor a length.
///
/// # Safety
/// `buffer` is NULL or writable for `capacity` bytes, `length` NULL or writable.
pub unsafe fn give_text(text: &str, buffer: *mut c_char, capacity: u64, length: *mut u64) -> Result<()> {
    if buffer.is_null() && capacity > 0 {
        return Err(invalid(format!(
            "buffer is NULL and capacity {capacity}; expected a buffer, or 0 to ask for the length"
        )));
    }
    if buffer.is_null() && length.is_null() {
        return Err(invalid("buffer and length are both NULL; expected at least one".into()));
    }
    // A NUL inside would end it early for C.
    let end = text.find('\0').unwrap_or(text.len());
    let needed = end as u64 + 1;
    if !length.is_null() {
        // SAFETY: the caller's promise.
        unsafe { length.write_unaligned(needed) };
    }
    if buffer.is_null() {
        return Ok(());
    }
    if capacity > 0 {
        let mut fits = end.min(usize::try_from(capacity - 1).unwrap_or(usize::MAX));
        while !text.is_char_boundary(fits) {
            fits -= 1;
        }
        // SAFETY: `fits` bytes and a NUL are at most `capacity`; the text is ours, so the two do not overlap.
        unsafe {
            std::ptr::copy_nonoverlapping(text.as_ptr().cast(), buffer, fits);
            buffer.add(fits).write(0);
        }
    }
    if capacity < needed {
        return Err(invalid(format!("capacity = {capacity} bytes; the text needs {needed}, the NUL included")));
    }
    Ok(())
}
