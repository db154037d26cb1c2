//! Reads a page's size, pixel type, channels and storage from its tags; refuses pages that cannot be restored.

use super::directory::{Directory, Source};
use super::tag;
use crate::error::{Error, Result, Status};
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
}

impl Channels {
    /// Samples of one pixel, alpha included.
    pub fn samples(self) -> usize {
        match self {
            Self::Grey => 1,
            Self::GreyAlpha => 2,
            Self::Rgb => 3,
            Self::Rgba => 4,
        }
    }

    /// Samples of one pixel that are restored.
    pub fn colours(self) -> usize {
        match self {
            Self::Grey | Self::GreyAlpha => 1,
            Self::Rgb | Self::Rgba => 3,
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
        })
    }
}

/// Size and pixels of a page; the same for all pages of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageFormat {
    /// In pixels.
    pub width: usize,
    /// In pixels.
    pub height: usize,
    /// Type of every sample.
    pub pixel_type: PixelType,
    /// Meaning of the samples of a pixel.
    pub channels: Channels,
    /// Whether the file stores white as 0. In memory, larger is always brighter.
    pub white_is_zero: bool,
}

impl PageFormat {
    /// Samples of one page, alpha included.
    pub fn samples(&self) -> usize {
        self.width * self.height * self.channels.samples()
    }

    /// Shape and strides of the colour channels of a page; they skip an alpha channel, which so stays unchanged.
    pub fn colours(&self) -> (Shape, Strides) {
        let samples = self.channels.samples() as isize;
        let row = samples * self.width as isize;
        let shape = Shape { width: self.width, height: self.height, channels: self.channels.colours(), planes: 1 };
        (shape, Strides { x: samples, y: row, channel: 1, plane: row * self.height as isize })
    }

    /// Bytes of one uncompressed page.
    pub fn bytes(&self) -> u64 {
        (self.samples() * self.pixel_type.bytes()) as u64
    }
}

impl std::fmt::Display for PageFormat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}x{} {} {}", self.width, self.height, self.pixel_type, self.channels)?;
        if self.white_is_zero {
            f.write_str(" (0 is white)")?;
        }
        Ok(())
    }
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
}

impl Compression {
    /// The most bytes that one compressed byte can expand to. LZW: 3838 bytes from a 12-bit code; Deflate: 258 from 2
    /// bits; PackBits: 128 from two bytes.
    pub(super) fn most(self) -> u64 {
        match self {
            Self::None => 1,
            Self::PackBits => 64,
            Self::Deflate => 1032,
            Self::Lzw => 2560,
        }
    }

    /// The most bytes by which incompressible pixels can grow: LZW may need 12 bits for 8.
    pub(crate) fn most_growth(self, bytes: u64) -> u64 {
        match self {
            Self::None => 0,
            Self::Lzw => bytes / 2 + 16,
            Self::Deflate | Self::PackBits => bytes / 64 + 1024,
        }
    }

    /// Its usual name.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Lzw => "LZW",
            Self::Deflate => "Deflate",
            Self::PackBits => "PackBits",
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
    /// Rows of a strip; meaningless for tiles.
    pub rows_per_strip: usize,
    /// The tag ExtraSamples: the meaning of the samples beyond grey or RGB.
    pub(crate) extra_samples: Vec<u16>,
}

/// Reads the format and the storage of a page. `Chunks` reads the places of its pixels.
pub(crate) fn read(source: &mut Source, directory: &Directory) -> Result<(PageFormat, Storage)> {
    let width = dimension(source, directory, tag::WIDTH, "ImageWidth")?;
    let height = dimension(source, directory, tag::HEIGHT, "ImageLength")?;
    let samples = source.integer(directory, tag::SAMPLES_PER_PIXEL)?.unwrap_or(1);
    let format = uniform(source, directory, tag::SAMPLE_FORMAT, 1, "SampleFormat")?;
    let bits = uniform(source, directory, tag::BITS_PER_SAMPLE, 1, "BitsPerSample")?;
    let photometric = source.integer(directory, tag::PHOTOMETRIC)?.ok_or_else(|| {
        Error::new(Status::Format, "the tag PhotometricInterpretation is missing: the file is damaged")
    })?;
    let white_is_zero = photometric == 0;
    let colours = match photometric {
        0 | 1 => 1,
        2 => 3,
        other => return Err(photometric_refused(other)),
    };
    let pixel_type = pixel_type(format, bits)?;
    let extra_samples: Vec<u16> =
        source.few_integers(directory, tag::EXTRA_SAMPLES)?.into_iter().map(|v| v as u16).collect();
    let channels = channels(colours, samples, &extra_samples)?;
    if white_is_zero && (pixel_type.is_float() || channels != Channels::Grey) {
        return Err(Error::new(
            Status::Unsupported,
            "an image where 0 is white is read as 8 or 16-bit grey only; invert it and save it with 0 as black",
        ));
    }
    if source.integer(directory, tag::FILL_ORDER)?.is_some_and(|order| order == 2) {
        return Err(Error::new(
            Status::Unsupported,
            "reversed bit order (FillOrder 2) is not read; save the file again",
        ));
    }

    let compression = compression(source.integer(directory, tag::COMPRESSION)?.unwrap_or(1))?;
    let predictor = predictor(source.integer(directory, tag::PREDICTOR)?.unwrap_or(1), compression, pixel_type)?;
    let planar = source.integer(directory, tag::PLANAR)?.unwrap_or(1) == 2 && channels.samples() > 1;

    let format = PageFormat { width: width as usize, height: height as usize, pixel_type, channels, white_is_zero };
    // A page must be addressable; later code multiplies these numbers unchecked.
    let bytes = u128::from(width) * u128::from(height) * u128::from(samples) * pixel_type.bytes() as u128;
    if bytes > isize::MAX as u128 {
        return Err(Error::new(
            Status::Format,
            format!("a page of {width}x{height} pixels is too large for any machine"),
        ));
    }
    let tiled = directory.get(tag::TILE_OFFSETS).is_some();
    let rows_per_strip = source.integer(directory, tag::ROWS_PER_STRIP)?.unwrap_or(height).min(height);
    let storage =
        Storage { compression, predictor, planar, tiled, rows_per_strip: rows_per_strip as usize, extra_samples };
    Ok((format, storage))
}

pub(super) fn dimension(source: &mut Source, directory: &Directory, tag: u16, name: &str) -> Result<u64> {
    match source.integer(directory, tag)? {
        Some(0) => Err(Error::new(Status::Format, format!("{name} is 0; expected at least 1: the file is damaged"))),
        Some(n) if n > u64::from(u32::MAX) => {
            Err(Error::new(Status::Format, format!("{name} is {n}, more than any TIFF can have: the file is damaged")))
        }
        Some(n) => Ok(n),
        None => Err(Error::new(Status::Format, format!("the tag {name} is missing: the file is damaged"))),
    }
}

/// The one value that a tag has for all samples.
fn uniform(source: &mut Source, directory: &Directory, tag: u16, default: u64, name: &str) -> Result<u64> {
    let values = source.few_integers(directory, tag)?;
    match values.first() {
        None => Ok(default),
        Some(&first) if values.iter().all(|&v| v == first) => Ok(first),
        Some(_) => Err(Error::new(
            Status::Unsupported,
            format!("samples of different kinds in one pixel ({name} is {values:?}); save it with one kind for all"),
        )),
    }
}

/// Pixel types with their SampleFormat (1: unsigned, 2: signed, 3: float); BitsPerSample is their size.
const SAMPLE_FORMATS: &[(PixelType, u16)] = &[(PixelType::U8, 1), (PixelType::U16, 1), (PixelType::F32, 3)];

/// The SampleFormat of a pixel type.
pub(super) fn sample_format(pixel_type: PixelType) -> u16 {
    // The table has every type: a test says so.
    SAMPLE_FORMATS.iter().find(|(known, _)| *known == pixel_type).map_or(1, |(_, format)| *format)
}

fn pixel_type(format: u64, bits: u64) -> Result<PixelType> {
    let fits = |(known, own): &&(PixelType, u16)| u64::from(*own) == format && known.bytes() as u64 * 8 == bits;
    if let Some((known, _)) = SAMPLE_FORMATS.iter().find(fits) {
        return Ok(*known);
    }
    const EXPECTED: &str = "expected 8 or 16-bit unsigned integers or 32-bit floats";
    let (found, advice) = match (format, bits) {
        (1, 1) => ("1-bit samples (a mask)".into(), "a mask cannot be restored: use the image it was made from"),
        (1, 32 | 64) => (format!("{bits}-bit integers"), "convert it to 16-bit or to 32-bit float"),
        (1, _) => (format!("{bits}-bit integers"), "convert it to 8 or 16-bit"),
        (2, _) => (format!("signed {bits}-bit integers"), "convert it to 16-bit unsigned or to 32-bit float"),
        (3, _) => (format!("{bits}-bit floats"), "convert it to 32-bit float"),
        (5 | 6, _) => ("complex samples".into(), "save the magnitude as 32-bit float"),
        _ => (format!("samples of unknown kind (SampleFormat {format}, {bits} bits)"), "convert it"),
    };
    Err(Error::new(Status::Unsupported, format!("{found}; {EXPECTED}: {advice}")))
}

fn photometric_refused(photometric: u64) -> Error {
    let (found, advice) = match photometric {
        3 => ("a palette (indexed colour) image", "convert it to RGB or grey"),
        4 => ("a transparency mask", "use the image it belongs to"),
        5 => ("a CMYK image", "convert it to RGB"),
        6 => ("a YCbCr image (JPEG colours)", "convert it to RGB"),
        8..=10 => ("a Lab image", "convert it to RGB"),
        32803 | 34892 => ("a raw camera mosaic", "develop it to RGB or grey first"),
        _ => ("an image of unknown colours", "convert it to RGB or grey"),
    };
    Error::new(
        Status::Unsupported,
        format!("{found} (PhotometricInterpretation {photometric}); expected grey or RGB: {advice}"),
    )
}

fn channels(colours: u64, samples: u64, extra: &[u16]) -> Result<Channels> {
    let alpha = matches!(extra, [1 | 2]);
    match (colours, samples) {
        (1, 1) => Ok(Channels::Grey),
        (1, 2) if alpha => Ok(Channels::GreyAlpha),
        (3, 3) => Ok(Channels::Rgb),
        // Without the tag ExtraSamples a fourth sample can only be alpha.
        (3, 4) if alpha || extra.is_empty() => Ok(Channels::Rgba),
        _ => Err(Error::new(
            Status::Unsupported,
            format!(
                "{samples} samples per pixel (ExtraSamples {extra:?}) in {} image; expected grey or RGB, each with or \
                 without alpha: save the channels as pages",
                if colours == 1 { "a grey" } else { "an RGB" }
            ),
        )),
    }
}

fn compression(code: u64) -> Result<Compression> {
    let name = match code {
        1 => return Ok(Compression::None),
        5 => return Ok(Compression::Lzw),
        8 | 32946 => return Ok(Compression::Deflate),
        32773 => return Ok(Compression::PackBits),
        2..=4 => "CCITT fax",
        6 | 7 => "JPEG",
        33003 | 33005 | 34712 => "JPEG 2000",
        34887 => "LERC",
        34925 => "LZMA",
        50000 => "ZSTD",
        50001 => "WebP",
        50002 => "JPEG XL",
        _ => "unknown",
    };
    Err(Error::new(
        Status::Unsupported,
        format!(
            "compression {code} ({name}) is not read; expected none, LZW, Deflate or PackBits: save the file with one \
             of these"
        ),
    ))
}

fn predictor(code: u64, compression: Compression, pixel_type: PixelType) -> Result<Predictor> {
    let refuse = |what: String| Err(Error::new(Status::Unsupported, what));
    match code {
        1 => Ok(Predictor::None),
        // libtiff ignores the tag here, other readers apply it: the same file would give two pictures.
        2 | 3 if !matches!(compression, Compression::Lzw | Compression::Deflate) => refuse(format!(
            "predictor {code} with compression {} is ambiguous, since programs differ in whether they apply it; \
             expected a predictor with LZW or Deflate only: save the file again without predictor, in the program that \
             wrote it",
            compression.name()
        )),
        2 => Ok(Predictor::Horizontal),
        3 if pixel_type.is_float() => Ok(Predictor::FloatingPoint),
        3 => refuse(format!(
            "predictor 3 is for floats, found {pixel_type} pixels: save the file again with another predictor or none"
        )),
        _ => refuse(format!("predictor {code} is unknown; expected 1, 2 or 3: save the file again with one of these")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pixel_type_has_a_sample_format() {
        for &known in PixelType::ALL {
            let format = u64::from(sample_format(known));
            assert_eq!(pixel_type(format, known.bytes() as u64 * 8), Ok(known));
        }
    }
}
