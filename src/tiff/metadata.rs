//! The metadata of a page: which tags are copied to the output, and what the first page's tags say about the image.

use tiff::tags::{ByteOrder, Type};

use super::directory::{Directory, Source};
use super::format::{Axes, PageFormat};
use super::ome::{self, Ome};
use super::tag::Tag;
use super::vendor::{self, Vendor};
use super::{imagej, tag};
use crate::error::{Error, Result, Status};

/// Tags that are not copied: the writer writes its own on the pixels' storage, value ranges (280, 281, 340, 341) are no
/// longer true, and others point to places in the input file.
fn is_dropped(id: u16) -> bool {
    vendor::points_into_file(id)
        || matches!(
            id,
            256..=259 | 262 | 266 | 273 | 277..=281 | 284 | 288 | 289 | 317 | 322..=325 | 330 | 338..=341 | 347
                | 512..=521 | 529..=532
        )
}

/// The tags of a page that are copied to the output, sorted. ImageJ's binary metadata gets this machine's byte order.
pub(crate) fn copied_tags(source: &mut Source, directory: &Directory) -> Result<Vec<Tag>> {
    let mut tags = Vec::new();
    for entry in directory.iter() {
        if !is_dropped(entry.tag) && !matches!(entry.kind, Type::IFD | Type::IFD8) && entry.count > 0 {
            tags.push(Tag { id: entry.tag, kind: entry.kind, value: source.value(entry)? });
        }
    }
    if source.order != ByteOrder::native() {
        if let Some(counts) = directory.get(tag::IMAGEJ_BYTE_COUNTS) {
            let counts = source.integers(counts)?;
            if let Some(data) = tags.iter_mut().find(|t| t.id == tag::IMAGEJ_METADATA) {
                imagej::swap_metadata(&mut data.value, &counts, source.order == ByteOrder::BigEndian)?;
            }
        }
    }
    Ok(tags)
}

/// Changes the shape in tifffile's description from separate to interleaved channels; drops the description if it
/// cannot.
pub(crate) fn interleave_shape(tags: &mut Vec<Tag>, format: &PageFormat) {
    tags.retain_mut(|tag| {
        let text = String::from_utf8_lossy(&tag.value);
        let text = text.trim_end_matches('\0');
        let shaped = text.starts_with("shape=(") || (text.starts_with('{') && text.contains("\"shape\":"));
        if tag.id != tag::DESCRIPTION || !shaped {
            return true;
        }
        let Some(text) = interleaved_shape(text, format) else { return false };
        tag.value = text.into_bytes();
        tag.value.push(0);
        true
    });
}

/// `{"shape": [.., channels, height, width], ..}` with the channels last; in ASCII, as TIFF requires.
fn interleaved_shape(text: &str, format: &PageFormat) -> Option<String> {
    let mut json: serde_json::Value = serde_json::from_str(text).ok()?;
    let shape = json.get_mut("shape")?.as_array_mut()?;
    let from = shape.len().checked_sub(3)?;
    let found: Vec<_> = shape[from..].iter().map(serde_json::Value::as_u64).collect();
    if found != [format.channels.samples(), format.height, format.width].map(|n| Some(n as u64)) {
        return None;
    }
    shape[from..].rotate_left(1);
    let axes = json.get_mut("axes").and_then(|axes| match axes {
        serde_json::Value::String(axes) if axes.is_ascii() && axes.len() == from + 3 => Some(axes),
        _ => None,
    });
    if let Some(axes) = axes {
        let channel = axes.remove(from);
        axes.push(channel);
    }
    let mut ascii = String::new();
    for c in json.to_string().chars() {
        if c.is_ascii() {
            ascii.push(c);
        } else {
            c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| ascii.push_str(&format!("\\u{unit:04x}")));
        }
    }
    Some(ascii)
}

/// Planes that tifffile's description counts in a file that it wrote with one page for all (`truncate=True`).
pub(crate) fn truncated_planes(text: &str, format: &PageFormat) -> Option<u64> {
    if !(text.starts_with("{\"shape\":") && text.contains("\"truncated\": true")) {
        return None;
    }
    let json: serde_json::Value = serde_json::from_str(text).ok()?;
    let shape = json.get("shape")?.as_array()?;
    let all = shape.iter().try_fold(1u64, |n, size| n.checked_mul(size.as_u64()?))?;
    Some(all / format.samples() as u64).filter(|&planes| planes > 1)
}

/// Whether it is an OME description.
pub(crate) fn is_ome(tag: &Tag) -> bool {
    tag.id == tag::DESCRIPTION && written_by(&text_of(tag.value.clone())) == Description::Ome
}

/// Size in bytes of what `copied_tags` returns, without reading it.
pub(crate) fn copied_bytes(directory: &Directory) -> u64 {
    directory.iter().filter(|e| !is_dropped(e.tag)).map(|e| e.bytes + 20).sum()
}

/// Who wrote the description.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Description {
    /// `ImageJ=...` lines.
    ImageJ,
    /// OME-XML.
    Ome,
    /// Any other text.
    Other,
    /// There is no description.
    None,
}

impl Description {
    /// Its usual name.
    pub fn name(self) -> &'static str {
        match self {
            Self::ImageJ => "ImageJ",
            Self::Ome => "OME-XML",
            Self::Other => "text",
            Self::None => "none",
        }
    }
}

/// What the first page's tags say about the image.
#[derive(Clone, Debug)]
pub(crate) struct About {
    pub text: String,
    pub description: Description,
    pub axes: Option<Axes>,
    /// Micrometres from pixel to pixel along x.
    pub pixel_size_um: Option<f64>,
    /// Micrometres from slice to slice, if ImageJ says it.
    pub spacing_um: Option<f64>,
    pub ome: Option<Ome>,
    /// Planes of all images of the OME description, if it gives their number.
    pub planes: Option<u64>,
    pub vendor: Vendor,
    /// A sentence for each thing that is unusual or will be lost.
    pub notes: Vec<String>,
}

/// Text of a tag: UTF-8, else Latin-1, which old versions of ImageJ write.
fn text_of(value: Vec<u8>) -> String {
    let end = value.iter().rposition(|&b| b != 0).map_or(0, |i| i + 1);
    match String::from_utf8(value) {
        Ok(mut text) => {
            text.truncate(end);
            text
        }
        Err(latin1) => latin1.as_bytes()[..end].iter().map(|&b| char::from(b)).collect(),
    }
}

/// Who wrote a description.
fn written_by(text: &str) -> Description {
    if text.starts_with("ImageJ=") {
        Description::ImageJ
    } else if text.contains("<OME") || text.contains(":OME ") {
        Description::Ome
    } else if text.is_empty() {
        Description::None
    } else {
        Description::Other
    }
}

pub(crate) fn about(source: &mut Source, directory: &Directory) -> Result<About> {
    let text = match directory.get(tag::DESCRIPTION) {
        Some(entry) => text_of(source.value(entry)?),
        None => String::new(),
    };
    let description = written_by(&text);
    let mut notes = Vec::new();
    let ome = match description {
        Description::Ome => match ome::read(&text) {
            Ok(ome) => Some(ome),
            Err(e) if e.status() == Status::Unsupported => return Err(e),
            Err(e) => {
                notes.push(format!("{}; it is copied as it is", e.message()));
                None
            }
        },
        _ => None,
    };
    if let Some(ome) = &ome {
        check_size(source, directory, ome)?;
    }
    let axes = match description {
        Description::ImageJ => Some(Axes {
            channels: imagej::count(&text, "channels"),
            slices: imagej::count(&text, "slices"),
            frames: imagej::count(&text, "frames"),
        }),
        Description::Ome => {
            let samples = source.integer(directory, tag::SAMPLES_PER_PIXEL)?.unwrap_or(1);
            ome.as_ref().and_then(|ome| image_axes(ome.images.first()?, samples))
        }
        _ => None,
    };
    let samples = source.integer(directory, tag::SAMPLES_PER_PIXEL)?.unwrap_or(1);
    let planes = ome.as_ref().and_then(|ome| {
        ome.images.iter().try_fold(0u64, |n, image| {
            let axes = image_axes(image, samples)?;
            n.checked_add(axes.channels.checked_mul(axes.slices)?.checked_mul(axes.frames)?)
        })
    });
    let vendor = vendor::read(source, directory)?;
    notes.extend(vendor.losses.iter().cloned());
    let pixel_size_um = match &ome {
        Some(ome) => ome.images.first().and_then(|image| image.pixel_size_um[0]),
        None => match vendor.pixel_size_um {
            Some([x, _]) => Some(x),
            None => resolution_pixel_size(source, directory, &text)?,
        },
    };
    // Slices are in ImageJ's unit, also beside pixels per centimetre.
    let spacing_um = imagej::value(&text, "spacing").and_then(|v| v.trim().parse::<f64>().ok());
    let spacing_um = spacing_um.zip(imagej::unit_um(&text, None).flatten()).map(|(size, unit)| size * unit);
    let spacing_um = spacing_um.filter(|size| size.is_finite() && *size > 0.0);
    Ok(About { text, description, axes, pixel_size_um, spacing_um, ome, planes, vendor, notes })
}

/// Refuses a description whose first image has another size than the first page.
fn check_size(source: &mut Source, directory: &Directory, ome: &Ome) -> Result<()> {
    let page = [tag::WIDTH, tag::HEIGHT].map(|tag| source.integer(directory, tag));
    let [width, height] = page;
    let page = [width?, height?];
    // One image at least must be that of the first page; files with several may begin with any.
    let fits = |size: &[Option<u64>; 2]| size.iter().zip(&page).all(|(said, found)| said.is_none() || said == found);
    let Some(first) = ome.images.first().filter(|_| !ome.images.iter().any(|image| fits(&image.size))) else {
        return Ok(());
    };
    let [x, y] = first.size.map(|n| n.map_or("?".to_owned(), |n| n.to_string()));
    let [width, height] = page.map(|n| n.map_or("?".to_owned(), |n| n.to_string()));
    Err(Error::new(
        Status::Format,
        format!(
            "the OME description says {x}x{y} pixels, but the first page has {width}x{height}; expected the same: mend \
             or remove the description"
        ),
    ))
}

/// SizeC counts all samples of a page, alpha included.
fn image_axes(image: &ome::Image, samples: u64) -> Option<Axes> {
    let [slices, channels, frames] = image.axes;
    Some(Axes { channels: channels?.div_ceil(samples.max(1)), slices: slices?, frames: frames? })
}

/// Pixel size from XResolution; the unit is ImageJ's if its text names one.
fn resolution_pixel_size(source: &mut Source, directory: &Directory, text: &str) -> Result<Option<f64>> {
    let Some(entry) = directory.get(tag::X_RESOLUTION).filter(|e| e.kind == Type::RATIONAL && e.count == 1) else {
        return Ok(None);
    };
    let parts = bytemuck::pod_collect_to_vec::<u8, u32>(&source.value(entry)?);
    let (above, below) = (f64::from(parts[0]), f64::from(parts[1]));
    let resolution_unit = source.integer(directory, tag::RESOLUTION_UNIT)?;
    let size = |unit: f64| Some(unit * below / above).filter(|size| size.is_finite() && *size > 0.0);
    if let Some(unit) = imagej::unit_um(text, resolution_unit) {
        return Ok(unit.and_then(size));
    }
    let unit = match resolution_unit {
        // Only an explicit unit counts: TIFF's default is also 2 (inch), but then programs mean dots per inch of
        // paper.
        Some(2) => Some(25_400.0),
        Some(3) => Some(10_000.0),
        _ => None,
    };
    // Cameras and printers write 72, 96 or 300 dpi. No microscope has pixels of 85 um or more.
    Ok(unit.and_then(size).filter(|size| *size < 80.0))
}

/// Sets the tags for the resolution to a pixel size that would otherwise be lost; keeps the tags sorted.
pub(crate) fn set_resolution(tags: &mut Vec<Tag>, pixel_size_um: [f64; 2]) {
    tags.retain(|tag| !matches!(tag.id, tag::X_RESOLUTION | tag::Y_RESOLUTION | tag::RESOLUTION_UNIT));
    for (id, size) in [tag::X_RESOLUTION, tag::Y_RESOLUTION].into_iter().zip(pixel_size_um) {
        // Pixels per centimetre: 10000 um / size, with as many digits as 32 bits hold.
        let parts = [1e9, (size * 1e5).max(1.0)].map(|v| v.round() as u32);
        tags.push(Tag { id, kind: Type::RATIONAL, value: parts.iter().flat_map(|v| v.to_ne_bytes()).collect() });
    }
    tags.push(Tag { id: tag::RESOLUTION_UNIT, kind: Type::SHORT, value: 3u16.to_ne_bytes().to_vec() });
    tags.sort_by_key(|tag| tag.id);
}

/// Puts a description before those that a page has.
pub(crate) fn describe(tags: &mut Vec<Tag>, text: &str) {
    let mut value = text.as_bytes().to_vec();
    value.push(0);
    let at = tags.partition_point(|tag| tag.id < tag::DESCRIPTION);
    tags.insert(at, Tag { id: tag::DESCRIPTION, kind: Type::ASCII, value });
}

/// Rewrites the OME descriptions of a page for an output with other names; returns sentences on what is lost.
pub(crate) fn rename(tags: &mut Vec<Tag>, names: &ome::Names, pages: usize) -> Vec<String> {
    let mut warnings = Vec::new();
    tags.retain_mut(|tag| {
        if tag.id != tag::DESCRIPTION {
            return true;
        }
        let text = text_of(tag.value.clone());
        if written_by(&text) != Description::Ome {
            return true;
        }
        // One that cannot be read is copied; the reader has said so.
        let Ok(rewritten) = ome::read(&text).and_then(|ome| ome::rewrite(&text, &ome, names, pages as u64)) else {
            return true;
        };
        warnings.extend(rewritten.warnings);
        let Some(text) = rewritten.text else { return false };
        if text != text_of(std::mem::take(&mut tag.value)) || tag.value.is_empty() {
            tag.value = text.into_bytes();
            tag.value.push(0);
        }
        true
    });
    warnings
}

/// The tag Software for the output: the input's text, then `done`.
pub(crate) fn software(before: Option<&[u8]>, done: &str) -> Vec<u8> {
    let before = before.unwrap_or_default();
    let end = before.iter().rposition(|&b| b != 0).map_or(0, |i| i + 1);
    let mut text = before[..end].to_vec();
    if text.contains(&b'\n') {
        // ScanImage puts a block of lines here: append a comment line to it.
        text.extend_from_slice(b"\n% ");
    } else if !text.is_empty() {
        text.extend_from_slice(b"; ");
    }
    text.extend_from_slice(done.as_bytes());
    text.push(0);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pixel_size_becomes_a_resolution() {
        for size in [0.3225, 0.065, 1e-3, 40.0] {
            let mut tags = Vec::new();
            set_resolution(&mut tags, [size, 2.0 * size]);
            let parts: Vec<u32> = bytemuck::pod_collect_to_vec(&tags[0].value);
            let found = 1e4 * f64::from(parts[1]) / f64::from(parts[0]);
            assert!((found / size - 1.0).abs() < 1e-3, "{size}: {found}");
            assert_eq!(tags.iter().map(|t| t.id).collect::<Vec<_>>(), [282, 283, 296]);
        }
    }

    #[test]
    fn the_channels_of_a_shape_move_to_the_end() {
        let format = PageFormat {
            width: 9,
            height: 7,
            pixel_type: crate::image::frame::PixelType::U8,
            stored: crate::image::frame::PixelType::U8.into(),
            channels: super::super::format::Channels::Rgb,
            white_is_zero: false,
        };
        let after = |text: &str| interleaved_shape(text, &format);
        assert_eq!(after(r#"{"shape": [3, 7, 9]}"#).unwrap(), r#"{"shape":[7,9,3]}"#);
        let (before, moved) = (
            r#"{"shape": [2, 3, 7, 9], "axes": "QSYX", "of": "\u00b5"}"#,
            r#"{"shape":[2,7,9,3],"axes":"QYXS","of":"\u00b5"}"#,
        );
        assert_eq!(after(before).unwrap(), moved);
        for other in [
            r#"{"shape": [3, 9, 7]}"#,
            r#"{"shape": [7, 9]}"#,
            r#"{"shape": 3}"#,
            r#"{"shape": [3, 7"#,
            "shape=(3, 7, 9)",
        ] {
            assert_eq!(after(other), None, "{other}");
        }
    }

    #[test]
    fn the_software_tag_is_appended_to() {
        assert_eq!(software(None, "Parfocal 1"), b"Parfocal 1\0");
        assert_eq!(software(Some(b"Scope 2\0\0"), "Parfocal 1"), b"Scope 2; Parfocal 1\0");
        assert_eq!(software(Some(b"SI.a = 1\nSI.b = 2\0"), "P"), b"SI.a = 1\nSI.b = 2\n% P\0");
    }
}
