//! Reads a page's format and storage from its tags; refuses pages that cannot be restored.

use super::directory::{Directory, Source};
use super::format::{Channels, Compression, PageFormat, Predictor, Storage};
use super::stored::{Kind, Stored};
use super::tag;
use crate::error::{Error, Result, Status};
use crate::image::frame::PixelType;

/// What is known of the whole file before a page is read.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Context {
    /// ImageJ has written it: photometric 0 then stands for an inverted lookup table, and the numbers stay as they are.
    pub imagej: bool,
}

/// A page as its tags describe it.
pub(crate) struct Described {
    pub format: PageFormat,
    pub storage: Storage,
    /// A sentence for each thing that is unusual.
    pub notes: Vec<String>,
}

/// Reads the format and the storage of a page. `Chunks` reads the places of its pixels.
pub(crate) fn read(source: &mut Source, directory: &Directory, context: Context) -> Result<Described> {
    let mut notes = Vec::new();
    let width = dimension(source, directory, tag::WIDTH, "ImageWidth")?;
    let height = dimension(source, directory, tag::HEIGHT, "ImageLength")?;
    let samples = source.integer(directory, tag::SAMPLES_PER_PIXEL)?.unwrap_or(1);
    let format = uniform(source, directory, tag::SAMPLE_FORMAT, 1, "SampleFormat")?;
    let bits = uniform(source, directory, tag::BITS_PER_SAMPLE, 1, "BitsPerSample")?;
    let compression = compression(source.integer(directory, tag::COMPRESSION)?.unwrap_or(1))?;
    let photometric = photometric(source, directory, samples, compression, &mut notes)?;
    let white_is_zero = photometric == 0 && !context.imagej;
    let stored = Stored::new(format, bits)?;
    let pixel_type = stored.memory();
    let extra_samples: Vec<u16> =
        source.few_integers(directory, tag::EXTRA_SAMPLES)?.into_iter().map(|v| v as u16).collect();
    let channels = channels(if photometric == 2 { 3 } else { 1 }, samples, &extra_samples)?;
    if white_is_zero && (pixel_type.is_float() || channels != Channels::Grey) {
        return Err(Error::new(
            Status::Unsupported,
            "an image where 0 is white is read as grey integers of at most 16 bits only; invert it and save it with 0 \
             as black",
        ));
    }
    // JPEG has a bit order of its own, as libtiff reads it.
    let reversed = source.integer(directory, tag::FILL_ORDER)? == Some(2) && compression != Compression::Jpeg;
    let predictor = predictor(source.integer(directory, tag::PREDICTOR)?.unwrap_or(1), compression, stored)?;
    let planar = source.integer(directory, tag::PLANAR)?.unwrap_or(1) == 2 && channels.samples() > 1;
    if planar && channels == Channels::Rgba {
        notes.push(format!(
            "of the four separate samples of a pixel the first three were taken for red, green and blue, and the \
             fourth for opacity (ExtraSamples {extra_samples:?}), which is copied; if all are grey channels, save them \
             as pages"
        ));
    }
    if compression == Compression::Jpeg {
        check_jpeg(stored, planar, channels)?;
        notes.push(
            "the pixels are stored as JPEG, which has lost detail; the output is stored without loss (Deflate)".into(),
        );
    }

    let format =
        PageFormat { width: width as usize, height: height as usize, pixel_type, stored, channels, white_is_zero };
    // A page must be addressable; later code multiplies these numbers unchecked.
    let bytes = u128::from(width) * u128::from(height) * u128::from(samples) * 8;
    if bytes > isize::MAX as u128 {
        return Err(Error::new(
            Status::Format,
            format!("a page of {width}x{height} pixels is too large for any machine"),
        ));
    }
    let tiled = directory.get(tag::TILE_OFFSETS).is_some();
    let rows_per_strip = match source.integer(directory, tag::ROWS_PER_STRIP)? {
        Some(0) if !tiled => {
            notes.push("RowsPerStrip is 0; read as one strip".into());
            height
        }
        rows => rows.unwrap_or(height).min(height),
    } as usize;
    let jpeg_tables = match directory.get(tag::JPEG_TABLES).filter(|_| compression == Compression::Jpeg) {
        Some(entry) => source.value(entry)?,
        None => Vec::new(),
    };
    let photometric = photometric as u16;
    let ycbcr = source.integer(directory, tag::PHOTOMETRIC)? == Some(6);
    let storage = Storage {
        compression,
        predictor,
        planar,
        tiled,
        reversed,
        rows_per_strip,
        photometric,
        extra_samples,
        jpeg_tables,
        ycbcr,
    };
    Ok(Described { format, storage, notes })
}

/// The tag PhotometricInterpretation as it stands in the output: 0 to 3. Errors: `Unsupported`.
fn photometric(
    source: &mut Source,
    directory: &Directory,
    samples: u64,
    compression: Compression,
    notes: &mut Vec<String>,
) -> Result<u64> {
    match source.integer(directory, tag::PHOTOMETRIC)? {
        Some(found @ 0..=2) => Ok(found),
        // The JPEG decoder makes RGB of it.
        Some(6) if compression == Compression::Jpeg => Ok(2),
        Some(3) => match directory.get(tag::COLOR_MAP) {
            Some(map) if map.count == 768 && is_ramp(&source.integers(map)?) => Ok(3),
            _ => Err(photometric_refused(3)),
        },
        Some(other) => Err(photometric_refused(other)),
        None => {
            let (taken, name) = if samples >= 3 { (2, "RGB") } else { (1, "grey with 0 as black") };
            notes.push(format!("the tag PhotometricInterpretation is missing; taken for {name}"));
            Ok(taken)
        }
    }
}

/// Whether a lookup table of 256 colours (all reds, then greens, then blues, of 16 bits) goes from dark to bright or
/// from bright to dark in small steps, so that an index is an intensity. The ends may stand out, as in ImageJ's HiLo.
fn is_ramp(map: &[u64]) -> bool {
    let colour = |i: usize| [map[i], map[256 + i], map[512 + i]].map(|v| v as f64 / 65535.0);
    let light = |i: usize| {
        let [r, g, b] = colour(i);
        0.299 * r + 0.587 * g + 0.114 * b
    };
    let total = light(254) - light(1);
    // Rounding to 8 bits, and the small bends of colour tables such as Fire.
    const BEND: f64 = 0.02;
    const STEP: f64 = 0.06;
    let smooth = (1..254).all(|i| {
        let (from, to) = (colour(i), colour(i + 1));
        (light(i + 1) - light(i)) * total.signum() >= -BEND && (0..3).all(|c| (to[c] - from[c]).abs() <= STEP)
    });
    let mut darkest_yet = f64::MAX;
    let monotone = (1..255).rev().all(|i| {
        let value = light(i) * total.signum();
        darkest_yet = darkest_yet.min(value);
        value <= darkest_yet + BEND
    });
    total.abs() >= 0.05 && smooth && monotone
}

fn check_jpeg(stored: Stored, planar: bool, channels: Channels) -> Result<()> {
    if stored == Stored::from(PixelType::U8) && !planar && matches!(channels, Channels::Grey | Channels::Rgb) {
        return Ok(());
    }
    Err(Error::new(
        Status::Unsupported,
        format!(
            "JPEG of {stored} {channels}{}; expected 8-bit grey or RGB, interleaved: save it with another compression",
            if planar { " in separate planes" } else { "" }
        ),
    ))
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
        // No sample is opacity: channels of a microscope.
        (_, 2..=MOST_CHANNELS) if extra.iter().all(|&kind| kind == 0) => Ok(Channels::Separate(samples as u16)),
        _ => Err(Error::new(
            Status::Unsupported,
            format!(
                "{samples} samples per pixel (ExtraSamples {extra:?}) in {} image; expected grey or RGB, each with or \
                 without alpha, or up to {MOST_CHANNELS} channels without alpha: save the channels as pages",
                if colours == 1 { "a grey" } else { "an RGB" }
            ),
        )),
    }
}

/// Most channels of a pixel; more are a spectrum, not an image.
const MOST_CHANNELS: u64 = 64;

fn compression(code: u64) -> Result<Compression> {
    let name = match code {
        1 => return Ok(Compression::None),
        5 => return Ok(Compression::Lzw),
        8 | 32946 => return Ok(Compression::Deflate),
        32773 => return Ok(Compression::PackBits),
        50000 => return Ok(Compression::Zstd),
        7 => return Ok(Compression::Jpeg),
        2..=4 => "CCITT fax",
        6 => "JPEG as of 1992",
        33003 | 33005 | 34712 => "JPEG 2000",
        34887 => "LERC",
        34925 => "LZMA",
        50001 => "WebP",
        50002 => "JPEG XL",
        _ => "unknown",
    };
    Err(Error::new(
        Status::Unsupported,
        format!(
            "compression {code} ({name}) is not read; expected none, LZW, Deflate, PackBits, ZSTD or JPEG: save the \
             file with one of these"
        ),
    ))
}

fn predictor(code: u64, compression: Compression, stored: Stored) -> Result<Predictor> {
    let refuse = |what: String| Err(Error::new(Status::Unsupported, what));
    match code {
        1 => Ok(Predictor::None),
        // libtiff ignores the tag here, other readers apply it: the same file would give two pictures.
        2 | 3 if !matches!(compression, Compression::Lzw | Compression::Deflate | Compression::Zstd) => {
            refuse(format!(
                "predictor {code} with compression {} is ambiguous, since programs differ in whether they apply it; \
             expected a predictor with LZW, Deflate or ZSTD only: save the file again without predictor, in the \
             program that wrote it",
                compression.name()
            ))
        }
        2 if stored.is_packed() || stored.bits() == 24 => refuse(format!(
            "predictor 2 is for samples of 8, 16, 32 or 64 bits, found {stored} pixels: save the file again without \
             predictor"
        )),
        2 => Ok(Predictor::Horizontal),
        3 if stored.kind() == Kind::Float => Ok(Predictor::FloatingPoint),
        3 => refuse(format!(
            "predictor 3 is for floats, found {stored} pixels: save the file again with another predictor or none"
        )),
        _ => refuse(format!("predictor {code} is unknown; expected 1, 2 or 3: save the file again with one of these")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(colour: impl Fn(usize) -> [u64; 3]) -> Vec<u64> {
        (0..3).flat_map(|c| (0..256).map(move |i| (c, i))).map(|(c, i)| colour(i)[c] * 257).collect()
    }

    #[test]
    fn ramps_are_told_from_palettes() {
        assert!(is_ramp(&map(|i| [0, i as u64, 0])), "green");
        assert!(is_ramp(&map(|i| [255 - i as u64; 3])), "inverted grey");
        let hi_lo = |i: usize| match i {
            0 => [0, 0, 255],
            255 => [255, 0, 0],
            _ => [i as u64; 3],
        };
        assert!(is_ramp(&map(hi_lo)), "HiLo");
        let fire = |i: usize| {
            let i = i as u64;
            [(i * 3).min(255), (i * 3).saturating_sub(255).min(255), (i * 3).saturating_sub(510).min(255)]
        };
        assert!(is_ramp(&map(fire)), "hot");
        assert!(!is_ramp(&map(|_| [90, 90, 90])), "one colour");
        let hues = |i: usize| [[255, 0, 0], [0, 255, 0], [0, 0, 255], [9, 200, 90]][i % 4];
        assert!(!is_ramp(&map(hues)), "a palette");
        let cycle = |i: usize| [(i as u64 * 2) % 256, 128, 255 - (i as u64 * 2) % 256];
        assert!(!is_ramp(&map(cycle)), "a cycle");
        let web = |i: usize| [(i as u64 / 36) * 51 % 256, (i as u64 / 6 % 6) * 51, (i as u64 % 6) * 51];
        assert!(!is_ramp(&map(web)), "216 colours");
    }
}
