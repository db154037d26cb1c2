//! Focus scores.

use super::arguments::{raw, shape, Out};
use super::general::parfocal_status;
use crate::host::boundary::call;
use crate::host::memory::{RawPixels, Source};
use crate::image::focus;
use crate::image::frame::Sample;

/// Scores the sharpness of planes of 8-bit pixels. As parfocal_focus_score_u16. Since 0.1.
#[no_mangle]
pub unsafe extern "C" fn parfocal_focus_score_u8(
    src: *const u8,
    src_count: u64,
    src_strides: *const i64,
    shape: *const i64,
    scores: *mut f64,
) -> parfocal_status {
    // SAFETY: the header's rules.
    unsafe { score(raw(src, src_count, src_strides), shape, scores) }
}

/// Scores the sharpness of planes of 16-bit pixels: to find the sharpest of a stack, or to follow the focus. Larger is sharper, 0 is
/// a constant plane; no unit, and neither gain nor offset of the camera changes it (energy of Gaussian derivatives, Geusebroek et al.,
/// Cytometry 39 (2000) 1-9, over the variance). It compares planes of one field at one magnification. It needs no model.
/// src, src_count, src_strides, shape: as parfocal_restore_u16.
/// scores: receives one number for each plane, so it has room for shape[3] of them. After a failure they are as they were.
/// Threads: any. Statuses: INVALID_ARGUMENT, OUT_OF_MEMORY. Since 0.1.
#[no_mangle]
pub unsafe extern "C" fn parfocal_focus_score_u16(
    src: *const u16,
    src_count: u64,
    src_strides: *const i64,
    shape: *const i64,
    scores: *mut f64,
) -> parfocal_status {
    // SAFETY: the header's rules.
    unsafe { score(raw(src, src_count, src_strides), shape, scores) }
}

/// Scores the sharpness of planes of 32-bit float pixels; infinite and NaN pixels are left out. As parfocal_focus_score_u16. Since 0.1.
#[no_mangle]
pub unsafe extern "C" fn parfocal_focus_score_f32(
    src: *const f32,
    src_count: u64,
    src_strides: *const i64,
    shape: *const i64,
    scores: *mut f64,
) -> parfocal_status {
    // SAFETY: the header's rules.
    unsafe { score(raw(src, src_count, src_strides), shape, scores) }
}

unsafe fn score<T: Sample>(source: RawPixels<*const T>, size: *const i64, scores: *mut f64) -> parfocal_status {
    call(|_| {
        // SAFETY: the header's rules on arrays and pixels.
        let (shape, source) = unsafe {
            let shape = shape(size)?;
            (shape, Source::new(source, shape, "src")?)
        };
        // SAFETY: the header's rule on out-pointers; `scores` has room for all planes.
        unsafe { Out::new(scores, "scores") }?;
        let found = focus::score(&source, &crate::task::Task::new())?;
        debug_assert_eq!(found.len(), shape.planes);
        for (plane, score) in found.into_iter().enumerate() {
            // SAFETY: as above; it need not be aligned.
            unsafe { scores.add(plane).write_unaligned(score) };
        }
        Ok(())
    })
}
