//! Reduced copies of a page (pyramids): which ones a file has, and making them anew from restored pixels.

use bytemuck::Pod;

use super::directory::{Directory, Source};
use super::format::PageFormat;
use super::tag;
use crate::error::Result;
use crate::image::frame::{resize, Sample};

/// Width and height of a reduced copy, in pixels.
pub(super) type Level = [usize; 2];

/// Most reduced copies of a page; each halves the size, so that no image has more.
const MOST_LEVELS: u64 = 64;

/// The size of a directory's image if it is a reduced copy of a page of this format: smaller, with the same proportions
/// and samples.
pub(super) fn level(source: &mut Source, directory: &Directory, format: &PageFormat) -> Option<Level> {
    let mut value = |tag| source.integer(directory, tag).ok().flatten().and_then(|n| usize::try_from(n).ok());
    let (width, height) = (value(tag::WIDTH)?, value(tag::HEIGHT)?);
    let samples = value(tag::SAMPLES_PER_PIXEL).unwrap_or(1);
    if width == 0 || height == 0 || width >= format.width || height >= format.height {
        return None;
    }
    // Each side may have been rounded, up or down.
    let skew = (width * format.height).abs_diff(height * format.width);
    (samples == format.channels.samples() && skew <= 2 * format.width.max(format.height)).then_some([width, height])
}

/// The reduced copies in a page's SubIFDs, and whether there is anything else in them.
pub(super) fn sub_levels(source: &mut Source, directory: &Directory, format: &PageFormat) -> (Vec<Level>, bool) {
    let Some(entry) = directory.get(tag::SUB_IFDS) else { return (Vec::new(), false) };
    if entry.count > MOST_LEVELS {
        return (Vec::new(), true);
    }
    let mut levels = Vec::new();
    let mut others = false;
    for at in source.integers(entry).unwrap_or_default() {
        let found = source.directory(at).ok().and_then(|directory| level(source, &directory, format));
        match found {
            Some(size) => levels.push(size),
            None => others = true,
        }
    }
    (levels, others)
}

/// Upper bound of the bytes of a reduced copy in the output, its directory included.
pub(super) fn most_bytes(format: &PageFormat, [width, height]: Level) -> u64 {
    let bytes = (format.stored.row_bytes(width * format.channels.samples()) * height) as u64;
    // The compression that grows most: LZW.
    bytes + bytes / 2 + 16 * height as u64 + 4096
}

/// A reduced copy: each pixel is the mean of those that it covers. Errors: `OutOfMemory`.
pub(super) fn shrink<T: Sample + Pod>(
    format: &PageFormat,
    pixels: &[T],
    [width, height]: Level,
    into: &mut Vec<T>,
) -> Result<()> {
    let samples = format.channels.samples();
    resize(into, width * height * samples)?;
    let row = format.width * samples;
    let covered = |at: usize, from: usize, to: usize| (at * from / to)..((at + 1) * from / to);
    for (y, out) in into.chunks_exact_mut(width * samples).enumerate() {
        let rows = covered(y, format.height, height);
        for (x, out) in out.chunks_exact_mut(samples).enumerate() {
            let columns = covered(x, format.width, width);
            let count = (rows.len() * columns.len()) as f64;
            for (sample, out) in out.iter_mut().enumerate() {
                let sum: f64 = rows
                    .clone()
                    .flat_map(|y| columns.clone().map(move |x| pixels[y * row + x * samples + sample].as_f64()))
                    .sum();
                *out = T::denormalised((sum / count) as f32, 1.0, 0.0);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::frame::PixelType;
    use crate::tiff::Channels;

    #[test]
    fn a_copy_has_the_means() {
        let format = PageFormat {
            width: 5,
            height: 4,
            pixel_type: PixelType::U16,
            stored: PixelType::U16.into(),
            channels: Channels::Grey,
            white_is_zero: false,
        };
        let pixels: Vec<u16> = (0..20).map(|i| i * 10).collect();
        let mut small = Vec::new();
        shrink(&format, &pixels, [2, 2], &mut small).unwrap();
        // Columns 0 and 1, then 2 to 4; two rows each.
        assert_eq!(small, [30, 55, 130, 155]);
    }
}
