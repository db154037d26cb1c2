//! Versions, names of statuses, the last error, the doctor.

use std::ffi::{c_char, CStr};

use super::arguments::write_text;
use crate::error::Status;
use crate::host::boundary::{call, last_error, shutdown, told};
use crate::host::checks::timeout;
use crate::host::ABI_VERSION;
use crate::restore::doctor;

/// Outcome of a call: one of PARFOCAL_STATUS_*, 0 is PARFOCAL_STATUS_OK.
pub type parfocal_status = i32;
/// An opened model.
pub type parfocal_model = u64;
/// A stream of frames over a model.
pub type parfocal_stream = u64;
/// Progress and cancel of one run; 0 where none is wanted.
pub type parfocal_task = u64;

/// The number of this binary interface. It counts up only when something that existed is removed or changes its meaning;
/// it is also the number in the library's SONAME. Compare it with the one that your program was built for.
/// Threads: any. Since 0.1.
#[no_mangle]
pub extern "C" fn parfocal_abi_version() -> i32 {
    ABI_VERSION
}

/// The version of the library, "0.1.0" say: a constant that must not be freed.
/// Threads: any. Since 0.1.
#[no_mangle]
pub extern "C" fn parfocal_version() -> *const c_char {
    const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "\0");
    VERSION.as_ptr().cast()
}

/// The name of a status without its prefix, "BAD_OPTION" say, "UNKNOWN" for a number that is none: a constant that must not be
/// freed.
/// Threads: any. Since 0.1.
#[no_mangle]
pub extern "C" fn parfocal_status_name(status: parfocal_status) -> *const c_char {
    status_name(status).as_ptr()
}

fn status_name(status: i32) -> &'static CStr {
    const NAMES: [(Status, &CStr); 18] = [
        (Status::Ok, c"OK"),
        (Status::InvalidArgument, c"INVALID_ARGUMENT"),
        (Status::InvalidHandle, c"INVALID_HANDLE"),
        (Status::BadOption, c"BAD_OPTION"),
        (Status::Unsupported, c"UNSUPPORTED"),
        (Status::NotFound, c"NOT_FOUND"),
        (Status::Io, c"IO"),
        (Status::Format, c"FORMAT"),
        (Status::Model, c"MODEL"),
        (Status::Runtime, c"RUNTIME"),
        (Status::Device, c"DEVICE"),
        (Status::OutOfMemory, c"OUT_OF_MEMORY"),
        (Status::Cancelled, c"CANCELLED"),
        (Status::WouldBlock, c"WOULD_BLOCK"),
        (Status::Timeout, c"TIMEOUT"),
        (Status::Closed, c"CLOSED"),
        (Status::Exists, c"EXISTS"),
        (Status::Internal, c"INTERNAL"),
    ];
    NAMES.iter().find(|(s, _)| *s as i32 == status).map_or(c"UNKNOWN", |(_, name)| name)
}

/// The message of the last call on the calling thread that failed: what, which value, what was expected, what to do. Calls that
/// succeed leave it, and so does this one. "" before the first failure.
/// buffer, capacity: where the text goes, and its size in bytes; NULL and 0 to ask for the length only.
/// length: receives the bytes that the full text needs, its NUL included; NULL if not wanted.
/// Threads: any; each has its own message. It may be called after fork.
/// Statuses: INVALID_ARGUMENT if the text was cut to fit, or if buffer and length are both NULL. Since 0.1.
#[no_mangle]
pub unsafe extern "C" fn parfocal_last_error(buffer: *mut c_char, capacity: u64, length: *mut u64) -> parfocal_status {
    // Not through `call`, which would replace the message with its own error.
    // SAFETY: the header's rule on buffers.
    let written = unsafe { write_text(&last_error(), buffer, capacity, length) };
    written.map_or_else(|e| e.status() as i32, |()| Status::Ok as i32)
}

/// What runs here, or what is missing, as JSON: "ok", versions, ONNX Runtime's path, the built-in model as parfocal_model_describe
/// tells it, its last log lines, and "problems": sentences. It opens the built-in model and closes it again, which takes time at every
/// call (a buffer of 65536 bytes needs one call only), and loads ONNX Runtime for the process, as opening a model does: what needs
/// runtime=PATH opens its model first. A machine on which
/// nothing runs is no error of this call.
/// json, capacity: where the text goes, and its size in bytes; NULL and 0 to ask for the length only.
/// length: receives the bytes that the full text needs, its NUL included; NULL if not wanted.
/// Threads: any. Statuses: INVALID_ARGUMENT if the text was cut to fit, or if json and length are both NULL. Since 0.1.
#[no_mangle]
pub unsafe extern "C" fn parfocal_doctor(json: *mut c_char, capacity: u64, length: *mut u64) -> parfocal_status {
    call(|_| {
        let report = doctor::built_in().to_string();
        // SAFETY: the header's rule on buffers.
        unsafe { write_text(&report, json, capacity, length) }
    })
}

/// Ends Parfocal in this process, for a host that unloads it or that wants its threads gone: running calls are cancelled and waited for,
/// streams and models are closed, and the library has no thread any more. Every later call but this one, parfocal_last_error and the
/// constants answers CLOSED. At the end of a process the same happens by itself, as long as it takes but 2 seconds at most.
/// timeout_ms: how long to wait for running calls, -1 without end.
/// Threads: any that is not inside another call. Statuses: TIMEOUT: calls still run, and nothing may be unloaded yet; INVALID_ARGUMENT.
/// Since 0.1.
#[no_mangle]
pub extern "C" fn parfocal_shutdown(timeout_ms: i32) -> parfocal_status {
    told(timeout(timeout_ms).and_then(shutdown))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_its_name() {
        for number in 0..18 {
            assert_ne!(status_name(number), c"UNKNOWN", "{number}");
        }
        assert_eq!((status_name(17), status_name(18), status_name(-1)), (c"INTERNAL", c"UNKNOWN", c"UNKNOWN"));
    }
}
