//! TIFF's transforms of rows of samples: byte order and predictors. They depend on a sample's size only: floats are
//! treated as the integers that have the same bits.

/// Runs `$body` with `$values`: the bytes as unsigned integers of `$bits` bits. They lie anywhere in memory, so they
/// are read and written as bytes.
macro_rules! as_integers {
    ($bits:expr, $bytes:expr, $each:ident ( $($argument:expr),* )) => {
        match $bits {
            8 => $each::<1, u8>($bytes, u8::from_ne_bytes, u8::to_ne_bytes, $($argument),*),
            16 => $each::<2, u16>($bytes, u16::from_ne_bytes, u16::to_ne_bytes, $($argument),*),
            32 => $each::<4, u32>($bytes, u32::from_ne_bytes, u32::to_ne_bytes, $($argument),*),
            64 => $each::<8, u64>($bytes, u64::from_ne_bytes, u64::to_ne_bytes, $($argument),*),
            _ => {}
        }
    };
}

/// Integers whose sums and differences wrap.
pub(super) trait Wrapping: Copy {
    fn plus(self, other: Self) -> Self;
    fn minus(self, other: Self) -> Self;
}

macro_rules! wrapping {
    ($($integer:ty),*) => {$(
        impl Wrapping for $integer {
            fn plus(self, other: Self) -> Self {
                self.wrapping_add(other)
            }

            fn minus(self, other: Self) -> Self {
                self.wrapping_sub(other)
            }
        }
    )*};
}
wrapping!(u8, u16, u32, u64);

/// Swaps between the byte order of a file and this machine's. Samples of a packed row have no byte order.
pub(super) fn swap_bytes(bytes: &mut [u8], bits: usize) {
    if bits.is_multiple_of(8) && bits > 8 {
        bytes.chunks_exact_mut(bits / 8).for_each(<[u8]>::reverse);
    }
}

/// Predictor 2: each sample minus the one of the same channel to its left, wrapping (TIFF 6.0, section 14).
pub(super) fn differences(row: &mut [u8], bits: usize, samples: usize) {
    fn each<const N: usize, V: Wrapping>(row: &mut [u8], from: fn([u8; N]) -> V, to: fn(V) -> [u8; N], samples: usize) {
        let values = row.as_chunks_mut::<N>().0;
        for i in (samples..values.len()).rev() {
            values[i] = to(from(values[i]).minus(from(values[i - samples])));
        }
    }
    as_integers!(bits, row, each(samples));
}

/// The inverse of `differences`; like libtiff, it treats floats as integers.
pub(super) fn undo_differences(row: &mut [u8], bits: usize, samples: usize) {
    fn each<const N: usize, V: Wrapping>(row: &mut [u8], from: fn([u8; N]) -> V, to: fn(V) -> [u8; N], samples: usize) {
        let values = row.as_chunks_mut::<N>().0;
        for i in samples..values.len() {
            values[i] = to(from(values[i]).plus(from(values[i - samples])));
        }
    }
    as_integers!(bits, row, each(samples));
}

/// Undoes predictor 3 on floats of `size` bytes (TIFF Technical Note 3), which stores the most significant bytes of a
/// row, then the next ones, and so on, all as differences. `planes` is scratch.
pub(super) fn undo_floats(row: &mut [u8], size: usize, samples: usize, planes: &mut Vec<u8>) {
    planes.clear();
    planes.extend_from_slice(row);
    undo_differences(planes, 8, samples);
    let count = row.len() / size;
    for (i, value) in row.chunks_exact_mut(size).enumerate() {
        for (byte, out) in value.iter_mut().enumerate() {
            let significance = if cfg!(target_endian = "little") { size - 1 - byte } else { byte };
            *out = planes[significance * count + i];
        }
    }
}
