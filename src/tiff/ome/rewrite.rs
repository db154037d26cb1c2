//! Rewrites OME-XML for an output: file names, identifiers, and the planes that are in it. All else stays as it is,
//! byte for byte.

use std::collections::BTreeSet;

use quick_xml::events::attributes::Attribute;
use quick_xml::events::{BytesStart, BytesText, Event};
use quick_xml::{Reader, Writer};

use super::names::Names;
use super::read::{attribute, unreadable, Data, Image, Named, Ome};
use crate::error::Result;

/// A description for the output.
pub(crate) struct Rewritten {
    /// `None`: it says nothing true about the output, and goes.
    pub text: Option<String>,
    /// Sentences on what is lost.
    pub warnings: Vec<String>,
}

/// A plane of the input: z, c, t, and its directory.
type Plane = ([u64; 3], u64);

/// What happens to an image of the description.
enum Fate {
    /// It shrinks to the planes in this file: the sorted z, c and t that remain, the planes, and the samples of a
    /// pixel, which count as channels.
    Shrinks { axes: [Vec<u64>; 3], planes: Vec<Plane>, samples: u64 },
    /// It has no plane in this file.
    Goes,
}

/// The description of an output of `pages` pages.
pub(crate) fn rewrite(text: &str, ome: &Ome, names: &Names, pages: u64) -> Result<Rewritten> {
    let whole_set = |file: &Named| names.set.contains_key(&file.file);
    if let Some(metadata) = &ome.binary_only {
        if whole_set(metadata) {
            return done(edit(text, names, &[], false)?);
        }
        return Ok(Rewritten {
            text: None,
            warnings: vec![format!(
                "its OME description is in another file, {}, which is not restored with it into another folder; the \
                 output has none",
                quoted(&metadata.file)
            )],
        });
    }
    let own = |index: usize| is_own(ome, &ome.files[index], names);
    let strangers: BTreeSet<&str> =
        (0..ome.files.len()).filter(|&i| !own(i)).map(|i| ome.files[i].file.as_str()).collect();
    if strangers.is_empty() || ome.files.iter().all(whole_set) {
        return done(edit(text, names, &[], names.output.is_none())?);
    }
    let lost = format!(
        "the OME description places planes in {} other file{} ({}), which {} not restored with it into another folder",
        strangers.len(),
        if strangers.len() == 1 { "" } else { "s" },
        quoted(strangers.iter().next().unwrap_or(&"")),
        if strangers.len() == 1 { "is" } else { "are" },
    );
    let fates: Option<Vec<Fate>> = ome.images.iter().map(|image| fate(image, &own, pages)).collect();
    let found: u64 = fates
        .iter()
        .flatten()
        .map(|fate| match fate {
            Fate::Shrinks { planes, .. } => planes.len() as u64,
            _ => 0,
        })
        .sum();
    match fates.filter(|_| found == pages) {
        Some(fates) => Ok(Rewritten {
            text: Some(edit(text, names, &fates, true)?),
            warnings: vec![format!("{lost}; the output describes its own planes only")],
        }),
        None => Ok(Rewritten { text: None, warnings: vec![format!("{lost}; the output has no description")] }),
    }
}

fn done(text: String) -> Result<Rewritten> {
    Ok(Rewritten { text: Some(text), warnings: Vec::new() })
}

/// A name for a message; the text may be of any length.
fn quoted(name: &str) -> String {
    let short: String = name.chars().take(80).collect();
    format!("{short:?}")
}

/// Whether a named file is the one that holds the description: by identifier, by name, or because no other is named.
fn is_own(ome: &Ome, file: &Named, names: &Names) -> bool {
    let by_uuid = ome.uuid.as_ref().is_some_and(|own| *own == file.uuid);
    let only = ome.files.iter().all(|other| other.file == file.file);
    by_uuid || file.file == names.input || file.file.is_empty() || only
}

/// What becomes of an image whose description names other files; `None` if its planes in this file are no box.
fn fate(image: &Image, own: &dyn Fn(usize) -> bool, pages: u64) -> Option<Fate> {
    let mut planes: Vec<Plane> = Vec::new();
    for data in image.data.iter().filter(|data| data.file.is_none_or(own)) {
        planes.extend(expand(image, data, pages)?);
        if planes.len() as u64 > pages {
            return None;
        }
    }
    if planes.is_empty() {
        return Some(Fate::Goes);
    }
    let along = |axis: usize| planes.iter().map(|p| p.0[axis]).collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>();
    let axes = [along(0), along(1), along(2)];
    let distinct: BTreeSet<_> = planes.iter().map(|p| p.0).collect();
    let full = distinct.len() == planes.len() && axes.iter().map(Vec::len).product::<usize>() == planes.len();
    full.then_some(Fate::Shrinks { axes, planes, samples: image.samples() })
}

/// The planes of a `TiffData` element; `None` if they contradict the sizes, or are more than the file has pages.
fn expand(image: &Image, data: &Data, pages: u64) -> Option<Vec<Plane>> {
    let [z, c, t] = image.axes.map(|size| size.unwrap_or(1).max(1));
    let sizes = [z, c.div_ceil(image.samples()), t];
    let all = sizes.iter().try_fold(1u64, |n, &m| n.checked_mul(m))?;
    let count = data.count.unwrap_or(if data.ifd.is_some() { 1 } else { all });
    if count > pages {
        return None;
    }
    let order: Vec<usize> = image.order.chars().filter_map(|c| "ZCT".find(c)).collect();
    let order: [usize; 3] = order.try_into().unwrap_or([0, 1, 2]);
    let mut at = data.first;
    let mut planes = Vec::new();
    for step in 0..count {
        if at.iter().zip(sizes).any(|(&at, size)| at >= size) {
            return None;
        }
        planes.push((at, data.ifd.unwrap_or(0) + step));
        for axis in order {
            at[axis] += 1;
            if at[axis] < sizes[axis] || axis == order[2] {
                break;
            }
            at[axis] = 0;
        }
    }
    Some(planes)
}

/// The element with some attributes changed, all others as they are. `None` removes one.
fn with(element: &BytesStart<'_>, changes: &[(&str, Option<String>)]) -> Result<BytesStart<'static>> {
    let name = element.name().as_ref().to_owned();
    let mut changed = BytesStart::new(name);
    for found in element.attributes().with_checks(false) {
        let found = found.map_err(|e| unreadable(&e.to_string()))?;
        match changes.iter().find(|(key, _)| *key == found.key.as_ref()) {
            Some((key, Some(value))) => changed.push_attribute((*key, value.as_str())),
            Some((_, None)) => {}
            None => changed.push_attribute(Attribute { key: found.key, value: found.value }),
        }
    }
    Ok(changed.into_owned())
}

/// Copies the text with new names and identifiers; images follow `fates`, and `drop_names` removes the files that
/// `TiffData` names, so that it means the output itself.
fn edit(text: &str, names: &Names, fates: &[Fate], drop_names: bool) -> Result<String> {
    let mut editor = Editor { names, fates, drop_names, ..Editor::new(names) };
    let mut reader = Reader::from_str(text);
    loop {
        match reader.read_event().map_err(|e| unreadable(&e.to_string()))? {
            Event::Eof => break,
            Event::Start(element) => editor.start(element, false)?,
            Event::Empty(element) => editor.start(element, true)?,
            Event::End(element) => editor.end(Event::End(element))?,
            Event::Text(part) if editor.in_uuid && editor.skipped == 0 => {
                let new = names.uuid(part.trim());
                editor.write(Event::Text(BytesText::new(&new)))?;
            }
            other => editor.write(other)?,
        }
    }
    String::from_utf8(editor.out.into_inner()).map_err(|e| unreadable(&e.to_string()))
}

struct Editor<'a> {
    names: &'a Names,
    fates: &'a [Fate],
    drop_names: bool,
    out: Writer<Vec<u8>>,
    /// Number of the current image, from 1.
    image: usize,
    /// Number of the next channel of this image.
    channel: u64,
    in_uuid: bool,
    in_pixels: bool,
    /// Whether the planes of this image are listed already.
    listed: bool,
    /// Depth inside an element that is left out; 0 outside of one.
    skipped: usize,
}

impl<'a> Editor<'a> {
    fn new(names: &'a Names) -> Self {
        Self {
            names,
            fates: &[],
            drop_names: false,
            out: Writer::new(Vec::new()),
            image: 0,
            channel: 0,
            in_uuid: false,
            in_pixels: false,
            listed: false,
            skipped: 0,
        }
    }

    fn write(&mut self, event: Event<'_>) -> Result<()> {
        if self.skipped > 0 {
            return Ok(());
        }
        self.out.write_event(event).map_err(|e| unreadable(&e.to_string()))
    }

    fn fate(&self) -> Option<&'a Fate> {
        self.fates.get(self.image.checked_sub(1)?)
    }

    fn start(&mut self, element: BytesStart<'_>, empty: bool) -> Result<()> {
        if self.skipped > 0 {
            self.skipped += usize::from(!empty);
            return Ok(());
        }
        let local = element.local_name().as_ref().to_owned();
        if local == "Image" {
            (self.image, self.channel, self.listed) = (self.image + 1, 0, false);
        }
        if local == "Pixels" {
            self.in_pixels = !empty;
        }
        let changed = match self.changed(&local, &element)? {
            Some(changed) => changed,
            None => {
                self.skipped = usize::from(!empty);
                return Ok(());
            }
        };
        self.in_uuid |= local == "UUID" && self.in_pixels && !empty;
        let event = if empty { Event::Empty(changed) } else { Event::Start(changed) };
        self.write(event)
    }

    fn end(&mut self, event: Event<'_>) -> Result<()> {
        if self.skipped > 0 {
            self.skipped -= 1;
            return Ok(());
        }
        if let Event::End(element) = &event {
            match element.local_name().as_ref() {
                "UUID" => self.in_uuid = false,
                "Pixels" => self.in_pixels = false,
                _ => {}
            }
        }
        self.write(event)
    }

    /// The element as it is written; `None` if it is left out with all that it holds.
    fn changed<'e>(&mut self, local: &str, element: &'e BytesStart<'_>) -> Result<Option<BytesStart<'e>>> {
        let renewed = |old: Option<String>| old.map(|old| self.names.uuid(old.trim()));
        let same = || Ok(Some(element.borrow()));
        match (local, self.fate()) {
            ("OME", _) => {
                let uuid = renewed(attribute(element, "UUID")?);
                if uuid.is_none() {
                    return same();
                }
                with(element, &[("UUID", uuid)]).map(Some)
            }
            ("BinaryOnly", _) => {
                let file = attribute(element, "MetadataFile")?.and_then(|file| self.names.set.get(&file).cloned());
                with(element, &[("MetadataFile", file), ("UUID", renewed(attribute(element, "UUID")?))]).map(Some)
            }
            ("UUID", _) if self.in_pixels => {
                if self.drop_names {
                    return Ok(None);
                }
                let Some(file) = attribute(element, "FileName")? else { return same() };
                let own = self.names.output.clone();
                let new = self.names.set.get(&file).cloned().or(own);
                with(element, &[("FileName", new)]).map(Some)
            }
            ("Image", Some(Fate::Goes)) => Ok(None),
            ("Pixels", Some(Fate::Shrinks { axes, samples, .. })) => {
                let sizes = [axes[0].len() as u64, axes[1].len() as u64 * samples, axes[2].len() as u64];
                let [z, c, t] = sizes.map(|size| Some(size.to_string()));
                with(element, &[("SizeZ", z), ("SizeC", c), ("SizeT", t)]).map(Some)
            }
            (_, Some(Fate::Shrinks { axes, planes, .. })) if self.in_pixels => {
                self.shrunk(local, element, axes, planes)
            }
            _ => same(),
        }
    }

    /// As `changed`, inside the pixels of an image that shrinks.
    fn shrunk<'e>(
        &mut self,
        local: &str,
        element: &'e BytesStart<'_>,
        axes: &[Vec<u64>; 3],
        planes: &[Plane],
    ) -> Result<Option<BytesStart<'e>>> {
        let rank = |axis: usize, at: u64| axes[axis].binary_search(&at).ok().map(|rank| rank.to_string());
        match local {
            "Channel" => {
                self.channel += 1;
                Ok(axes[1].binary_search(&(self.channel - 1)).is_ok().then(|| element.borrow()))
            }
            "TiffData" => {
                if !std::mem::replace(&mut self.listed, true) {
                    for (at, ifd) in planes {
                        let [z, c, t] = [0, 1, 2].map(|axis| rank(axis, at[axis]).unwrap_or_default());
                        let mut plane = BytesStart::new(element.name().as_ref().to_owned());
                        let ifd = ifd.to_string();
                        let values = [("FirstC", &c), ("FirstT", &t), ("FirstZ", &z), ("IFD", &ifd)];
                        values.iter().for_each(|(name, value)| plane.push_attribute((*name, value.as_str())));
                        plane.push_attribute(("PlaneCount", "1"));
                        self.write(Event::Empty(plane))?;
                    }
                }
                Ok(None)
            }
            "Plane" => {
                let mut changes = Vec::new();
                for (axis, name) in ["TheZ", "TheC", "TheT"].into_iter().enumerate() {
                    let at = attribute(element, name)?.and_then(|v| v.trim().parse().ok()).unwrap_or(0);
                    let Some(rank) = rank(axis, at) else { return Ok(None) };
                    changes.push((name, Some(rank)));
                }
                with(element, &changes).map(Some)
            }
            _ => Ok(Some(element.borrow())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::read::read;
    use super::*;

    const SET: &str = "<OME UUID=\"urn:uuid:a\"><!-- kept --><Image ID=\"Image:0\"><Pixels SizeZ=\"2\" SizeC=\"2\" \
                       SizeT=\"1\" DimensionOrder=\"XYZCT\"><Channel ID=\"c0\"/><Channel ID=\"c1\"><LightPath/>\
                       </Channel><TiffData IFD=\"0\" FirstC=\"0\" PlaneCount=\"2\"><UUID FileName=\"a.tif\">urn:uuid:a\
                       </UUID></TiffData><TiffData IFD=\"0\" FirstC=\"1\" PlaneCount=\"2\"><UUID FileName=\"b.tif\">\
                       urn:uuid:b</UUID></TiffData><Plane TheZ=\"1\" TheC=\"0\" TheT=\"0\" DeltaT=\"3\"/><Plane \
                       TheZ=\"1\" TheC=\"1\" TheT=\"0\" DeltaT=\"4\"/></Pixels></Image></OME>";

    fn names(set: &[(&str, &str)]) -> Names {
        Names {
            input: "a.tif".into(),
            output: Some("a-restored.tif".into()),
            set: set.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect(),
            seed: "seed".into(),
        }
    }

    #[test]
    fn a_set_names_its_outputs() {
        let names = names(&[("a.tif", "a-restored.tif"), ("b.tif", "b-restored.tif")]);
        let after = rewrite(SET, &read(SET).unwrap(), &names, 2).unwrap();
        assert!(after.warnings.is_empty());
        let ome = read(&after.text.unwrap()).unwrap();
        let files: Vec<_> = ome.files.iter().map(|f| f.file.as_str()).collect();
        assert_eq!(files, ["a-restored.tif", "b-restored.tif"]);
        assert_eq!(ome.uuid.as_deref(), Some(ome.files[0].uuid.as_str()));
        assert!(ome.files[0].uuid.starts_with("urn:uuid:") && ome.files[0].uuid != ome.files[1].uuid);
    }

    #[test]
    fn a_part_describes_its_own_planes() {
        let after = rewrite(SET, &read(SET).unwrap(), &names(&[]), 2).unwrap();
        assert!(after.warnings[0].contains("1 other file (\"b.tif\")"), "{:?}", after.warnings);
        let text = after.text.unwrap();
        let ome = read(&text).unwrap();
        assert_eq!(ome.images[0].axes, [Some(2), Some(1), Some(1)]);
        assert_eq!((ome.files.len(), ome.images[0].data.len()), (0, 2));
        assert!(
            text.contains("c0") && !text.contains("c1") && text.contains("DeltaT=\"3\"") && !text.contains("=\"4\"")
        );
        assert!(text.contains("<!-- kept -->"), "{text}");
    }

    #[test]
    fn a_renamed_single_file_is_itself() {
        let text = SET.replace("b.tif", "a.tif").replace("urn:uuid:b", "urn:uuid:a");
        let names = Names { input: "other.tif".into(), ..names(&[]) };
        let after = rewrite(&text, &read(&text).unwrap(), &names, 4).unwrap();
        let ome = read(&after.text.unwrap()).unwrap();
        assert_eq!(ome.files.len(), 1);
        assert_eq!(ome.files[0].file, "a-restored.tif");
    }

    #[test]
    fn a_file_without_metadata_loses_its_reference() {
        let text = "<OME UUID=\"u\"><BinaryOnly MetadataFile=\"x.companion.ome\" UUID=\"v\"/></OME>";
        let after = rewrite(text, &read(text).unwrap(), &names(&[]), 1).unwrap();
        assert!(after.text.is_none() && after.warnings[0].contains("\"x.companion.ome\""));
    }
}
