//! Tasks: progress and cancel of one run.

use super::arguments::Out;
use super::boundary::call;
use super::general::{parfocal_status, parfocal_task};
use super::objects::{add_task, remove};
use crate::control::Task;
use crate::handles::Kind;

/// Makes the task for one run: give it to a parfocal_restore_* call, and watch or cancel that from other threads.
/// out: receives the handle, 0 on failure. Close it with parfocal_task_close.
/// Threads: any. Statuses: INVALID_ARGUMENT, OUT_OF_MEMORY. Since 0.1.
#[no_mangle]
pub unsafe extern "C" fn parfocal_task_create(out: *mut parfocal_task) -> parfocal_status {
    call(|_| {
        // SAFETY: the header's rule on out-pointers.
        let out = unsafe { Out::new(out, "out") }?;
        out.set(0);
        out.set(add_task(Task::new())?);
        Ok(())
    })
}

/// How far its run is: tiles done of all tiles of the whole run. Both are 0 before it starts; a total grows only while a run starts.
/// done, total: receive the two numbers.
/// Threads: any. Statuses: INVALID_HANDLE, INVALID_ARGUMENT. Since 0.1.
#[no_mangle]
pub unsafe extern "C" fn parfocal_task_progress(
    task: parfocal_task,
    done: *mut u64,
    total: *mut u64,
) -> parfocal_status {
    call(|touched| {
        let task = touched.task(task)?;
        // SAFETY: the header's rule on out-pointers.
        let (to_done, to_total) = unsafe { (Out::new(done, "done")?, Out::new(total, "total")?) };
        let (done, total) = task.progress();
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
    call(|touched| {
        let task = touched.task(task)?;
        // SAFETY: the header's rule on out-pointers.
        unsafe { Out::new(planes, "planes") }?.set(task.planes_done());
        Ok(())
    })
}

/// Stops its run within the network node that is running; that call returns CANCELLED. Before the run starts it forbids it; after
/// its end it does nothing.
/// Threads: any. Statuses: INVALID_HANDLE. Since 0.1.
#[no_mangle]
pub extern "C" fn parfocal_task_cancel(task: parfocal_task) -> parfocal_status {
    call(|touched| {
        touched.task(task)?.cancel();
        Ok(())
    })
}

/// Closes a task: its handle is invalid at once. Its run goes on, and can no longer be cancelled.
/// Threads: any. Statuses: INVALID_HANDLE, also when it is closed twice. Since 0.1.
#[no_mangle]
pub extern "C" fn parfocal_task_close(task: parfocal_task) -> parfocal_status {
    call(|_| remove(task, Kind::Task).map(drop))
}
