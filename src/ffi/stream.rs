//! Streams: one thread submits frames, another receives the results.

use std::ffi::{c_char, c_void};
use std::sync::Arc;

use super::arguments::{options, raw, shape, write_text, Out};
use super::general::{parfocal_model, parfocal_status, parfocal_stream};
use crate::error::Result;
use crate::host::boundary::call;
use crate::host::checks::{pixel_type, timeout};
use crate::host::error_map;
use crate::host::frames::{check_count, check_tag, receive_frame, submit_frame};
use crate::host::handles::Kind;
use crate::host::memory::{Source, Target};
use crate::host::objects::{add_stream, remove, AnyStream, Object};
use crate::image::frame::Sample;
use crate::image::sample::with_sample;
use crate::restore::model::Model;
use crate::restore::stream::Stream;

/// Opens a stream: frames of one size and type go in from one thread, are restored on a thread of the stream, and come out to another
/// thread. The memory for its frames is taken here, that of the network with the first frame. Submitting never waits, so it may be done in a camera's callback.
/// model: an open model, which may be closed while the stream goes on. pixel_type: PARFOCAL_PIXEL_*.
/// frame_shape: {width, height, channels, 1}.
/// options: those of a stream (mode, depth, and those of a run), UTF-8; NULL or "" for the defaults. mode=every restores all frames
/// in order, up to depth of them under way, results not yet received included. mode=latest restores the newest frame, drops those that it
/// cannot keep up with, and counts them.
/// out: receives the handle, 0 on failure. Close it with parfocal_stream_close.
/// Threads: any; afterwards one producer and one consumer, which may be the same thread.
/// Statuses: INVALID_ARGUMENT, INVALID_HANDLE, BAD_OPTION, OUT_OF_MEMORY. Since 0.1.
#[no_mangle]
pub unsafe extern "C" fn parfocal_stream_open(
    model: parfocal_model,
    pixel_type: i32,
    frame_shape: *const i64,
    options: *const c_char,
    out: *mut parfocal_stream,
) -> parfocal_status {
    call(|guard| {
        // SAFETY: the header's rule on out-pointers.
        let out = unsafe { Out::new(out, "out") }?;
        out.set(0);
        let model: Arc<Model> = Arc::clone(&**guard.model(model)?);
        let pixel_type = self::pixel_type(pixel_type)?;
        // SAFETY: the header's rules on arrays and text.
        let (shape, options) =
            unsafe { (shape(frame_shape).map_err(|e| e.context("frame_shape"))?, self::options(options)?) };
        let stream = AnyStream::open(model, pixel_type, shape, options)?;
        out.set(add_stream(stream)?);
        Ok(())
    })
}

/// Copies a frame in. It never waits for another frame.
/// frame: its first pixel, of the stream's type. count: elements that may be read from it on. strides: {x, y, channel, plane} in
/// elements; NULL for tightly packed pixels with interleaved channels, and then count must be exactly a frame's.
/// tag: a number that comes back with the result; not UINT64_MAX, which stands for none.
/// Threads: one producer; the frame must not change during the call.
/// Statuses: INVALID_ARGUMENT (also a frame of another size), INVALID_HANDLE, WOULD_BLOCK (mode=every, depth frames are under way; the
/// frame was not taken), CLOSED. Since 0.1.
#[no_mangle]
pub unsafe extern "C" fn parfocal_stream_submit(
    stream: parfocal_stream,
    frame: *const c_void,
    count: u64,
    strides: *const i64,
    tag: u64,
) -> parfocal_status {
    call(|guard| {
        let stream = guard.stream(stream)?;
        // SAFETY: the header's rules on pixels and arrays.
        unsafe { with_sample!(stream.pixel_type(), T => submit(stream.of::<T>()?, frame, count, strides, tag)) }
    })
}

unsafe fn submit<T: Sample>(
    stream: &Stream<T>,
    frame: *const c_void,
    count: u64,
    strides: *const i64,
    tag: u64,
) -> Result<()> {
    let shape = stream.shape();
    check_count(shape, shape.samples() as u64, count, strides.is_null())?;
    check_tag(tag)?;
    // SAFETY: the header's rules on pixels and arrays.
    let source = unsafe { Source::<T>::new(raw(frame.cast(), count, strides), shape, "frame") }?;
    submit_frame(stream, tag, source.strip(), |x, channel, y, row| source.read_from(x, 0, channel, y, row))
}

/// Copies the next result out. In mode=every the results come in the order of the frames.
/// frame: where its first pixel goes. count: elements that may be written from it on. strides: as parfocal_stream_submit.
/// tag: receives the number that the frame was submitted with, and UINT64_MAX if no frame was taken; NULL if not wanted.
/// timeout_ms: how long to wait, 0 not at all, -1 without end.
/// Threads: one consumer.
/// Statuses: INVALID_ARGUMENT, INVALID_HANDLE, OUT_OF_MEMORY, with which no result is lost; WOULD_BLOCK (timeout_ms is 0) and TIMEOUT:
/// nothing was ready; CLOSED: the stream was closed meanwhile. Any failure with a tag other than UINT64_MAX is that of the frame: it could
/// not be restored, nothing was written to frame, and the stream goes on. Since 0.1.
#[no_mangle]
pub unsafe extern "C" fn parfocal_stream_receive(
    stream: parfocal_stream,
    frame: *mut c_void,
    count: u64,
    strides: *const i64,
    tag: *mut u64,
    timeout_ms: i32,
) -> parfocal_status {
    if !tag.is_null() {
        // SAFETY: the header's rule on out-pointers.
        unsafe { tag.write_unaligned(u64::MAX) };
    }
    call(|guard| {
        let stream = guard.stream(stream)?;
        // SAFETY: the header's rules on pixels and arrays.
        unsafe {
            with_sample!(stream.pixel_type(), T => receive(stream.of::<T>()?, frame, count, strides, tag, timeout_ms))
        }
    })
}

unsafe fn receive<T: Sample>(
    stream: &Stream<T>,
    frame: *mut c_void,
    count: u64,
    strides: *const i64,
    tag: *mut u64,
    timeout_ms: i32,
) -> Result<()> {
    let shape = stream.shape();
    let timeout = timeout(timeout_ms)?;
    check_count(shape, shape.samples() as u64, count, strides.is_null())?;
    // SAFETY: the header's rules on pixels and arrays.
    let target = unsafe { Target::<T>::new(raw(frame.cast(), count, strides), shape, "frame") }?;
    let (number, outcome) =
        receive_frame(stream, timeout, target.strip(), |x, channel, y, row| target.write_from(x, 0, channel, y, row))?;
    if !tag.is_null() {
        // SAFETY: the header's rule on out-pointers.
        unsafe { Out::new(tag, "tag") }?.set(number);
    }
    outcome
}

/// The expected absolute error of each pixel of the frame that was received last, in its units; NaN where the pixel was not finite. Of a
/// stream that was opened with error_map=on.
/// dst, dst_count, dst_strides: where it goes, as in parfocal_restore_f32; the shape is that of a frame.
/// Threads: any; a frame that another thread receives meanwhile changes the map. Statuses: INVALID_ARGUMENT, also without an error map;
/// INVALID_HANDLE. Since 0.1.
#[no_mangle]
pub unsafe extern "C" fn parfocal_stream_error_map(
    stream: parfocal_stream,
    dst: *mut f32,
    dst_count: u64,
    dst_strides: *const i64,
) -> parfocal_status {
    call(|guard| {
        let stream = guard.stream(stream)?;
        let shape = stream.shape();
        check_count(shape, shape.samples() as u64, dst_count, dst_strides.is_null())?;
        // SAFETY: the header's rules on pixels and arrays.
        let to = unsafe { Target::new(raw(dst, dst_count, dst_strides), shape, "dst") }?;
        stream.with_error_map(|errors| error_map::write(shape, errors, &to))
    })
}

/// Counters and latencies as JSON: mode, depth, pixel_type, width, height, channels, submitted, refused, dropped, restored, failed,
/// superseded, received, waiting, ready, queued (waiting or being restored), age_ms (since the frame received last was submitted; null
/// before), cpu_share (cores that all threads of the library keep busy, since the last description that is half a second old; null where
/// the system does not tell), latency_ms {median, p95, p99, max, frames}, last_error.
/// submitted = dropped + restored + failed + those waiting or being restored.
/// json, capacity: where the text goes, and its size in bytes; NULL and 0 to ask for the length only.
/// length: receives the bytes that the full text needs, its NUL included; NULL if not wanted. Counters grow: leave room for some digits.
/// Threads: any. Statuses: INVALID_HANDLE; INVALID_ARGUMENT if the text was cut to fit, or if json and length are both NULL. Since 0.1.
#[no_mangle]
pub unsafe extern "C" fn parfocal_stream_describe(
    stream: parfocal_stream,
    json: *mut c_char,
    capacity: u64,
    length: *mut u64,
) -> parfocal_status {
    call(|guard| {
        let text = guard.stream(stream)?.describe().to_string();
        // SAFETY: the header's rule on buffers.
        unsafe { write_text(&text, json, capacity, length) }
    })
}

/// Closes a stream: its handle is invalid at once, the frame that is being restored stops within its network node, a receiver that
/// waits gets CLOSED, and results that were not received are gone.
/// Threads: any. Statuses: INVALID_HANDLE, also when it is closed twice. Since 0.1.
#[no_mangle]
pub extern "C" fn parfocal_stream_close(stream: parfocal_stream) -> parfocal_status {
    call(|_| {
        if let Object::Stream(stream) = remove(stream, Kind::Stream)? {
            stream.close();
        }
        Ok(())
    })
}
