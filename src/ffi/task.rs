//! Tasks: progress and cancel of one run.

use std::ffi::c_char;

use super::arguments::{raw, write_text, Out};
use super::general::{parfocal_status, parfocal_task};
use crate::host::boundary::call;
use crate::host::error_map;
use crate::host::handles::Kind;
use crate::host::memory::Target;
use crate::host::objects::{add_task, remove};

/// Makes the task for one run: give it to a parfocal_restore_* call, and watch or cancel that from other threads.
/// out: receives the handle, 0 on failure. Close it with parfocal_task_close.
/// Threads: any. Statuses: INVALID_ARGUMENT, OUT_OF_MEMORY. Since 0.1.
#[no_mangle]
pub unsafe extern "C" fn parfocal_task_create(out: *mut parfocal_task) -> parfocal_status {
    call(|_| {
        // SAFETY: the header's rule on out-pointers.
        let out = unsafe { Out::new(out, "out") }?;
        out.set(0);
        out.set(add_task()?);
        Ok(())
    })
}

/// How far its run is: tiles done of all tiles of the whole run. Both are 0 before it starts. The total may grow, when memory runs short and
/// tiles get smaller.
/// done, total: receive the two numbers.
/// Threads: any. Statuses: INVALID_HANDLE, INVALID_ARGUMENT. Since 0.1.
#[no_mangle]
pub unsafe extern "C" fn parfocal_task_progress(
    task: parfocal_task,
    done: *mut u64,
    total: *mut u64,
) -> parfocal_status {
    call(|guard| {
        let task = guard.task(task)?;
        // SAFETY: the header's rule on out-pointers.
        let (to_done, to_total) = unsafe { (Out::new(done, "done")?, Out::new(total, "total")?) };
        let (done, total) = task.task.progress();
        to_done.set(done);
        to_total.set(total);
        Ok(())
    })
}

/// How many planes of its run are written completely; they are the first of the stack. The others are as they were.
/// planes: receives the number.
/// Threads: any. Statuses: INVALID_HANDLE, INVALID_ARGUMENT. Since 0.1.
#[no_mangle]
pub unsafe extern "C" fn parfocal_task_planes_done(task: parfocal_task, planes: *mut u64) -> parfocal_status {
    call(|guard| {
        let task = guard.task(task)?;
        // SAFETY: the header's rule on out-pointers.
        unsafe { Out::new(planes, "planes") }?.set(task.task.planes_done());
        Ok(())
    })
}

/// Stops its run within the network node that is running; that call returns CANCELLED. Before the run starts it forbids it; after
/// its end it does nothing.
/// Threads: any. Statuses: INVALID_HANDLE. Since 0.1.
#[no_mangle]
pub extern "C" fn parfocal_task_cancel(task: parfocal_task) -> parfocal_status {
    call(|guard| {
        guard.task(task)?.task.cancel();
        Ok(())
    })
}

/// What its run did, as JSON: done, total, planes_done, cancelled, and once the run has succeeded "report" with nonfinite (samples that
/// came back as they were), constant_planes, ranges (the input values that the network saw as 0 and 1, for each plane), tile (null: whole
/// frames), halo, network_ms, blur_px (radius of the blur disc in pixels and its standard deviation, for each plane; null where the model
/// estimates none), defocus_um (distance from focus in micrometres and its standard deviation, where the optics were told), error_map (whether there is
/// one; of a file its path), warnings;
/// null before, and after a failure.
/// json, capacity: where the text goes, and its size in bytes; NULL and 0 to ask for the length only.
/// length: receives the bytes that the full text needs, its NUL included; NULL if not wanted.
/// Threads: any. Statuses: INVALID_HANDLE; INVALID_ARGUMENT if the text was cut to fit, or if json and length are both NULL. Since 0.1.
#[no_mangle]
pub unsafe extern "C" fn parfocal_task_describe(
    task: parfocal_task,
    json: *mut c_char,
    capacity: u64,
    length: *mut u64,
) -> parfocal_status {
    call(|guard| {
        let text = guard.task(task)?.describe().to_string();
        // SAFETY: the header's rule on buffers.
        unsafe { write_text(&text, json, capacity, length) }
    })
}

/// The expected absolute error of each pixel that its run restored, in the image's units: 0 where a plane came back as it was, NaN where
/// the pixel was not finite. Of a run of parfocal_restore_u8, _u16 or _f32 that had the option error_map=on and has succeeded.
/// dst, dst_count, dst_strides: where it goes, as in parfocal_restore_f32; the shape is that of the run.
/// Threads: any. Statuses: INVALID_ARGUMENT, also without an error map; INVALID_HANDLE. Since 0.1.
#[no_mangle]
pub unsafe extern "C" fn parfocal_task_error_map(
    task: parfocal_task,
    dst: *mut f32,
    dst_count: u64,
    dst_strides: *const i64,
) -> parfocal_status {
    call(|guard| {
        guard.task(task)?.with_errors(|errors| {
            // SAFETY: the header's rules on pixels and arrays.
            let to = unsafe { Target::new(raw(dst, dst_count, dst_strides), errors.shape, "dst") }?;
            error_map::write(errors.shape, &errors.values, &to);
            Ok(())
        })
    })
}

/// Closes a task: its handle is invalid at once. Its run goes on, and can no longer be cancelled.
/// Threads: any. Statuses: INVALID_HANDLE, also when it is closed twice. Since 0.1.
#[no_mangle]
pub extern "C" fn parfocal_task_close(task: parfocal_task) -> parfocal_status {
    call(|_| remove(task, Kind::Task).map(drop))
}
