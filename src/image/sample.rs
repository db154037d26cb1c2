//! The pixel types (8 and 16-bit integers, 32-bit floats) and their conversion to the network's numbers and back.

/// Pixel types that go in and come out. Numbers are never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(C)]
pub enum PixelType {
    /// Unsigned, 8 bits.
    U8 = 1,
    /// Unsigned, 16 bits.
    U16 = 2,
    /// IEEE single precision.
    F32 = 3,
}

impl PixelType {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::U8, Self::U16, Self::F32];

    /// Whether samples may be fractions, infinite or NaN.
    pub fn is_float(self) -> bool {
        self == Self::F32
    }

    /// Bytes of one sample.
    pub fn bytes(self) -> usize {
        match self {
            Self::U8 => 1,
            Self::U16 => 2,
            Self::F32 => 4,
        }
    }
}

impl std::fmt::Display for PixelType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::U8 => "8-bit",
            Self::U16 => "16-bit",
            Self::F32 => "32-bit float",
        })
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for u8 {}
    impl Sealed for u16 {}
    impl Sealed for f32 {}
}

/// One sample of a frame: `u8`, `u16` or `f32`.
pub trait Sample: sealed::Sealed + Copy + Default + PartialOrd + Send + Sync + 'static {
    /// The pixel type.
    const PIXEL_TYPE: PixelType;
    /// The value for the network: `(x - offset) * scale`.
    fn normalised(self, offset: f64, scale: f64) -> f32;
    /// The inverse of `normalised`: `y * range + offset`. Integers round half to even and saturate; NaN becomes 0.
    fn denormalised(y: f32, range: f64, offset: f64) -> Self;
    /// Neither infinite nor NaN; always true for integers.
    fn finite(self) -> bool;
    /// The value, exactly.
    fn as_f64(self) -> f64;
    /// An integer of `KEY_BITS` bits that sorts like the value.
    fn key(self) -> u32;
    /// The inverse of `key`.
    fn from_key(key: u32) -> Self;
    /// Bits of a key: 8, 16 or 32.
    const KEY_BITS: u32;
}

/// Runs `$body` with `$T` as the Rust type of a `PixelType`. Only this macro, the enum above and the types below list
/// the pixel types.
macro_rules! with_sample {
    ($pixel_type:expr, $T:ident => $body:expr) => {
        match $pixel_type {
            $crate::image::sample::PixelType::U8 => {
                type $T = u8;
                $body
            }
            $crate::image::sample::PixelType::U16 => {
                type $T = u16;
                $body
            }
            $crate::image::sample::PixelType::F32 => {
                type $T = f32;
                $body
            }
        }
    };
}
pub(crate) use with_sample;

macro_rules! integer_sample {
    ($type:ty, $pixel_type:expr) => {
        impl Sample for $type {
            const PIXEL_TYPE: PixelType = $pixel_type;
            const KEY_BITS: u32 = <$type>::BITS;

            #[inline(always)]
            fn normalised(self, offset: f64, scale: f64) -> f32 {
                (self as f32 - offset as f32) * scale as f32
            }

            #[inline(always)]
            fn denormalised(y: f32, range: f64, offset: f64) -> Self {
                // Adding 2^23 to a number below 2^23 rounds it half to even, into the low mantissa bits. Unlike
                // `round_ties_even` this needs no instruction beyond the x86-64 baseline, and it vectorises.
                const ROUND: f32 = 8_388_608.0;
                // `max` turns NaN into 0.
                let x = (y * range as f32 + offset as f32).max(0.0).min(<$type>::MAX as f32);
                (x + ROUND).to_bits() as $type
            }

            fn finite(self) -> bool {
                true
            }

            fn as_f64(self) -> f64 {
                f64::from(self)
            }

            #[inline(always)]
            fn key(self) -> u32 {
                u32::from(self)
            }

            fn from_key(key: u32) -> Self {
                key as $type
            }
        }
    };
}

integer_sample!(u8, PixelType::U8);
integer_sample!(u16, PixelType::U16);

impl Sample for f32 {
    const PIXEL_TYPE: PixelType = PixelType::F32;
    const KEY_BITS: u32 = 32;

    // In double precision, so that values such as 1e6 with a range of 1 keep their digits.
    #[inline(always)]
    fn normalised(self, offset: f64, scale: f64) -> f32 {
        ((f64::from(self) - offset) * scale) as f32
    }

    #[inline(always)]
    fn denormalised(y: f32, range: f64, offset: f64) -> Self {
        (f64::from(y) * range + offset) as f32
    }

    fn finite(self) -> bool {
        self.is_finite()
    }

    fn as_f64(self) -> f64 {
        f64::from(self)
    }

    /// The usual radix-sort key: sign and magnitude become an integer that sorts like the float.
    #[inline(always)]
    fn key(self) -> u32 {
        let bits = self.to_bits();
        bits ^ (((bits as i32 >> 31) as u32) | 0x8000_0000)
    }

    fn from_key(key: u32) -> Self {
        f32::from_bits(if key & 0x8000_0000 != 0 { key ^ 0x8000_0000 } else { !key })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_round_half_to_even_and_saturate() {
        let inverse = |y: f32| u8::denormalised(y, 1.0, 0.0);
        assert_eq!([0.5, 1.5, 2.5, 254.5, 255.5, -3.0, 1e9].map(inverse), [0, 2, 2, 254, 255, 0, 255]);
        assert_eq!(u16::denormalised(f32::NAN, 2.0, 3.0), 0);
        assert_eq!(u16::denormalised(f32::INFINITY, 2.0, 3.0), u16::MAX);
    }

    #[test]
    fn every_u16_survives_the_round_trip() {
        for (low, high) in [(0.0, 65535.0), (100.0, 101.5), (12.25, 4095.0)] {
            for x in 0..=u16::MAX {
                let y = x.normalised(low, 1.0 / (high - low));
                assert_eq!(u16::denormalised(y, high - low, low), x, "{low} {high}");
            }
        }
    }

    #[test]
    fn keys_keep_the_order_of_floats() {
        let values = [f32::MIN, -2.5, -1e-40, -0.0, 0.0, 1e-40, 0.1, 7.0, f32::MAX];
        assert!(values.windows(2).all(|w| w[0].key() <= w[1].key()));
        assert!(values.iter().all(|&v| f32::from_key(v.key()).to_bits() == v.to_bits()));
    }
}
