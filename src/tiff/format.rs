//! The format of a page (size, pixel type, channels) and how it is stored.

use super::stored::{Kind, Stored};
use crate::image::frame::{PixelType, Shape, Strides};

/// The samples of a pixel. Alpha is not restored but copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channels {
    /// One sample a pixel.
    Grey,
    /// Two samples, the second is opacity.
    GreyAlpha,
    /// Three samples.
    Rgb,
    /// Four samples, the last is opacity.
    Rgba,
    /// So many samples, each a grey image of its own.
    Separate(u16),
}

impl Channels {
    /// Samples of one pixel, alpha included.
    pub fn samples(self) -> usize {
        match self {
            Self::Grey => 1,
            Self::GreyAlpha => 2,
            Self::Rgb => 3,
            Self::Rgba => 4,
            Self::Separate(samples) => samples.into(),
        }
    }

    /// Samples of one pixel that are restored.
    pub fn colours(self) -> usize {
        match self {
            Self::Grey | Self::GreyAlpha => 1,
            Self::Rgb | Self::Rgba => 3,
            Self::Separate(samples) => samples.into(),
        }
    }
}

impl std::fmt::Display for Channels {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Grey => "grey",
            Self::GreyAlpha => "grey with alpha",
            Self::Rgb => "RGB",
            Self::Rgba => "RGBA",
            Self::Separate(samples) => return write!(f, "grey, {samples} channels"),
        })
    }
}

/// Size and pixels of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageFormat {
    /// In pixels.
    pub width: usize,
    /// In pixels.
    pub height: usize,
    /// Type of every sample in memory.
    pub pixel_type: PixelType,
    /// How every sample is stored in the file.
    pub stored: Stored,
    /// Meaning of the samples of a pixel.
    pub channels: Channels,
    /// Whether the file stores white as 0 and means it. In memory, larger is always brighter.
    pub white_is_zero: bool,
}

impl PageFormat {
    /// Samples of one page, alpha included.
    pub fn samples(&self) -> usize {
        self.width * self.height * self.channels.samples()
    }

    /// Planes of a page that are restored, each with a range of its own: one, or one for each separate channel.
    pub fn planes(&self) -> usize {
        match self.channels {
            Channels::Separate(samples) => samples.into(),
            _ => 1,
        }
    }

    /// Shape and strides of one such plane, whose first sample is that with its number. They skip an alpha channel,
    /// which so stays unchanged.
    pub fn plane(&self) -> (Shape, Strides) {
        let (shape, strides) = self.colours();
        (Shape { channels: shape.channels / self.planes(), ..shape }, strides)
    }

    /// Shape and strides of the colour channels of a page; they skip an alpha channel, which so stays unchanged.
    pub fn colours(&self) -> (Shape, Strides) {
        let samples = self.channels.samples() as isize;
        let row = samples * self.width as isize;
        let shape = Shape { width: self.width, height: self.height, channels: self.channels.colours(), planes: 1 };
        (shape, Strides { x: samples, y: row, channel: 1, plane: row * self.height as isize })
    }

    /// Bytes of one uncompressed row in the file.
    pub fn row_bytes(&self) -> usize {
        self.stored.row_bytes(self.width * self.channels.samples())
    }

    /// Bytes of one uncompressed page in the file.
    pub fn bytes(&self) -> u64 {
        (self.row_bytes() * self.height) as u64
    }
}

impl std::fmt::Display for PageFormat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}x{} {} {}", self.width, self.height, self.stored, self.channels)?;
        if self.white_is_zero {
            f.write_str(" (0 is white)")?;
        }
        Ok(())
    }
}

/// Sizes of the axes beyond x and y, where the description gives them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Axes {
    /// Colours or stains.
    pub channels: u64,
    /// Steps in z.
    pub slices: u64,
    /// Steps in time.
    pub frames: u64,
}

/// How strips and tiles are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Uncompressed.
    None,
    /// Lempel-Ziv-Welch (5).
    Lzw,
    /// zlib (8 and 32946).
    Deflate,
    /// Byte runs (32773).
    PackBits,
    /// Zstandard (50000).
    Zstd,
    /// JPEG (7), which loses detail.
    Jpeg,
}

impl Compression {
    /// The most bytes that one compressed byte can expand to. LZW: 3838 bytes from a 12-bit code; Deflate: 258 from 2
    /// bits; PackBits: 128 from two bytes; Zstandard: a block of 128 KiB from 4 bytes; JPEG: 16 blocks of 64 values
    /// from 2 bits each, three components of which two are stored at a quarter.
    pub(super) fn most(self) -> u64 {
        match self {
            Self::None => 1,
            Self::PackBits => 64,
            Self::Deflate => 1032,
            Self::Lzw => 2560,
            Self::Zstd => 32768,
            Self::Jpeg => 1024,
        }
    }

    /// The most bytes by which incompressible pixels can grow: LZW may need 12 bits for 8.
    pub(crate) fn most_growth(self, bytes: u64) -> u64 {
        match self {
            Self::None => 0,
            Self::Lzw => bytes / 2 + 16,
            Self::Deflate | Self::PackBits | Self::Zstd => bytes / 64 + 1024,
            Self::Jpeg => self.written().most_growth(bytes),
        }
    }

    /// The compression of the output: the same, but nothing is lost again.
    pub(super) fn written(self) -> Self {
        if self == Self::Jpeg {
            Self::Deflate
        } else {
            self
        }
    }

    /// The number of the tag Compression in an output.
    pub(super) fn code(self) -> u16 {
        match self.written() {
            Self::None => 1,
            Self::Lzw => 5,
            Self::PackBits => 32773,
            Self::Zstd => 50000,
            Self::Deflate | Self::Jpeg => 8,
        }
    }

    /// Its usual name.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Lzw => "LZW",
            Self::Deflate => "Deflate",
            Self::PackBits => "PackBits",
            Self::Zstd => "ZSTD",
            Self::Jpeg => "JPEG",
        }
    }
}

/// Transform of the samples before compression, so that they compress better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Predictor {
    /// No transform.
    None,
    /// Differences between neighbours.
    Horizontal,
    /// Floats: bytes sorted by significance, then differences between them.
    FloatingPoint,
}

/// How a page is stored in the file; pages of one file may differ here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Storage {
    /// How strips and tiles are compressed.
    pub compression: Compression,
    /// Transform before compression.
    pub predictor: Predictor,
    /// Whether channels are stored separately instead of interleaved.
    pub planar: bool,
    /// Whether it is stored in tiles, else in strips.
    pub tiled: bool,
    /// Whether the bits of each byte are reversed (FillOrder 2).
    pub(super) reversed: bool,
    /// Rows of a strip; meaningless for tiles.
    pub rows_per_strip: usize,
    /// The tag PhotometricInterpretation of the output: the input's, where it has one.
    pub(crate) photometric: u16,
    /// The tag ExtraSamples: the meaning of the samples beyond grey or RGB.
    pub(crate) extra_samples: Vec<u16>,
    /// The tag JPEGTables: what the JPEG streams of all strips share.
    pub(super) jpeg_tables: Vec<u8>,
    /// Whether the pixels are brightness and two colour differences, which become RGB.
    pub(super) ycbcr: bool,
}

/// The SampleFormat of a stored kind.
pub(super) fn sample_format(stored: Stored) -> u16 {
    match stored.kind() {
        Kind::Unsigned => 1,
        Kind::Signed => 2,
        Kind::Float => 3,
    }
}
