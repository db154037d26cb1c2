//! Models: open, describe, close.

use std::ffi::c_char;

use super::arguments::{options, text, write_text, Out};
use super::general::{parfocal_model, parfocal_status};
use crate::error::{Result, Status};
use crate::host::boundary::call;
use crate::host::checks::{count, model_size};
use crate::host::handles::Kind;
use crate::host::memory::null;
use crate::host::objects::{add_model, remove};
use crate::image::frame::resize;
use crate::restore::model::Model;
use crate::restore::options::OpenOptions;

/// Opens a model: reads the file, loads ONNX Runtime if this is the first, and makes a small run to see that it works.
/// path: an ONNX file, UTF-8; or the name of a model inside the library, "accurate" (NULL or "" means it, too) or "fast"; or that of a
/// file NAME.onnx in the folder that the environment variable PARFOCAL_MODELS names. "./fast" is a file of that name.
/// options: those of opening (docs/options.md), UTF-8; NULL or "" for the defaults.
/// out: receives the handle, 0 on failure. Close it with parfocal_model_close.
/// Threads: any. A model may be used from any number of threads at once.
/// Statuses: INVALID_ARGUMENT, BAD_OPTION, UNSUPPORTED (a precision that the device does not have), NOT_FOUND, IO, MODEL, RUNTIME,
/// DEVICE, OUT_OF_MEMORY. Since 0.1.
#[no_mangle]
pub unsafe extern "C" fn parfocal_model_open(
    path: *const c_char,
    options: *const c_char,
    out: *mut parfocal_model,
) -> parfocal_status {
    // SAFETY: the header's rules on text and out-pointers.
    unsafe {
        open(options, out, |options| {
            let path = text(path, "path", Status::InvalidArgument)?;
            Model::open((!path.is_empty()).then(|| path.as_ref()), options)
        })
    }
}

/// Opens a model from the bytes of an ONNX file in memory, which are copied.
/// bytes, length: the file and its size in bytes.
/// options, out, threads, statuses: as parfocal_model_open. Since 0.1.
#[no_mangle]
pub unsafe extern "C" fn parfocal_model_open_memory(
    bytes: *const u8,
    length: u64,
    options: *const c_char,
    out: *mut parfocal_model,
) -> parfocal_status {
    // SAFETY: the header's rules on text, arrays and out-pointers.
    unsafe {
        open(options, out, |options| {
            if bytes.is_null() {
                return Err(null("bytes"));
            }
            let length = model_size(count(length, 1, "length")?, "length =")?;
            // A copy, since another thread may change the caller's memory.
            let mut copy: Vec<u8> = Vec::new();
            resize(&mut copy, length)?;
            std::ptr::copy_nonoverlapping(bytes, copy.as_mut_ptr(), length);
            Model::open_memory(&copy, options)
        })
    }
}

unsafe fn open(
    text: *const c_char,
    out: *mut parfocal_model,
    make: impl FnOnce(&OpenOptions) -> Result<Model>,
) -> parfocal_status {
    call(|_| {
        // SAFETY: the header's rules on out-pointers and text.
        let out = unsafe { Out::new(out, "out") }?;
        out.set(0);
        // SAFETY: as above.
        let options = OpenOptions::parse(unsafe { options(text) }?)?;
        out.set(add_model(make(&options)?)?);
        Ok(())
    })
}

/// What runs, and how, as JSON: model (its name inside the library, or null), name, version, sha256, license, device, device_requested,
/// device_reason (why auto chose it, or null), provider, adapter (what WebGPU runs on, or null), runtime_version, runtime_path,
/// precision, threads, spin, priority, memory_mib, tile, halo, multiple, percentiles, modalities, pixel_size_um, quality, estimates_blur
/// (whether it takes optics), estimates_error (whether it has error maps), warnings. The warnings grow with what happens in runs.
/// json, capacity: where the text goes, and its size in bytes; NULL and 0 to ask for the length only.
/// length: receives the bytes that the full text needs, its NUL included; NULL if not wanted.
/// Threads: any. Statuses: INVALID_HANDLE; INVALID_ARGUMENT if the text was cut to fit, or if json and length are both NULL. Since 0.1.
#[no_mangle]
pub unsafe extern "C" fn parfocal_model_describe(
    model: parfocal_model,
    json: *mut c_char,
    capacity: u64,
    length: *mut u64,
) -> parfocal_status {
    call(|guard| {
        let text = guard.model(model)?.describe().to_string();
        // SAFETY: the header's rule on buffers.
        unsafe { write_text(&text, json, capacity, length) }
    })
}

/// Closes a model: its handle is invalid at once. Runs and streams that use it finish on their own reference; its memory goes
/// when the last of them is done.
/// Threads: any. Statuses: INVALID_HANDLE, also when it is closed twice. Since 0.1.
#[no_mangle]
pub extern "C" fn parfocal_model_close(model: parfocal_model) -> parfocal_status {
    call(|_| remove(model, Kind::Model).map(drop))
}
