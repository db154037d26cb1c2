//! Packed pixels of cameras: unpacked, restored, and submitted to a stream.

use std::ffi::c_char;

use super::arguments::{options, raw, shape};
use super::general::{parfocal_model, parfocal_status, parfocal_stream, parfocal_task};
use crate::error::{Error, Result, Status};
use crate::host::boundary::call;
use crate::host::checks::packing;
use crate::host::error_map::check_fetched;
use crate::host::frames::{check_tag, submit_frame};
use crate::host::memory::{PackedPixels, PackedSource, RawPacked};
use crate::host::objects::claimed_task;
use crate::image::frame::{PixelType, Rows};
use crate::restore::options::RunOptions;
use crate::restore::stack;

/// Unpacks a camera's frame of 10 or 12 bits without gaps (GenICam PFNC) to 16-bit pixels, in the range of its bits: 0 to 1023 or 4095.
/// It needs no model.
/// packing: PARFOCAL_PACKING_*. MONO12P and MONO12_PACKED are not the same: take the one that the camera's PixelFormat names.
/// src: the first byte. src_bytes: bytes that may be read from it on.
/// row_bytes: from one row to the next; 0 for rows that follow each other without a gap, even within a byte, as GenICam has them when
/// LinePitch is 0.
/// dst, dst_count, dst_strides: where the pixels go, as parfocal_restore_u16, but separate from src.
/// shape: {width, height, 1, 1}.
/// Threads: any. Statuses: INVALID_ARGUMENT, OUT_OF_MEMORY. Since 0.1.
#[no_mangle]
pub unsafe extern "C" fn parfocal_unpack(
    packing: i32,
    src: *const u8,
    src_bytes: u64,
    row_bytes: u64,
    dst: *mut u16,
    dst_count: u64,
    dst_strides: *const i64,
    shape: *const i64,
) -> parfocal_status {
    call(|_| {
        // SAFETY: the header's rules.
        unsafe { pixels((packing, src, src_bytes, row_bytes), (dst, dst_count, dst_strides), shape) }?.unpack()
    })
}

/// Restores a packed frame; the result has 16-bit pixels, in the range of its bits or, where the network goes beyond it, above.
/// model, task, options: as parfocal_restore_u16. The other arguments: as parfocal_unpack.
/// The frame is written whole or not at all.
/// Threads: any, also with the same model at once. Pixels must not change during the call.
/// Statuses: INVALID_ARGUMENT, INVALID_HANDLE, BAD_OPTION, MODEL, DEVICE, OUT_OF_MEMORY, CANCELLED. Since 0.1.
#[no_mangle]
pub unsafe extern "C" fn parfocal_restore_packed(
    model: parfocal_model,
    task: parfocal_task,
    packing: i32,
    src: *const u8,
    src_bytes: u64,
    row_bytes: u64,
    dst: *mut u16,
    dst_count: u64,
    dst_strides: *const i64,
    shape: *const i64,
    options: *const c_char,
) -> parfocal_status {
    call(|guard| {
        let model = guard.model(model)?;
        // SAFETY: the header's rule on text.
        let options = RunOptions::parse(unsafe { self::options(options) }?)?;
        // SAFETY: the header's rules on pixels and arrays.
        let mut pixels = unsafe { pixels((packing, src, src_bytes, row_bytes), (dst, dst_count, dst_strides), shape) }?;
        check_fetched(task, &options)?;
        let run = claimed_task(task)?;
        let report = stack::restore(&model, &run.task, &mut pixels, &options)?;
        run.finish_in_memory(pixels.shape(), report);
        Ok(())
    })
}

/// The packed frame and the target of a call. Errors: `InvalidArgument`.
///
/// # Safety
/// The header's rules on pixels and arrays.
unsafe fn pixels(
    (packing, pointer, bytes, row_bytes): (i32, *const u8, u64, u64),
    (dst, dst_count, dst_strides): (*mut u16, u64, *const i64),
    size: *const i64,
) -> Result<PackedPixels> {
    let source = RawPacked { packing: self::packing(packing)?, pointer, bytes, row_bytes };
    // SAFETY: the caller's promise.
    unsafe { PackedPixels::new(source, raw(dst, dst_count, dst_strides), shape(size)?) }
}

/// Copies a packed frame into a stream of 16-bit pixels with one channel, unpacked. As parfocal_stream_submit.
/// packing, frame, bytes, row_bytes: as parfocal_unpack has packing, src, src_bytes and row_bytes. The frame has the stream's size. With
/// row_bytes of 0, bytes must be exactly a frame's.
/// tag: a number that comes back with the result; not UINT64_MAX, which stands for none.
/// Threads: one producer; the frame must not change during the call.
/// Statuses: INVALID_ARGUMENT (also a stream of other pixels), INVALID_HANDLE, WOULD_BLOCK (as parfocal_stream_submit), CLOSED. Since 0.1.
#[no_mangle]
pub unsafe extern "C" fn parfocal_stream_submit_packed(
    stream: parfocal_stream,
    packing: i32,
    frame: *const u8,
    bytes: u64,
    row_bytes: u64,
    tag: u64,
) -> parfocal_status {
    call(|guard| {
        let stream = guard.stream(stream)?;
        let packing = self::packing(packing)?;
        if stream.pixel_type() != PixelType::U16 {
            return Err(Error::new(
                Status::InvalidArgument,
                format!(
                    "a packed frame into a stream of {} pixels; expected a stream of 16-bit pixels: open one with \
                     PARFOCAL_PIXEL_U16",
                    stream.pixel_type()
                ),
            ));
        }
        let stream = stream.of::<u16>()?;
        let shape = stream.shape();
        check_tag(tag)?;
        let source = RawPacked { packing, pointer: frame, bytes, row_bytes };
        // SAFETY: the header's rules on pixels.
        let source = unsafe { PackedSource::new(source, shape, "frame") }?;
        if row_bytes == 0 {
            source.check_bytes(bytes)?;
        }
        submit_frame(stream, tag, shape.width, |x, _, y, row| source.read_from(x, y, row))
    })
}
