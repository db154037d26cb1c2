//! Reads the parts of OME-XML that say how planes lie in files, and how large a pixel is.

use std::collections::HashMap;

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use super::super::units::micrometres;
use crate::error::{Error, Result, Status};

/// A file that a description names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Named {
    pub file: String,
    pub uuid: String,
}

/// A `TiffData` element: which planes lie in which directories.
#[derive(Clone, Debug, Default)]
pub(super) struct Data {
    pub ifd: Option<u64>,
    pub count: Option<u64>,
    /// First plane: z, c, t.
    pub first: [u64; 3],
    /// Index of the file in `Ome::files`; `None` for the file itself.
    pub file: Option<usize>,
}

/// An `Image` element with its `Pixels`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Image {
    /// SizeX and SizeY.
    pub size: [Option<u64>; 2],
    /// SizeZ, SizeC and SizeT.
    pub axes: [Option<u64>; 3],
    /// Micrometres from pixel to pixel along x and y.
    pub pixel_size_um: [Option<f64>; 2],
    /// SamplesPerPixel of each channel.
    pub(super) channels: Vec<u64>,
    pub(super) order: String,
    pub(super) data: Vec<Data>,
}

impl Image {
    /// Samples of a pixel, which SizeC counts as channels.
    pub(super) fn samples(&self) -> u64 {
        self.channels.first().copied().unwrap_or(1).max(1)
    }
}

/// What a description says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ome {
    pub uuid: Option<String>,
    /// The file that has the description of this file's planes.
    pub binary_only: Option<Named>,
    pub images: Vec<Image>,
    pub files: Vec<Named>,
}

/// An attribute's value without references. Errors: `Format`.
pub(super) fn attribute(element: &BytesStart<'_>, name: &str) -> Result<Option<String>> {
    let found = element.try_get_attribute(name).map_err(|e| unreadable(&e.to_string()))?;
    let value = found.map(|a| a.normalized_value(XmlVersion::Implicit1_0).map(|v| v.into_owned()));
    value.transpose().map_err(|e| unreadable(&e.to_string()))
}

/// The error for text that is no XML.
pub(super) fn unreadable(what: &str) -> Error {
    let what: String = what.chars().take(200).collect();
    Error::new(Status::Format, format!("the OME description is no well-formed XML: {what}"))
}

fn number(element: &BytesStart<'_>, name: &str) -> Result<Option<u64>> {
    Ok(attribute(element, name)?.and_then(|v| v.trim().parse().ok()))
}

/// A physical size in micrometres; the schema's default unit is the micrometre.
fn physical_size(element: &BytesStart<'_>, name: &str) -> Result<Option<f64>> {
    let size = attribute(element, name)?.and_then(|v| v.trim().parse::<f64>().ok());
    let unit = attribute(element, &format!("{name}Unit"))?.map_or(Some(1.0), |unit| micrometres(&unit));
    let size = size.zip(unit).map(|(size, unit)| size * unit);
    Ok(size.filter(|size| size.is_finite() && *size > 0.0))
}

/// Reads a description. Errors: `Format` if it is no XML; `Unsupported` if it declares entities.
pub(crate) fn read(text: &str) -> Result<Ome> {
    let mut parser = Parser::default();
    let mut reader = Reader::from_str(text);
    loop {
        match reader.read_event().map_err(|e| unreadable(&e.to_string()))? {
            Event::Start(element) => parser.start(&element, false)?,
            Event::Empty(element) => parser.start(&element, true)?,
            Event::Text(part) if parser.in_uuid => parser.uuid.push_str(&part),
            Event::End(element) => parser.end(element.local_name().as_ref()),
            Event::DocType(_) => {
                return Err(Error::new(
                    Status::Unsupported,
                    "the OME description declares a document type (DOCTYPE); expected none, since entities may expand \
                     without limit: write the file again without it",
                ))
            }
            Event::Eof => return Ok(parser.ome),
            _ => {}
        }
    }
}

#[derive(Default)]
struct Parser {
    ome: Ome,
    known: HashMap<Named, usize>,
    in_pixels: bool,
    in_uuid: bool,
    file: Option<String>,
    uuid: String,
}

impl Parser {
    fn start(&mut self, element: &BytesStart<'_>, empty: bool) -> Result<()> {
        let name = element.local_name();
        match name.as_ref() {
            "OME" if self.ome.images.is_empty() => self.ome.uuid = attribute(element, "UUID")?,
            "BinaryOnly" => {
                let file = attribute(element, "MetadataFile")?.unwrap_or_default();
                let uuid = attribute(element, "UUID")?.unwrap_or_default();
                self.ome.binary_only = Some(Named { file, uuid });
            }
            "Image" => self.ome.images.push(Image::default()),
            "Pixels" => {
                self.pixels(element)?;
                self.in_pixels = !empty;
            }
            "Channel" if self.in_pixels => {
                let samples = number(element, "SamplesPerPixel")?.unwrap_or(1).clamp(1, u64::from(u16::MAX));
                if let Some(image) = self.ome.images.last_mut() {
                    image.channels.push(samples);
                }
            }
            "TiffData" if self.in_pixels => {
                let first = ["FirstZ", "FirstC", "FirstT"].map(|name| number(element, name));
                let [z, c, t] = first;
                let first = [z?, c?, t?].map(|v| v.unwrap_or(0));
                let data =
                    Data { ifd: number(element, "IFD")?, count: number(element, "PlaneCount")?, first, file: None };
                if let Some(image) = self.ome.images.last_mut() {
                    image.data.push(data);
                }
            }
            "UUID" if self.in_pixels => {
                self.file = attribute(element, "FileName")?;
                self.uuid.clear();
                self.in_uuid = true;
                if empty {
                    self.end("UUID");
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn pixels(&mut self, element: &BytesStart<'_>) -> Result<()> {
        if self.ome.images.is_empty() {
            self.ome.images.push(Image::default());
        }
        let order = attribute(element, "DimensionOrder")?.unwrap_or_default();
        let mut image = Image { order, ..Image::default() };
        for (size, name) in image.size.iter_mut().zip(["SizeX", "SizeY"]) {
            *size = number(element, name)?;
        }
        for (size, name) in image.axes.iter_mut().zip(["SizeZ", "SizeC", "SizeT"]) {
            *size = number(element, name)?;
        }
        for (size, name) in image.pixel_size_um.iter_mut().zip(["PhysicalSizeX", "PhysicalSizeY"]) {
            *size = physical_size(element, name)?;
        }
        if let Some(last) = self.ome.images.last_mut() {
            *last = image;
        }
        Ok(())
    }

    fn end(&mut self, name: &str) {
        match name {
            "Pixels" => self.in_pixels = false,
            "UUID" if self.in_uuid => {
                self.in_uuid = false;
                let named = Named { file: self.file.take().unwrap_or_default(), uuid: self.uuid.trim().to_owned() };
                let next = self.ome.files.len();
                let index = *self.known.entry(named.clone()).or_insert(next);
                if index == next {
                    self.ome.files.push(named);
                }
                if let Some(data) = self.ome.images.last_mut().and_then(|image| image.data.last_mut()) {
                    data.file = Some(index);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_sizes_units_and_files() {
        let text = "<?xml version=\"1.0\"?><ome:OME xmlns:ome=\"x\" UUID=\"urn:uuid:1\"><ome:Image><ome:Pixels\n  \
                    SizeC=\"2\" SizeT='1' SizeZ=\"3\" PhysicalSizeXUnit=\"n&#x6d;\" PhysicalSizeX=\"65\">\
                    <ome:TiffData IFD=\"2\" FirstZ=\"1\"><ome:UUID FileName=\"a&amp;b.tif\">urn:uuid:2</ome:UUID>\
                    </ome:TiffData></ome:Pixels></ome:Image></ome:OME>";
        let ome = read(text).unwrap();
        let image = &ome.images[0];
        assert_eq!((image.axes, image.pixel_size_um[0]), ([Some(3), Some(2), Some(1)], Some(0.065)));
        assert_eq!((image.data[0].ifd, image.data[0].first, image.data[0].file), (Some(2), [1, 0, 0], Some(0)));
        assert_eq!(ome.files, [Named { file: "a&b.tif".into(), uuid: "urn:uuid:2".into() }]);
    }

    #[test]
    fn refuses_entities_and_other_text() {
        let bomb = "<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><OME>&b;</OME>";
        assert!(read(bomb).unwrap_err().message().contains("DOCTYPE"));
        assert!(read("<OME><Image></OME>").unwrap_err().message().contains("no well-formed XML"));
    }
}
