//! Writes a description for a file that has none in OME-XML.

use quick_xml::events::{BytesDecl, BytesStart, Event};
use quick_xml::Writer;

use super::read::unreadable;
use crate::error::{Error, Result, Status};
use crate::tiff::format::{Axes, PageFormat};
use crate::tiff::stored::{Kind, Stored};

/// What a description says of an image.
pub(crate) struct New<'a> {
    pub name: &'a str,
    pub uuid: String,
    pub format: PageFormat,
    pub axes: Axes,
    /// Micrometres from pixel to pixel along x, y and z.
    pub pixel_size_um: [Option<f64>; 3],
}

/// The schema's name of a pixel type. Errors: `Unsupported`.
fn type_name(stored: Stored) -> Result<&'static str> {
    match (stored.kind(), stored.bits()) {
        (Kind::Unsigned, ..=8) => Ok("uint8"),
        (Kind::Unsigned, ..=16) => Ok("uint16"),
        (Kind::Unsigned, 32) => Ok("uint32"),
        (Kind::Signed, 8) => Ok("int8"),
        (Kind::Signed, 16) => Ok("int16"),
        (Kind::Signed, 32) => Ok("int32"),
        (Kind::Float, 32) => Ok("float"),
        (Kind::Float, 64) => Ok("double"),
        _ => Err(Error::new(
            Status::Unsupported,
            format!("OME-TIFF has no name for {stored} pixels; convert them to 32-bit float, or write a plain TIFF"),
        )),
    }
}

/// The description. Planes lie in the order channel, z, time. Errors: `Unsupported`.
pub(crate) fn describe(new: &New) -> Result<String> {
    let samples = new.format.channels.samples();
    let number = |value: usize| value.to_string();
    let mut ome = BytesStart::new("OME");
    ome.push_attribute(("xmlns", "http://www.openmicroscopy.org/Schemas/OME/2016-06"));
    ome.push_attribute(("UUID", new.uuid.as_str()));
    ome.push_attribute(("Creator", concat!("Parfocal ", env!("CARGO_PKG_VERSION"))));
    let image = BytesStart::new("Image").with_attributes([("ID", "Image:0"), ("Name", new.name)]);
    let mut pixels = BytesStart::new("Pixels").with_attributes([
        ("ID", "Pixels:0"),
        ("DimensionOrder", "XYCZT"),
        ("Type", type_name(new.format.stored)?),
        ("Interleaved", if samples > 1 { "true" } else { "false" }),
    ]);
    let sizes = [
        ("SizeX", number(new.format.width)),
        ("SizeY", number(new.format.height)),
        ("SizeC", (new.axes.channels * samples as u64).to_string()),
        ("SizeZ", new.axes.slices.to_string()),
        ("SizeT", new.axes.frames.to_string()),
    ];
    sizes.iter().for_each(|(name, size)| pixels.push_attribute((*name, size.as_str())));
    for (axis, size) in ["X", "Y", "Z"].into_iter().zip(new.pixel_size_um) {
        let Some(size) = size else { continue };
        let (name, size) = (format!("PhysicalSize{axis}"), size.to_string());
        pixels.push_attribute((name.as_str(), size.as_str()));
        pixels.push_attribute((format!("{name}Unit").as_str(), "\u{b5}m"));
    }
    let mut out = Writer::new(Vec::new());
    let mut write = |event: Event<'_>| out.write_event(event).map_err(|e| unreadable(&e.to_string()));
    write(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let open = [ome, image, pixels];
    open.iter().try_for_each(|element| write(Event::Start(element.borrow())))?;
    for channel in 0..new.axes.channels {
        let (id, samples) = (format!("Channel:0:{channel}"), number(samples));
        let attributes = [("ID", id.as_str()), ("SamplesPerPixel", samples.as_str())];
        write(Event::Empty(BytesStart::new("Channel").with_attributes(attributes)))?;
    }
    let planes = (new.axes.channels * new.axes.slices * new.axes.frames).to_string();
    let data = [("IFD", "0"), ("PlaneCount", planes.as_str())];
    write(Event::Empty(BytesStart::new("TiffData").with_attributes(data)))?;
    open.iter().rev().try_for_each(|element| write(Event::End(element.to_end())))?;
    String::from_utf8(out.into_inner()).map_err(|e| unreadable(&e.to_string()))
}
