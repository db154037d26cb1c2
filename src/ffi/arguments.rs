//! Reads checked values from a call's pointers, and writes results through them.

use std::ffi::{c_char, CStr};

use crate::error::{Error, Result, Status};
use crate::host::checks::shape_of;
use crate::host::memory::{null, RawPixels};
use crate::image::frame::Shape;

fn invalid(message: String) -> Error {
    Error::new(Status::InvalidArgument, message)
}

/// Reads a text; NULL is "".
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

/// Reads an option text; NULL is "". Safety: as `text`. Errors: `BadOption`.
pub unsafe fn options<'a>(pointer: *const c_char) -> Result<&'a str> {
    // SAFETY: the caller's promise.
    unsafe { text(pointer, "options", Status::BadOption) }
}

/// Reads a path, which may not be empty. Safety: as `text`. Errors: `InvalidArgument`.
pub unsafe fn path<'a>(pointer: *const c_char, name: &str) -> Result<&'a std::path::Path> {
    // SAFETY: the caller's promise.
    match unsafe { text(pointer, name, Status::InvalidArgument) }? {
        "" => Err(invalid(format!("{name} is empty; expected the path of a file"))),
        text => Ok(text.as_ref()),
    }
}

/// Reads `{width, height, channels, planes}`. Errors: `InvalidArgument`.
///
/// # Safety
/// NULL, or four numbers.
pub unsafe fn shape(pointer: *const i64) -> Result<Shape> {
    // SAFETY: the caller's promise.
    shape_of(unsafe { four(pointer) }.ok_or_else(|| null("shape"))?)
}

/// Combines a pointer to pixels with its count and its strides {x, y, channel, plane} in elements (NULL: packed).
///
/// # Safety
/// `strides` is NULL or four numbers.
pub unsafe fn raw<P>(pointer: P, count: u64, strides: *const i64) -> RawPixels<P> {
    // SAFETY: the caller's promise.
    RawPixels { pointer, count, strides: unsafe { four(strides) } }
}

unsafe fn four(pointer: *const i64) -> Option<[i64; 4]> {
    // SAFETY: the caller's promise; an array of four has no gaps.
    (!pointer.is_null()).then(|| unsafe { pointer.cast::<[i64; 4]>().read_unaligned() })
}

/// An out-pointer for one value.
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
        // SAFETY: the caller of `new` promised that it is writable; it need not be aligned.
        unsafe { self.0.write_unaligned(value) }
    }
}

/// Writes a NUL-terminated text to `buffer`, cut between two characters if it is too long, and to `length` the bytes that
/// the full text needs, NUL included.
///
/// Errors: `InvalidArgument` if the text was cut, or if both `buffer` and `length` are NULL.
///
/// # Safety
/// `buffer` is NULL or writable for `capacity` bytes, `length` NULL or writable.
pub unsafe fn write_text(text: &str, buffer: *mut c_char, capacity: u64, length: *mut u64) -> Result<()> {
    if buffer.is_null() && capacity > 0 {
        return Err(invalid(format!(
            "buffer is NULL and capacity {capacity}; expected a buffer, or 0 to ask for the length"
        )));
    }
    if buffer.is_null() && length.is_null() {
        return Err(invalid("buffer and length are both NULL; expected at least one".into()));
    }
    // For C the text ends at the first NUL.
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
        // SAFETY: `fits` bytes and a NUL are at most `capacity`; the text is our own memory, so the two do not overlap.
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
