//! The metadata of a page: which tags are copied to the output, and what the first page's tags say about the image.

use tiff::tags::{ByteOrder, Type};

use super::directory::{Directory, Source};
use super::format::PageFormat;
use super::{imagej, tag};
use crate::error::{Result, Status};

/// One tag of a page, its value in this machine's byte order.
#[derive(Clone, Debug)]
pub struct Tag {
    /// The tag's number.
    pub id: u16,
    pub(crate) kind: Type,
    pub(crate) value: Vec<u8>,
}

/// Tags that are not copied: the writer writes its own on the pixels' storage, value ranges (280, 281, 340, 341) are no
/// longer true, and others point to places in the input file.
fn is_dropped(id: u16) -> bool {
    matches!(
        id,
        256..=259 | 262 | 266 | 273 | 277..=281 | 284 | 288 | 289 | 317 | 322..=325 | 330 | 338..=341 | 347 | 512..=521
            | 529..=532 | 33628..=33631 | 34412 | 34665 | 34853 | 40965
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

/// What the first page's tags say about the image.
#[derive(Clone, Debug)]
pub(crate) struct About {
    pub text: String,
    pub description: Description,
    pub axes: Option<Axes>,
    /// Micrometres from pixel to pixel along x.
    pub pixel_size_um: Option<f64>,
}

pub(crate) fn about(source: &mut Source, directory: &Directory) -> Result<About> {
    let text = match directory.get(tag::DESCRIPTION) {
        Some(entry) => String::from_utf8_lossy(&source.value(entry)?).trim_end_matches('\0').to_owned(),
        None => String::new(),
    };
    let description = if text.starts_with("ImageJ=") {
        Description::ImageJ
    } else if text.contains("<OME") || text.contains(":OME ") {
        Description::Ome
    } else if text.is_empty() {
        Description::None
    } else {
        Description::Other
    };
    let axes = match description {
        Description::ImageJ => Some(Axes {
            channels: imagej::count(&text, "channels"),
            slices: imagej::count(&text, "slices"),
            frames: imagej::count(&text, "frames"),
        }),
        Description::Ome => ome_axes(&text, source.integer(directory, tag::SAMPLES_PER_PIXEL)?.unwrap_or(1)),
        _ => None,
    };
    let pixel_size_um = match description {
        Description::Ome => ome_pixel_size(&text),
        _ => resolution_pixel_size(source, directory, &text)?,
    };
    Ok(About { text, description, axes, pixel_size_um })
}

/// An attribute of the first `Pixels` element of an OME-XML text.
fn ome_attribute<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let pixels = &text[text.find("Pixels ")?..];
    let pixels = &pixels[..pixels.find('>')?];
    // A whole name only: not PhysicalSizeX in PhysicalSizeXUnit, nor SizeX in PhysicalSizeX.
    let (at, _) = pixels.match_indices(name).find(|&(at, _)| {
        pixels[..at].ends_with(|c: char| c.is_ascii_whitespace()) && pixels[at + name.len()..].starts_with('=')
    })?;
    let value = &pixels[at + name.len() + 1..];
    let quote = value.chars().next().filter(|&c| c == '"' || c == '\'')?;
    value[1..].split(quote).next()
}

/// SizeC counts all samples of a page, alpha included.
fn ome_axes(text: &str, samples: u64) -> Option<Axes> {
    let size = |name| ome_attribute(text, name)?.parse::<u64>().ok();
    Some(Axes { channels: size("SizeC")?.div_ceil(samples.max(1)), slices: size("SizeZ")?, frames: size("SizeT")? })
}

fn ome_pixel_size(text: &str) -> Option<f64> {
    let size: f64 = ome_attribute(text, "PhysicalSizeX")?.parse().ok()?;
    // The schema's default unit is the micrometre.
    let unit = ome_attribute(text, "PhysicalSizeXUnit").unwrap_or("\u{b5}m").replace("&#181;", "\u{b5}");
    Some(size * imagej::micrometres(&unit)?).filter(|size| size.is_finite() && *size > 0.0)
}

/// Pixel size from XResolution; the unit is ImageJ's if its text names one.
fn resolution_pixel_size(source: &mut Source, directory: &Directory, text: &str) -> Result<Option<f64>> {
    let Some(entry) = directory.get(tag::X_RESOLUTION).filter(|e| e.kind == Type::RATIONAL && e.count == 1) else {
        return Ok(None);
    };
    let parts = bytemuck::pod_collect_to_vec::<u8, u32>(&source.value(entry)?);
    let (above, below) = (f64::from(parts[0]), f64::from(parts[1]));
    let unit = match imagej::value(text, "unit") {
        Some(unit) => imagej::micrometres(unit),
        None => match source.integer(directory, tag::RESOLUTION_UNIT)? {
            // Only an explicit unit counts: TIFF's default is also 2 (inch), but then programs mean dots per inch of
            // paper.
            Some(2) => Some(25_400.0),
            Some(3) => Some(10_000.0),
            _ => None,
        },
    };
    // Cameras and printers write 72, 96 or 300 dpi. No microscope has pixels of 85 um or more.
    Ok(unit.map(|unit| unit * below / above).filter(|size| size.is_finite() && *size > 0.0 && *size < 80.0))
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

/// Refuses files that do not have one directory for each page: only the first page would be restored.
pub(crate) fn check_page_count(directory: &Directory, about: &About, pages: usize) -> Result<()> {
    use crate::error::Error;
    let refuse = |what: String, advice: &str| Err(Error::new(Status::Unsupported, format!("{what}; {advice}")));
    if let Some(planes) = directory.get(tag::METAMORPH_UIC2).map(|e| e.count).filter(|&n| n > 1 && pages == 1) {
        return refuse(
            format!("a MetaMorph stack (STK) of {planes} planes in one page"),
            "open it in ImageJ or Fiji and save it as TIFF",
        );
    }
    if directory.get(tag::ZEISS_LSM).is_some() {
        return refuse("a Zeiss LSM file".into(), "open it in Fiji (Bio-Formats) and save it as TIFF");
    }
    let images = imagej::count(&about.text, "images");
    if about.description == Description::ImageJ && images > pages as u64 {
        return refuse(
            format!(
                "ImageJ's text says {images} images, but the file has {pages} page{} (ImageJ writes stacks over 4 GB \
                 so)",
                if pages == 1 { "" } else { "s" }
            ),
            "such stacks are not read yet: save it as an image sequence, as smaller stacks, or as OME-TIFF",
        );
    }
    if about.text.starts_with("{\"shape\":") && about.text.contains("\"truncated\": true") {
        return refuse(
            "a stack that tifffile wrote with one page for all planes (truncate=True)".into(),
            "write it without truncate",
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_ome_attributes() {
        let text = "<?xml version=\"1.0\"?><OME xmlns=\"x\"><Image><Pixels ID=\"Pixels:0\" SizeC=\"2\" SizeT='1' \
                    SizeZ=\"3\" PhysicalSizeXUnit=\"nm\" PhysicalSizeX=\"65\"></Pixels></Image></OME>";
        assert_eq!(ome_axes(text, 1), Some(Axes { channels: 2, slices: 3, frames: 1 }));
        assert_eq!(ome_axes(text, 2), Some(Axes { channels: 1, slices: 3, frames: 1 }));
        assert_eq!(ome_pixel_size(text), Some(0.065));
        assert_eq!(ome_pixel_size("<OME><Pixels SizeX=\"3\">"), None);
    }

    #[test]
    fn the_channels_of_a_shape_move_to_the_end() {
        let format = PageFormat {
            width: 9,
            height: 7,
            pixel_type: crate::image::frame::PixelType::U8,
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
