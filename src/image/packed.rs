//! Packed pixels of cameras, as GenICam's pixel format naming convention (PFNC) has them: 10 and 12 bits without gaps.

use super::frame::Shape;
use crate::error::{Error, Result, Status};

/// How pixels are packed. Numbers are never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub enum Packing {
    /// Four pixels of 10 bits in five bytes, lowest bits first.
    Mono10p = 1,
    /// Two pixels of 12 bits in three bytes, lowest bits first.
    Mono12p = 2,
    /// GigE Vision: two pixels of 10 bits in three bytes; their low bits share the middle byte.
    Mono10Packed = 3,
    /// GigE Vision: two pixels of 12 bits in three bytes; their low bits share the middle byte.
    Mono12Packed = 4,
}

impl Packing {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Mono10p, Self::Mono12p, Self::Mono10Packed, Self::Mono12Packed];

    /// Pixels and bytes of the smallest group.
    fn group(self) -> (usize, usize) {
        match self {
            Self::Mono10p => (4, 5),
            Self::Mono12p | Self::Mono10Packed | Self::Mono12Packed => (2, 3),
        }
    }

    /// Bytes that hold `pixels` pixels; a last group that is not full ends with its last used byte.
    fn bytes(self, pixels: usize) -> Option<usize> {
        let (many, bytes) = self.group();
        let bits = match self {
            Self::Mono10p => 10,
            // The middle byte belongs to both pixels.
            _ => 12,
        };
        (pixels / many).checked_mul(bytes)?.checked_add((pixels % many * bits).div_ceil(8))
    }

    /// Unpacks all of `from`, which begins with a group, to all of `to`.
    fn unpack(self, from: &[u8], to: &mut [u16]) {
        match self {
            Self::Mono10p => groups(from, to, |b: &[u8; 5]| {
                let all = u64::from_le_bytes([b[0], b[1], b[2], b[3], b[4], 0, 0, 0]);
                [0, 10, 20, 30].map(|shift| (all >> shift & 0x3ff) as u16)
            }),
            Self::Mono12p => groups(from, to, |b: &[u8; 3]| {
                [u16::from(b[0]) | u16::from(b[1] & 0xf) << 8, u16::from(b[1]) >> 4 | u16::from(b[2]) << 4]
            }),
            Self::Mono10Packed => groups(from, to, |b: &[u8; 3]| {
                [u16::from(b[0]) << 2 | u16::from(b[1] & 3), u16::from(b[2]) << 2 | u16::from(b[1] >> 4 & 3)]
            }),
            Self::Mono12Packed => groups(from, to, |b: &[u8; 3]| {
                [u16::from(b[0]) << 4 | u16::from(b[1] & 0xf), u16::from(b[2]) << 4 | u16::from(b[1] >> 4)]
            }),
        }
    }
}

fn invalid(message: String) -> Error {
    Error::new(Status::InvalidArgument, message)
}

/// Bytes that are unpacked at a time: whole groups of every packing, few enough for the first cache.
const CHUNK: usize = 960;

/// A packed frame of grey pixels, checked: where each of its pixels lies.
#[derive(Clone, Copy, Debug)]
pub struct PackedLayout {
    packing: Packing,
    /// 0 for rows that follow each other without a gap, even within a byte.
    row_bytes: usize,
    width: usize,
    reach: usize,
    shape: Shape,
}

impl PackedLayout {
    /// A frame of `shape` in `bytes` bytes. Rows begin `row_bytes` bytes apart; with 0 they follow each other without a
    /// gap, even within a byte.
    ///
    /// Errors: `InvalidArgument` if the bytes or a row are too few, or if the shape is not that of one grey frame.
    pub fn new(packing: Packing, bytes: usize, row_bytes: usize, shape: Shape) -> Result<Self> {
        let Shape { width, height, channels, planes } = shape.check()?;
        if channels != 1 || planes != 1 {
            return Err(invalid(format!(
                "shape {shape}; expected 1 channel and 1 plane: packed pixels are grey frames"
            )));
        }
        let too_many = || invalid(format!("{width}x{height} packed pixels: more than memory can hold"));
        let (lines, line) = if row_bytes == 0 { (1, width * height) } else { (height, width) };
        let used = packing.bytes(line).ok_or_else(too_many)?;
        if row_bytes != 0 && row_bytes < used {
            return Err(invalid(format!(
                "row_bytes = {row_bytes}; expected at least {used} for {width} pixels as {packing:?}, or 0 for rows \
                 without gaps"
            )));
        }
        let reach =
            row_bytes.checked_mul(lines - 1).and_then(|before| before.checked_add(used)).ok_or_else(too_many)?;
        if bytes < reach {
            return Err(invalid(format!(
                "{bytes} bytes of packed pixels; expected {reach} for {width}x{height} pixels as {packing:?}"
            )));
        }
        Ok(Self { packing, row_bytes, width, reach, shape })
    }

    /// Bytes from the first to the last that is used.
    pub fn reach(&self) -> usize {
        self.reach
    }

    /// The frame's shape.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// Unpacks `to.len()` pixels of row `y`, from its pixel `x` on, in the range of their bits (0 to 1023 or 4095).
    /// `copy(offset, bytes)` copies bytes of the frame, from this offset on.
    pub fn read(&self, x: usize, y: usize, to: &mut [u16], copy: impl Fn(usize, &mut [u8])) {
        assert!(x + to.len() <= self.width && y < self.shape.height);
        let (many, size) = self.packing.group();
        let row = y * self.row_bytes;
        let mut pixel = if self.row_bytes == 0 { y * self.width + x } else { x };
        let mut chunk = [0; CHUNK];
        let mut rest = to;
        while !rest.is_empty() {
            // The first pixel may be in the middle of a group.
            let skip = pixel % many;
            let count = rest.len().min(if skip == 0 { CHUNK / size * many } else { many - skip });
            // Some: `count` is at most what fills CHUNK bytes, so nothing overflows.
            let bytes = &mut chunk[..self.packing.bytes(skip + count).expect("a chunk")];
            copy(row + pixel / many * size, bytes);
            let (now, later) = rest.split_at_mut(count);
            if skip == 0 {
                self.packing.unpack(bytes, now);
            } else {
                let mut group = [0; 4];
                self.packing.unpack(bytes, &mut group[..skip + count]);
                now.copy_from_slice(&group[skip..skip + count]);
            }
            (pixel, rest) = (pixel + count, later);
        }
    }
}

/// Unpacks a frame of `width * height` pixels to `to`, one after the other, as `PackedLayout` says.
///
/// Errors: those of `PackedLayout::new`, and `InvalidArgument` if `to` has another size.
pub fn unpack(
    packing: Packing,
    from: &[u8],
    row_bytes: usize,
    width: usize,
    height: usize,
    to: &mut [u16],
) -> Result<()> {
    let layout = PackedLayout::new(packing, from.len(), row_bytes, Shape::grey(width, height))?;
    if to.len() != width * height {
        return Err(invalid(format!("{width}x{height} pixels into {}; expected room for exactly these", to.len())));
    }
    for (y, row) in to.chunks_exact_mut(width).enumerate() {
        layout.read(0, y, row, |at, bytes| bytes.copy_from_slice(&from[at..at + bytes.len()]));
    }
    Ok(())
}

/// Unpacks groups of `BYTES` bytes to groups of `PIXELS` pixels; the last may be incomplete.
#[inline(always)]
fn groups<const BYTES: usize, const PIXELS: usize>(
    from: &[u8],
    to: &mut [u16],
    unpack: impl Fn(&[u8; BYTES]) -> [u16; PIXELS],
) {
    let (mut from_groups, mut to_groups) = (from.chunks_exact(BYTES), to.chunks_exact_mut(PIXELS));
    for (from, to) in from_groups.by_ref().zip(to_groups.by_ref()) {
        // A chunk has exactly this length.
        to.copy_from_slice(&unpack(from.try_into().expect("a whole group")));
    }
    let rest = to_groups.into_remainder();
    if !rest.is_empty() {
        let mut last = [0; BYTES];
        let left = from_groups.remainder();
        last[..left.len()].copy_from_slice(left);
        let (count, unpacked) = (rest.len(), unpack(&last));
        rest.copy_from_slice(&unpacked[..count]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Packs bit by bit, from the definition of each layout.
    fn pack(packing: Packing, pixels: &[u16]) -> Vec<u8> {
        let mut bytes = vec![0u8; packing.bytes(pixels.len()).unwrap()];
        for (i, &pixel) in pixels.iter().enumerate() {
            let (bits, low) = match packing {
                Packing::Mono10p | Packing::Mono10Packed => (10, 2),
                _ => (12, 4),
            };
            for bit in (0..bits).filter(|bit| pixel >> bit & 1 == 1) {
                let at = match packing {
                    Packing::Mono10p | Packing::Mono12p => i * bits + bit,
                    // High bits in a byte of the pixel's own; low ones in the middle byte, at 0 or 4.
                    _ if bit >= low => (i / 2 * 3 + i % 2 * 2) * 8 + bit - low,
                    _ => (i / 2 * 3 + 1) * 8 + i % 2 * 4 + bit,
                };
                bytes[at / 8] |= 1 << (at % 8);
            }
        }
        bytes
    }

    #[test]
    fn the_two_layouts_of_12_bits_are_not_each_other() {
        // Two pixels, 0xABC and 0x123, as PFNC draws them.
        let unpacked = |packing, bytes: &[u8]| {
            let mut to = [0; 2];
            unpack(packing, bytes, 0, 2, 1, &mut to).unwrap();
            to
        };
        let (p, packed) = ([0xbc, 0x3a, 0x12], [0xab, 0x3c, 0x12]);
        assert_eq!(unpacked(Packing::Mono12p, &p), [0xabc, 0x123]);
        assert_eq!(unpacked(Packing::Mono12Packed, &packed), [0xabc, 0x123]);
        assert_ne!(unpacked(Packing::Mono12p, &packed), [0xabc, 0x123]);
        assert_ne!(unpacked(Packing::Mono12Packed, &p), [0xabc, 0x123]);
        // 0x2AF and 0x155 in 10 bits.
        assert_eq!(unpacked(Packing::Mono10Packed, &[0xab, 0x13, 0x55]), [0x2af, 0x155]);
        assert_eq!(unpacked(Packing::Mono10p, &[0xaf, 0x56, 0x05]), [0x2af, 0x155]);
    }

    #[test]
    fn bad_sizes_are_refused_with_what_was_expected() {
        let refused = |bytes: usize, row: usize, (width, height): (usize, usize), room: usize, words: &str| {
            let (from, mut to) = (vec![0; bytes], vec![7u16; room]);
            let error = unpack(Packing::Mono12p, &from, row, width, height, &mut to).unwrap_err();
            assert_eq!(error.status(), Status::InvalidArgument);
            assert!(error.message().contains(words) && to.iter().all(|v| *v == 7), "{error}");
        };
        refused(5, 0, (2, 2), 4, "5 bytes of packed pixels; expected 6 for 2x2 pixels as Mono12p");
        refused(99, 2, (2, 2), 4, "row_bytes = 2; expected at least 3 for 2 pixels as Mono12p");
        refused(6, 4, (2, 2), 4, "6 bytes of packed pixels; expected 7");
        refused(6, 0, (2, 2), 3, "2x2 pixels into 3");
        refused(6, 0, (0, 2), 0, "expected width, height, channels and planes of at least 1");
        refused(6, usize::MAX, (2, 2), 4, "more than memory can hold");
        refused(6, 0, (usize::MAX, 2), 4, "more samples than memory can hold");
        let colours = Shape { width: 2, height: 2, channels: 3, planes: 1 };
        let error = PackedLayout::new(Packing::Mono12p, 99, 0, colours).unwrap_err();
        assert!(error.message().contains("expected 1 channel and 1 plane"), "{error}");
    }

    proptest! {
        #[test]
        fn packed_pixels_come_back(
            packing in proptest::sample::select(Packing::ALL),
            values in proptest::collection::vec(any::<u16>(), 1..2000),
            gap in 0usize..5,
        ) {
            let most = if matches!(packing, Packing::Mono10p | Packing::Mono10Packed) { 0x3ff } else { 0xfff };
            let pixels: Vec<u16> = values.iter().map(|v| v & most).collect();
            let width = pixels.len();
            let mut to = vec![0; width];
            unpack(packing, &pack(packing, &pixels), 0, width, 1, &mut to).unwrap();
            prop_assert_eq!(&to, &pixels);
            // Two rows with a gap, and the same two without.
            let row = pack(packing, &pixels);
            let rows: Vec<u8> = [&row[..], &vec![0xa5; gap], &row[..]].concat();
            let mut two = vec![0; 2 * width];
            unpack(packing, &rows, row.len() + gap, width, 2, &mut two).unwrap();
            prop_assert_eq!(&two, &[&pixels[..], &pixels[..]].concat());
            let through = pack(packing, &two);
            let layout = PackedLayout::new(packing, through.len(), 0, Shape::grey(width, 2)).unwrap();
            prop_assert_eq!(layout.reach(), through.len());
            unpack(packing, &through, 0, width, 2, &mut two).unwrap();
            prop_assert_eq!(&two, &[&pixels[..], &pixels[..]].concat());
            // A part of a row, from the middle of a group.
            let from = gap.min(width - 1);
            let mut part = vec![0; width - from];
            layout.read(from, 1, &mut part, |at, bytes| bytes.copy_from_slice(&through[at..at + bytes.len()]));
            prop_assert_eq!(&part, &pixels[from..]);
        }
    }
}
