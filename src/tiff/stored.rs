//! How samples are stored in a file, and their conversion to the pixel types in memory and back.
//!
//! In memory there are three types: 8 and 16-bit unsigned integers and 32-bit floats. Signed integers of these sizes
//! become unsigned ones in the same order (the sign bit is flipped); fewer bits get the next larger type; everything
//! else goes through floats.

use bytemuck::Pod;
use half::f16;

use crate::error::{Error, Result, Status};
use crate::image::frame::{PixelType, Sample};

/// Kind of a number, as SampleFormat names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// 1; also 4 (undefined), as libtiff reads it.
    Unsigned,
    /// 2, two's complement.
    Signed,
    /// 3, IEEE.
    Float,
}

/// How a sample is stored. Made only by `new`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stored {
    kind: Kind,
    bits: u8,
}

impl From<PixelType> for Stored {
    fn from(pixel_type: PixelType) -> Self {
        let kind = if pixel_type.is_float() { Kind::Float } else { Kind::Unsigned };
        Self { kind, bits: pixel_type.bytes() as u8 * 8 }
    }
}

impl Stored {
    /// From SampleFormat and BitsPerSample. Errors: `Unsupported`.
    pub(crate) fn new(format: u64, bits: u64) -> Result<Self> {
        let kind = match (format, bits) {
            (1 | 4, 2..=16 | 24 | 32) => Kind::Unsigned,
            (2, 8 | 16 | 32) => Kind::Signed,
            (3, 16 | 32 | 64) => Kind::Float,
            _ => return Err(refused(format, bits)),
        };
        Ok(Self { kind, bits: bits as u8 })
    }

    /// Kind of number.
    pub fn kind(self) -> Kind {
        self.kind
    }

    /// Bits of a sample.
    pub fn bits(self) -> usize {
        self.bits.into()
    }

    /// The pixel type in memory.
    pub fn memory(self) -> PixelType {
        match (self.kind, self.bits) {
            (Kind::Float, _) | (_, 17..) => PixelType::F32,
            (_, ..=8) => PixelType::U8,
            _ => PixelType::U16,
        }
    }

    /// Whether a sample has as many bytes as in memory; then only its sign bit may differ.
    pub(super) fn is_plain(self) -> bool {
        matches!((self.kind, self.bits), (Kind::Unsigned | Kind::Signed, 8 | 16) | (Kind::Float, 32))
    }

    /// Whether samples do not begin at whole bytes; then each row does.
    pub(super) fn is_packed(self) -> bool {
        !self.bits.is_multiple_of(8)
    }

    /// Bytes of a row of `samples` samples.
    pub fn row_bytes(self, samples: usize) -> usize {
        (samples * self.bits()).div_ceil(8)
    }

    /// What a value in memory is larger by than in the file: signed integers of at most 16 bits are moved above 0.
    pub fn offset(self) -> f64 {
        if self.bits <= 16 {
            self.sign().into()
        } else {
            0.0
        }
    }

    /// What flips between the order of the stored integers and that of the unsigned ones in memory.
    fn sign(self) -> u16 {
        if self.kind == Kind::Signed && self.bits <= 16 {
            1 << (self.bits - 1)
        } else {
            0
        }
    }

    /// The largest value in memory, for at most 16 bits.
    fn largest(self) -> u16 {
        u16::MAX >> (16 - self.bits)
    }
}

impl std::fmt::Display for Stored {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.kind, self.bits) {
            (Kind::Unsigned, ..=16) => write!(f, "{}-bit", self.bits),
            (Kind::Unsigned, _) => write!(f, "{}-bit integer", self.bits),
            (Kind::Signed, _) => write!(f, "signed {}-bit", self.bits),
            (Kind::Float, _) => write!(f, "{}-bit float", self.bits),
        }
    }
}

fn refused(format: u64, bits: u64) -> Error {
    const EXPECTED: &str = "expected integers of 2 to 16, 24 or 32 bits, or floats of 16, 32 or 64 bits";
    let (found, advice) = match (format, bits) {
        (1 | 4, 1) => ("1-bit samples (a mask)".into(), "a mask cannot be restored: use the image it was made from"),
        (1 | 2 | 4, 33..) => (format!("{bits}-bit integers"), "convert it to 32-bit float"),
        (1 | 4, _) => (format!("{bits}-bit integers"), "convert it to 8 or 16-bit"),
        (2, _) => (format!("signed {bits}-bit integers"), "convert it to signed 16-bit"),
        (3, _) => (format!("{bits}-bit floats"), "convert it to 32-bit float"),
        (5 | 6, _) => ("complex samples".into(), "save the magnitude as 32-bit float"),
        _ => (format!("samples of unknown kind (SampleFormat {format}, {bits} bits)"), "convert it"),
    };
    Error::new(Status::Unsupported, format!("{found}; {EXPECTED}: {advice}"))
}

/// Changes integers between their stored order and memory: the sign bit, and brightness where 0 is white. Its own
/// inverse. Values above the largest of few bits are cut to it first. Nothing for floats.
pub(super) fn flip<T: Sample + Pod>(values: &mut [T], stored: Stored, white_is_zero: bool) {
    let largest = if stored.bits <= 16 { stored.largest() } else { 0 };
    let mask = stored.sign() ^ if white_is_zero { largest } else { 0 };
    let cut = !stored.is_plain();
    match T::PIXEL_TYPE {
        PixelType::U8 if mask != 0 || cut => {
            let (largest, mask) = (largest as u8, mask as u8);
            bytemuck::cast_slice_mut::<T, u8>(values).iter_mut().for_each(|v| *v = (*v).min(largest) ^ mask);
        }
        PixelType::U16 if mask != 0 || cut => {
            bytemuck::cast_slice_mut::<T, u16>(values).iter_mut().for_each(|v| *v = (*v).min(largest) ^ mask);
        }
        _ => {}
    }
}

/// Converts a row of samples that are not plain, in this machine's byte order, to the type in memory. Returns how many
/// have more digits than a 32-bit float.
pub(super) fn decode<T: Sample + Pod>(stored: Stored, row: &[u8], values: &mut [T]) -> u64 {
    match T::PIXEL_TYPE {
        PixelType::U8 => unpack(stored.bits(), row, bytemuck::cast_slice_mut::<T, u8>(values), |v| v as u8),
        PixelType::U16 => unpack(stored.bits(), row, bytemuck::cast_slice_mut::<T, u16>(values), |v| v as u16),
        PixelType::F32 => return decode_floats(stored, row, bytemuck::cast_slice_mut(values)),
    }
    0
}

/// Samples of fewer than 16 bits, the most significant bit first (TIFF 6.0, FillOrder 1).
fn unpack<V>(bits: usize, row: &[u8], values: &mut [V], value: impl Fn(u32) -> V) {
    let (mut buffer, mut held) = (0u32, 0);
    let mut bytes = row.iter();
    for out in values {
        while held < bits {
            buffer = buffer << 8 | u32::from(bytes.next().copied().unwrap_or(0));
            held += 8;
        }
        held -= bits;
        *out = value(buffer >> held & ((1 << bits) - 1));
    }
}

fn decode_floats(stored: Stored, row: &[u8], values: &mut [f32]) -> u64 {
    let mut rounded = 0;
    let mut put = |out: &mut f32, exact: f64| {
        *out = exact as f32;
        rounded += u64::from(f64::from(*out) != exact && !exact.is_nan());
    };
    match (stored.kind, stored.bits) {
        (Kind::Float, 16) => each(row, values, |b: [u8; 2], out| *out = f16::from_ne_bytes(b).to_f32()),
        (Kind::Float, _) => each(row, values, |b: [u8; 8], out| put(out, f64::from_ne_bytes(b))),
        (Kind::Signed, _) => each(row, values, |b: [u8; 4], out| put(out, i32::from_ne_bytes(b).into())),
        (Kind::Unsigned, 24) => each(row, values, |b: [u8; 3], out| {
            let [x, y, z] = b.map(u32::from);
            *out = if cfg!(target_endian = "little") { z << 16 | y << 8 | x } else { x << 16 | y << 8 | z } as f32;
        }),
        (Kind::Unsigned, _) => each(row, values, |b: [u8; 4], out| put(out, u32::from_ne_bytes(b).into())),
    }
    rounded
}

fn each<const N: usize>(row: &[u8], values: &mut [f32], mut convert: impl FnMut([u8; N], &mut f32)) {
    for (bytes, out) in row.as_chunks::<N>().0.iter().zip(values) {
        convert(*bytes, out);
    }
}

/// The inverse of `decode`: appends a row to `row`. Integers round half to even; what is out of range becomes the
/// nearest value that is not.
pub(super) fn encode<T: Sample + Pod>(stored: Stored, values: &[T], row: &mut Vec<u8>) {
    match T::PIXEL_TYPE {
        PixelType::U8 => pack(stored.bits(), bytemuck::cast_slice::<T, u8>(values).iter().map(|&v| v.into()), row),
        PixelType::U16 => pack(stored.bits(), bytemuck::cast_slice::<T, u16>(values).iter().map(|&v| v.into()), row),
        PixelType::F32 => encode_floats(stored, bytemuck::cast_slice(values), row),
    }
}

fn pack(bits: usize, values: impl Iterator<Item = u32>, row: &mut Vec<u8>) {
    let (mut buffer, mut held) = (0u32, 0);
    for value in values {
        buffer = buffer << bits | value;
        held += bits;
        while held >= 8 {
            held -= 8;
            row.push((buffer >> held) as u8);
        }
    }
    if held > 0 {
        row.push((buffer << (8 - held)) as u8);
    }
}

fn encode_floats(stored: Stored, values: &[f32], row: &mut Vec<u8>) {
    let whole = |v: f32| f64::from(v).round_ties_even();
    for &value in values {
        match (stored.kind, stored.bits) {
            (Kind::Float, 16) if value.is_finite() => {
                let value = value.clamp(f16::MIN.to_f32(), f16::MAX.to_f32());
                row.extend(f16::from_f32(value).to_ne_bytes());
            }
            (Kind::Float, 16) => row.extend(f16::from_f32(value).to_ne_bytes()),
            (Kind::Float, _) => row.extend(f64::from(value).to_ne_bytes()),
            // `as` saturates and makes NaN 0.
            (Kind::Signed, _) => row.extend((whole(value) as i32).to_ne_bytes()),
            (Kind::Unsigned, 24) => {
                let bytes = (whole(value) as u32).min((1 << 24) - 1).to_le_bytes();
                let [x, y, z, _] = bytes;
                row.extend(if cfg!(target_endian = "little") { [x, y, z] } else { [z, y, x] });
            }
            (Kind::Unsigned, _) => row.extend((whole(value) as u32).to_ne_bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pixel_type_is_stored_as_itself() {
        for &known in PixelType::ALL {
            let stored = Stored::from(known);
            assert_eq!((stored.memory(), stored.is_plain(), stored.to_string()), (known, true, known.to_string()));
        }
    }

    #[test]
    fn few_bits_come_back() {
        for bits in (2..=7).chain(9..=15) {
            let stored = Stored::new(1, bits).unwrap();
            let values: Vec<u16> = (0..37u32).map(|i| (i.wrapping_mul(2_654_435_761) >> (32 - bits)) as u16).collect();
            let mut row = Vec::new();
            if bits < 8 {
                let mut small: Vec<u8> = values.iter().map(|&v| v as u8).collect();
                encode(stored, &small, &mut row);
                let before = std::mem::take(&mut small);
                small.resize(37, 0);
                decode(stored, &row, &mut small);
                assert_eq!(small, before, "{bits}");
            } else {
                encode(stored, &values, &mut row);
                let mut found = vec![0u16; 37];
                decode(stored, &row, &mut found);
                assert_eq!(found, values, "{bits}");
            }
            assert_eq!(row.len(), stored.row_bytes(37));
        }
    }

    #[test]
    fn large_integers_and_doubles_saturate_and_are_counted() {
        let stored = Stored::new(2, 32).unwrap();
        let mut row = Vec::new();
        encode(stored, &[1.5f32, 2.5, -3e9, 3e9, f32::NAN], &mut row);
        let found: Vec<i32> = bytemuck::pod_collect_to_vec(&row);
        assert_eq!(found, [2, 2, i32::MIN, i32::MAX, 0]);
        let mut values = [0f32; 3];
        let doubles = [0.5f64, 0.1, f64::NAN].map(f64::to_ne_bytes).concat();
        assert_eq!(decode(Stored::new(3, 64).unwrap(), &doubles, &mut values), 1, "only 0.1 is rounded");
        let mut row = Vec::new();
        encode(Stored::new(3, 16).unwrap(), &[1e9f32, f32::INFINITY], &mut row);
        let halves: Vec<u16> = bytemuck::pod_collect_to_vec(&row);
        assert_eq!(halves.map_bits(), [65504.0, f32::INFINITY]);
    }

    trait MapBits {
        fn map_bits(&self) -> Vec<f32>;
    }

    impl MapBits for Vec<u16> {
        fn map_bits(&self) -> Vec<f32> {
            self.iter().map(|&b| f16::from_bits(b).to_f32()).collect()
        }
    }

    #[test]
    fn signs_and_white_flip_and_flip_back() {
        let stored = Stored::new(2, 16).unwrap();
        let mut values = [-32768i16, -1, 0, 32767].map(|v| v as u16);
        let before = values;
        flip(&mut values, stored, false);
        assert_eq!(values, [0, 32767, 32768, 65535]);
        flip(&mut values, stored, false);
        assert_eq!(values, before);
        let mut values = [0u16, 4095, 5000];
        flip(&mut values, Stored::new(1, 12).unwrap(), true);
        assert_eq!(values, [4095, 0, 0]);
    }
}
