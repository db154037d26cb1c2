//! TIFF's transforms of samples: byte order, inversion, predictors. They depend on a sample's size only: floats are
//! treated as the integers that have the same bits.

use bytemuck::Pod;

use crate::image::frame::Sample;

/// Runs `$body` with `$values`: the samples of type `T` as unsigned integers of the same size.
macro_rules! as_integers {
    ($samples:expr, |$values:ident| $body:expr) => {
        match T::PIXEL_TYPE.bytes() {
            1 => as_integers!($samples, $values: u8, $body),
            2 => as_integers!($samples, $values: u16, $body),
            _ => as_integers!($samples, $values: u32, $body),
        }
    };
    ($samples:expr, $values:ident: $integer:ty, $body:expr) => {{
        let $values: &mut [$integer] = bytemuck::cast_slice_mut($samples);
        $body
    }};
}

/// Inverts brightness, for files where 0 is white. Integers only.
pub(super) fn invert<T: Sample + Pod>(pixels: &mut [T]) {
    bytemuck::cast_slice_mut::<T, u8>(pixels).iter_mut().for_each(|byte| *byte = !*byte);
}

/// Swaps between the byte order of a file and this machine's.
pub(super) fn swap_bytes<T: Sample + Pod>(pixels: &mut [T]) {
    as_integers!(pixels, |values| values.iter_mut().for_each(|v| *v = v.swap_bytes()));
}

/// Predictor 2: each sample minus the one of the same channel to its left, wrapping (TIFF 6.0, section 14).
pub(super) fn differences<T: Sample + Pod>(row: &mut [T], samples: usize) {
    as_integers!(row, |values| {
        (samples..values.len()).rev().for_each(|i| values[i] = values[i].wrapping_sub(values[i - samples]))
    });
}

/// The inverse of `differences`; like libtiff, it treats floats as integers.
pub(super) fn undo_differences<T: Sample + Pod>(row: &mut [T], samples: usize) {
    as_integers!(row, |values| {
        (samples..values.len()).for_each(|i| values[i] = values[i].wrapping_add(values[i - samples]))
    });
}

/// Undoes predictor 3 on 32-bit floats (TIFF Technical Note 3), which stores the most significant bytes of a row, then
/// the next ones, and so on, all as differences. `planes` is scratch.
pub(super) fn undo_floats<T: Sample + Pod>(row: &mut [T], samples: usize, planes: &mut Vec<u8>) {
    planes.clear();
    planes.extend_from_slice(bytemuck::cast_slice(row));
    undo_differences::<u8>(planes, samples);
    let count = row.len();
    let bits: &mut [u32] = bytemuck::cast_slice_mut(row);
    for (i, value) in bits.iter_mut().enumerate() {
        *value = u32::from_be_bytes([planes[i], planes[count + i], planes[2 * count + i], planes[3 * count + i]]);
    }
}
