//! Restoring pixels in memory, and files.

use std::ffi::{c_char, c_void};

use super::arguments::{options, path, raw, shape, Out};
use super::general::{parfocal_model, parfocal_status, parfocal_task};
use crate::host::boundary::call;
use crate::host::checks::pixel_type;
use crate::host::error_map::check_fetched;
use crate::host::memory::{Pixels, RawPixels, Source};
use crate::host::objects::claimed_task;
use crate::image::frame::Sample;
use crate::image::normalise::Range;
use crate::image::sample::with_sample;
use crate::restore::file::restore_file;
use crate::restore::options::{FileOptions, RunOptions};
use crate::restore::stack;
use crate::task::Task;

/// Restores a frame or a stack of 8-bit pixels. As parfocal_restore_u16. Since 0.1.
#[no_mangle]
pub unsafe extern "C" fn parfocal_restore_u8(
    model: parfocal_model,
    task: parfocal_task,
    src: *const u8,
    src_count: u64,
    src_strides: *const i64,
    dst: *mut u8,
    dst_count: u64,
    dst_strides: *const i64,
    shape: *const i64,
    options: *const c_char,
) -> parfocal_status {
    // SAFETY: the header's rules.
    unsafe {
        let (source, target) = (raw(src, src_count, src_strides), raw(dst, dst_count, dst_strides));
        restore(model, task, source, target, shape, options)
    }
}

/// Restores a frame or a stack of 16-bit pixels: same size, type and units. The call returns when all planes are done.
/// model: an open model. task: from parfocal_task_create, not used by another run, or 0. A call that is refused for its handles, pointers,
/// shape or the text of its options does not use it up.
/// src: the first pixel that is read. src_count: elements that may be read from it on.
/// src_strides: {x, y, channel, plane}, steps between neighbours in elements, at least 0; NULL for tightly packed pixels with
/// interleaved channels. Any order of axes, gaps between rows, single channels of an RGBA image are strides.
/// dst, dst_count, dst_strides: the same for what is written. Either separate from src, or exactly src with the same strides (in
/// place); pointers need not be aligned. Elements between pixels are not touched.
/// shape: {width, height, channels, planes}, each at least 1. Channels of a frame are normalised together; planes are separate frames.
/// options: those of a run (docs/options.md), UTF-8; NULL or "" for the defaults.
/// pixel_size_um only makes parfocal_model_describe warn when it is outside what the model was trained for.
/// Each plane is written whole or not at all, in order; after a failure the rest of dst is as it was, and parfocal_task_planes_done
/// tells how many are done.
/// Threads: any, also with the same model at once. Pixels must not change during the call.
/// Statuses: INVALID_ARGUMENT, INVALID_HANDLE, BAD_OPTION, UNSUPPORTED (results beyond 32-bit floats), MODEL, DEVICE, OUT_OF_MEMORY,
/// CANCELLED. Since 0.1.
#[no_mangle]
pub unsafe extern "C" fn parfocal_restore_u16(
    model: parfocal_model,
    task: parfocal_task,
    src: *const u16,
    src_count: u64,
    src_strides: *const i64,
    dst: *mut u16,
    dst_count: u64,
    dst_strides: *const i64,
    shape: *const i64,
    options: *const c_char,
) -> parfocal_status {
    // SAFETY: the header's rules.
    unsafe {
        let (source, target) = (raw(src, src_count, src_strides), raw(dst, dst_count, dst_strides));
        restore(model, task, source, target, shape, options)
    }
}

/// Restores a frame or a stack of 32-bit float pixels; infinite and NaN pixels come back as they were. As parfocal_restore_u16.
/// Since 0.1.
#[no_mangle]
pub unsafe extern "C" fn parfocal_restore_f32(
    model: parfocal_model,
    task: parfocal_task,
    src: *const f32,
    src_count: u64,
    src_strides: *const i64,
    dst: *mut f32,
    dst_count: u64,
    dst_strides: *const i64,
    shape: *const i64,
    options: *const c_char,
) -> parfocal_status {
    // SAFETY: the header's rules.
    unsafe {
        let (source, target) = (raw(src, src_count, src_strides), raw(dst, dst_count, dst_strides));
        restore(model, task, source, target, shape, options)
    }
}

unsafe fn restore<T: Sample>(
    model: parfocal_model,
    task: parfocal_task,
    source: RawPixels<*const T>,
    target: RawPixels<*mut T>,
    size: *const i64,
    text: *const c_char,
) -> parfocal_status {
    call(|guard| {
        let model = guard.model(model)?;
        // SAFETY: the header's rules on arrays and text.
        let (shape, options) = unsafe { (shape(size)?, RunOptions::parse(options(text)?)?) };
        // SAFETY: the header's rules on pixels.
        let mut pixels = unsafe { Pixels::new(source, target, shape) }?;
        check_fetched(task, &options)?;
        let run = claimed_task(task)?;
        run.finish_in_memory(shape, stack::restore(&model, &run.task, &mut pixels, &options)?);
        Ok(())
    })
}

/// Restores a TIFF file, page by page: same size, pixel type, compression and metadata. The output appears complete under its
/// name, or not at all.
/// model, task: as parfocal_restore_u16.
/// options: text or NULL: options of a run, and those of docs/options.md for a file. normalize=stack reads the file once more before.
/// input, output: paths, UTF-8. An output that exists is never replaced.
/// Threads: any, also with the same model at once.
/// Statuses: INVALID_ARGUMENT, INVALID_HANDLE, BAD_OPTION, UNSUPPORTED, NOT_FOUND, IO, FORMAT, MODEL, DEVICE, OUT_OF_MEMORY, CANCELLED,
/// EXISTS. Since 0.1.
#[no_mangle]
pub unsafe extern "C" fn parfocal_restore_file(
    model: parfocal_model,
    task: parfocal_task,
    input: *const c_char,
    output: *const c_char,
    options: *const c_char,
) -> parfocal_status {
    call(|guard| {
        let model = guard.model(model)?;
        // SAFETY: the header's rule on text.
        let (input, output) = unsafe { (path(input, "input")?, path(output, "output")?) };
        // SAFETY: as above.
        let options = FileOptions::parse(unsafe { self::options(options) }?)?;
        let run = claimed_task(task)?;
        run.finish(restore_file(&model, &run.task, input, output, &options)?.describe());
        Ok(())
    })
}

/// The two values of the input that normalize=stack shows the network as 0 and 1: for a host that restores a stack frame by frame and gives
/// each the same range, as normalize=LO:HI.
/// model: an open model, which has the percentiles. pixel_type: PARFOCAL_PIXEL_*.
/// src, src_count, src_strides, shape: as parfocal_restore_u16.
/// lo, hi: receive the values, in input units. Where all finite values are the same both are that value, NaN where there are none: such a
/// stack comes back as it was, and needs no range. After a failure they are as they were.
/// Threads: any. Pixels must not change during the call. Statuses: INVALID_ARGUMENT, INVALID_HANDLE, OUT_OF_MEMORY. Since 0.1.
#[no_mangle]
pub unsafe extern "C" fn parfocal_stack_range(
    model: parfocal_model,
    pixel_type: i32,
    src: *const c_void,
    src_count: u64,
    src_strides: *const i64,
    shape: *const i64,
    lo: *mut f64,
    hi: *mut f64,
) -> parfocal_status {
    call(|guard| {
        let model = guard.model(model)?;
        let pixel_type = self::pixel_type(pixel_type)?;
        // SAFETY: the header's rules on arrays and out-pointers.
        let (shape, to_lo, to_hi) = unsafe { (self::shape(shape)?, Out::new(lo, "lo")?, Out::new(hi, "hi")?) };
        // SAFETY: the header's rules on pixels and arrays.
        let summary = with_sample!(pixel_type, T => unsafe {
            let pixels = Source::<T>::new(raw(src.cast(), src_count, src_strides), shape, "src")?;
            stack::summary(&model, &Task::new(), &pixels)
        })?;
        let Range { lo, hi } = if summary.finite == 0 { Range { lo: f64::NAN, hi: f64::NAN } } else { summary.range };
        to_lo.set(lo);
        to_hi.set(hi);
        Ok(())
    })
}
