//! Pages of numbers that belong to the pixels of other pages, as their expected errors do: plain 32-bit floats.

use super::format::{Channels, Compression, PageFormat, Predictor, Storage};
use super::imagej;
use super::metadata;
use super::page::{FilePlan, Levels, Page};
use super::reader::Reader;
use super::tag::{self, Tag};
use crate::error::{Error, Result, Status};
use crate::image::frame::PixelType;

const WHITE_IS_ONE: u16 = 1;
const RGB: u16 = 2;

/// The format of the numbers beside a page: one for each sample that is restored, alpha left out.
pub fn floats_format(of: PageFormat) -> PageFormat {
    let channels = match of.channels {
        Channels::Grey | Channels::GreyAlpha => Channels::Grey,
        Channels::Rgb | Channels::Rgba => Channels::Rgb,
        Channels::Separate(samples) => Channels::Separate(samples),
    };
    PageFormat { pixel_type: PixelType::F32, stored: PixelType::F32.into(), channels, white_is_zero: false, ..of }
}

/// The page of numbers beside `page` (of the file that `reader` reads): its size and pixel size, and ImageJ's axes.
pub fn floats_page(reader: &Reader, page: &Page) -> Page {
    const STRIP_BYTES: usize = 1 << 18;
    let format = floats_format(page.format);
    let storage = Storage {
        compression: Compression::None,
        predictor: Predictor::None,
        planar: false,
        tiled: false,
        reversed: false,
        rows_per_strip: (STRIP_BYTES / format.row_bytes().max(1)).max(1),
        photometric: if format.channels == Channels::Rgb { RGB } else { WHITE_IS_ONE },
        extra_samples: match format.channels {
            Channels::Separate(samples) => vec![0; usize::from(samples) - 1],
            _ => Vec::new(),
        },
        jpeg_tables: Vec::new(),
        ycbcr: false,
    };
    let mut tags: Vec<Tag> = page.tags.iter().filter_map(kept).collect();
    if let (false, Some(size)) = (tags.iter().any(|tag| tag.id == tag::X_RESOLUTION), reader.pixel_size_um()) {
        metadata::set_resolution(&mut tags, [size; 2]);
    }
    Page { format, storage, tags, rounded: 0, levels: Levels::default() }
}

/// A tag that holds for the numbers, too.
fn kept(tag: &Tag) -> Option<Tag> {
    match tag.id {
        tag::X_RESOLUTION | tag::Y_RESOLUTION | tag::RESOLUTION_UNIT => Some(tag.clone()),
        tag::DESCRIPTION => {
            let text = std::str::from_utf8(&tag.value).ok().filter(|text| imagej::value(text, "ImageJ").is_some())?;
            // The range that the pixels are shown in is not that of the numbers.
            let lines = text.lines().filter(|line| !line.starts_with("min=") && !line.starts_with("max="));
            let mut value: Vec<u8> = lines.flat_map(|line| [line, "\n"]).flat_map(str::bytes).collect();
            if value.last() != Some(&0) {
                value.push(0);
            }
            Some(Tag { value, ..tag.clone() })
        }
        _ => None,
    }
}

/// The plan of a file of such pages. Errors: `Unsupported` above 4 GB for a file in ImageJ's way.
pub fn floats_plan(reader: &Reader) -> Result<FilePlan> {
    const OF_A_PAGE: u64 = 64 << 10; // tags and strips' places
    let formats = (0..reader.pages()).map(|index| floats_format(reader.format_of(index)));
    let bytes = formats.map(|format| format.bytes() + OF_A_PAGE).fold(0, u64::saturating_add);
    let plan = reader.plan();
    if plan.one_directory {
        return Err(Error::new(
            Status::Unsupported,
            format!(
                "{}: no error map of a stack whose pages share one directory; expected one below 4 GB: cut the stack",
                reader.path().display()
            ),
        ));
    }
    let contiguous = reader.uniform().is_ok().then(|| floats_format(reader.format()));
    Ok(FilePlan { contiguous, bytes, ..plan })
}
