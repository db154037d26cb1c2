//! Reads the directories (IFDs) of a TIFF file. Every count and offset is checked against the file's length before use.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom, Take};

use tiff::tags::{ByteOrder, Type};

use super::errors::io_error;
use super::tag::size_of;
use crate::error::{Error, Result, Status};

/// One entry of a directory: type, number of values, and the value itself or its place in the file.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub tag: u16,
    pub kind: Type,
    pub count: u64,
    /// Length of the value in bytes; it lies inside the file.
    pub bytes: u64,
    place: Place,
}

impl Entry {
    /// Where the value lies in the file, if not in the directory.
    pub fn at(&self) -> Option<u64> {
        match self.place {
            Place::At(at) => Some(at),
            Place::Inline(_) => None,
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Place {
    Inline([u8; 8]),
    At(u64),
}

/// The directory of one page.
#[derive(Debug)]
pub(crate) struct Directory {
    /// Sorted by tag; entries of one tag in their order in the file.
    entries: Vec<Entry>,
    /// Offset of the next page's directory; 0 after the last.
    pub next: u64,
}

impl Directory {
    /// The first entry of a tag, which other readers take too. Micro-Manager repeats ImageDescription.
    pub fn get(&self, tag: u16) -> Option<&Entry> {
        self.entries.get(self.entries.partition_point(|e| e.tag < tag)).filter(|e| e.tag == tag)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }
}

/// An open TIFF file.
#[derive(Debug)]
pub(crate) struct Source {
    file: File,
    pub length: u64,
    pub order: ByteOrder,
    /// Whether it is a BigTIFF.
    pub big: bool,
    /// Offset of the first directory.
    pub first: u64,
}

impl Source {
    /// Reads the header.
    pub fn new(mut file: File) -> Result<Self> {
        let length = file.metadata().map_err(|e| io_error("asking for its length", &e))?.len();
        let mut header = Vec::with_capacity(16);
        file.by_ref().take(16).read_to_end(&mut header).map_err(|e| io_error("reading its header", &e))?;
        if header.is_empty() {
            return Err(Error::new(Status::Format, "the file is empty; expected a TIFF image"));
        }
        let order = match header.get(..4) {
            Some(b"II\x2a\0" | b"II\x2b\0") => ByteOrder::LittleEndian,
            Some(b"MM\0\x2a" | b"MM\0\x2b") => ByteOrder::BigEndian,
            _ => return Err(not_tiff(&header)),
        };
        let big = header[2..4].contains(&0x2b);
        let mut source = Self { file, length, order, big, first: 0 };
        let wanted = if big { 16 } else { 8 };
        if header.len() < wanted {
            return Err(Error::new(
                Status::Format,
                format!(
                    "the file ends after {} bytes, inside its header; it is truncated: copy it again",
                    header.len()
                ),
            ));
        }
        if big && (source.u16(&header[4..]) != 8 || source.u16(&header[6..]) != 0) {
            return Err(Error::new(Status::Format, "its BigTIFF header is damaged: offsets are not of 8 bytes"));
        }
        source.first = if big { source.u64(&header[8..]) } else { u64::from(source.u32(&header[4..])) };
        Ok(source)
    }

    /// Reads the directory at `offset`; refuses values that do not fit into the file.
    pub fn directory(&mut self, offset: u64) -> Result<Directory> {
        let (count_size, entry_size, next_size) = if self.big { (8, 20, 8) } else { (2, 12, 4) };
        let count = self.read(offset, count_size, "its directory")?;
        let count = if self.big { self.u64(&count) } else { u64::from(self.u16(&count)) };
        if count > u64::from(u16::MAX) {
            return Err(Error::new(
                Status::Format,
                format!("a directory of {count} entries; no TIFF has more than 65535: the file is damaged"),
            ));
        }
        let body = self.read(offset + count_size, count * entry_size + next_size, "its directory")?;
        let mut entries = Vec::new();
        for raw in body[..(count * entry_size) as usize].chunks_exact(entry_size as usize) {
            if let Some(entry) = self.entry(raw)? {
                entries.push(entry);
            }
        }
        entries.sort_by_key(|e| e.tag);
        self.values_fit(&entries)?;
        let next = &body[(count * entry_size) as usize..];
        let next = if self.big { self.u64(next) } else { u64::from(self.u32(next)) };
        Ok(Directory { entries, next })
    }

    /// Refuses a directory whose values together are larger than the file: they share their bytes, and a copy of them
    /// would need more memory than the file is large.
    fn values_fit(&self, entries: &[Entry]) -> Result<()> {
        let bytes = entries.iter().map(|e| u128::from(e.bytes)).sum::<u128>();
        if bytes <= u128::from(self.length) {
            return Ok(());
        }
        Err(Error::new(
            Status::Format,
            format!(
                "the values of a directory's tags have {bytes} bytes, more than the {} of the file: they share their \
                 bytes, and the file is damaged: copy it again from its source",
                self.length
            ),
        ))
    }

    fn entry(&self, raw: &[u8]) -> Result<Option<Entry>> {
        let tag = self.u16(raw);
        // Entries of an unknown type are skipped, as TIFF 6.0 asks of readers.
        let Some(kind) = Type::from_u16(self.u16(&raw[2..])) else { return Ok(None) };
        let (count, field) =
            if self.big { (self.u64(&raw[4..]), &raw[12..20]) } else { (u64::from(self.u32(&raw[4..])), &raw[8..12]) };
        let bytes = count.checked_mul(size_of(kind) as u64).filter(|&n| n <= self.length).ok_or_else(|| {
            Error::new(
                Status::Format,
                format!(
                    "tag {tag} claims {count} values, more than the {} bytes of the file can hold: the file is damaged",
                    self.length
                ),
            )
        })?;
        let place = if bytes <= field.len() as u64 {
            let mut inline = [0; 8];
            inline[..field.len()].copy_from_slice(field);
            Place::Inline(inline)
        } else {
            let at = if self.big { self.u64(field) } else { u64::from(self.u32(field)) };
            self.inside(at, bytes, &format!("the value of tag {tag}"))?;
            Place::At(at)
        };
        Ok(Some(Entry { tag, kind, count, bytes, place }))
    }

    /// The value of an entry in this machine's byte order.
    pub fn value(&mut self, entry: &Entry) -> Result<Vec<u8>> {
        let mut value = match entry.place {
            Place::Inline(bytes) => bytes[..entry.bytes as usize].to_vec(),
            Place::At(at) => self.read(at, entry.bytes, "a tag")?,
        };
        self.order.convert(entry.kind, &mut value, ByteOrder::native());
        Ok(value)
    }

    /// The values of an entry of whole numbers.
    pub fn integers(&mut self, entry: &Entry) -> Result<Vec<u64>> {
        let value = self.value(entry)?;
        let wrong = || {
            Error::new(
                Status::Format,
                format!("tag {} holds {:?}, expected whole numbers: the file is damaged", entry.tag, entry.kind),
            )
        };
        match entry.kind {
            Type::BYTE => Ok(value.iter().map(|&b| u64::from(b)).collect()),
            Type::SHORT => Ok(bytemuck::pod_collect_to_vec::<u8, u16>(&value).into_iter().map(u64::from).collect()),
            Type::LONG | Type::IFD => {
                Ok(bytemuck::pod_collect_to_vec::<u8, u32>(&value).into_iter().map(u64::from).collect())
            }
            Type::LONG8 | Type::IFD8 => Ok(bytemuck::pod_collect_to_vec(&value)),
            _ => Err(wrong()),
        }
    }

    /// The whole numbers of a tag that has at most one for each sample; empty if the tag is missing.
    pub fn few_integers(&mut self, directory: &Directory, tag: u16) -> Result<Vec<u64>> {
        match directory.get(tag) {
            None => Ok(Vec::new()),
            Some(entry) if entry.count <= u64::from(u16::MAX) => self.integers(entry),
            Some(entry) => Err(Error::new(
                Status::Format,
                format!("tag {tag} has {} values, expected one or a few: the file is damaged", entry.count),
            )),
        }
    }

    /// The first whole number of such a tag.
    pub fn integer(&mut self, directory: &Directory, tag: u16) -> Result<Option<u64>> {
        Ok(self.few_integers(directory, tag)?.first().copied())
    }

    /// Refuses a range that does not lie inside the file.
    pub fn inside(&self, at: u64, bytes: u64, what: &str) -> Result<()> {
        match at.checked_add(bytes) {
            Some(end) if end <= self.length => Ok(()),
            _ => Err(Error::new(
                Status::Format,
                format!(
                    "{what} should be {bytes} bytes at {at}, but the file ends at {}; it is truncated or damaged: copy \
                     it again from its source",
                    self.length
                ),
            )),
        }
    }

    /// Bytes of the file. Errors: `Format` if they do not lie inside it; `OutOfMemory`; `Io`.
    pub fn read(&mut self, at: u64, bytes: u64, what: &str) -> Result<Vec<u8>> {
        self.inside(at, bytes, what)?;
        let length = usize::try_from(bytes).map_err(|_| {
            Error::new(Status::OutOfMemory, format!("{what} has {bytes} bytes, too many for this machine"))
        })?;
        let mut buffer = Vec::new();
        buffer
            .try_reserve_exact(length)
            .map_err(|_| Error::new(Status::OutOfMemory, format!("no memory for the {bytes} bytes of {what}")))?;
        buffer.resize(length, 0);
        self.file.seek(SeekFrom::Start(at)).map_err(|e| io_error("reading", &e))?;
        self.file.read_exact(&mut buffer).map_err(|e| io_error("reading", &e))?;
        Ok(buffer)
    }

    /// A part of the file as a stream.
    pub fn part(&mut self, at: u64, bytes: u64, what: &str) -> Result<BufReader<Take<&mut File>>> {
        self.inside(at, bytes, what)?;
        self.file.seek(SeekFrom::Start(at)).map_err(|e| io_error("reading", &e))?;
        Ok(BufReader::with_capacity(bytes.clamp(1, 1 << 16) as usize, self.file.by_ref().take(bytes)))
    }

    /// A number of 32 bits in the file's byte order.
    pub fn number32(&self, raw: &[u8]) -> u32 {
        self.u32(raw)
    }

    fn u16(&self, raw: &[u8]) -> u16 {
        let raw = [raw[0], raw[1]];
        if self.order == ByteOrder::LittleEndian {
            u16::from_le_bytes(raw)
        } else {
            u16::from_be_bytes(raw)
        }
    }

    fn u32(&self, raw: &[u8]) -> u32 {
        let raw = [raw[0], raw[1], raw[2], raw[3]];
        if self.order == ByteOrder::LittleEndian {
            u32::from_le_bytes(raw)
        } else {
            u32::from_be_bytes(raw)
        }
    }

    fn u64(&self, raw: &[u8]) -> u64 {
        let (first, second) = (u64::from(self.u32(raw)), u64::from(self.u32(&raw[4..])));
        if self.order == ByteOrder::LittleEndian {
            first | second << 32
        } else {
            first << 32 | second
        }
    }
}

/// The error for a microscope's own file format.
pub(super) fn elsewhere(container: &str) -> Error {
    Error::new(
        Status::Unsupported,
        format!(
            "{container}, which is read by Bio-Formats: open it in Fiji and restore it there (Plugins > Parfocal), or \
             read it in Python with bioio and save it as TIFF; this command expects a TIFF file"
        ),
    )
}

/// The format of a microscope's file, by its first bytes.
fn container(header: &[u8]) -> Option<&'static str> {
    match header {
        [b'Z', b'I', b'S', b'R', b'A', b'W', b'F', b'I', b'L', b'E', ..] => Some("a Zeiss CZI file"),
        [0xda, 0xce, 0xbe, 0x0a, ..] | [0, 0, 0, 0x0c, b'j', b'P', b' ', b' ', ..] => Some("a Nikon ND2 file"),
        [0x70, 0, 0, 0, _, _, _, _, 0x2a, ..] => Some("a Leica LIF file"),
        [b'O', b'L', b'Y', b'M', b'P', b'U', b'S', b'R', b'A', b'W', ..] => Some("an Olympus OIR file"),
        [b'S', b'I', b'S', 0, ..] => Some("an Olympus ETS file, a part of a VSI image"),
        [0xd0, 0xcf, 0x11, 0xe0, ..] => Some("a compound file (Olympus OIB, Zeiss ZVI or another)"),
        _ => None,
    }
}

/// The error for a file that is no TIFF. It guesses the real format, since people rename files without converting them.
fn not_tiff(header: &[u8]) -> Error {
    if let Some(container) = container(header) {
        return elsewhere(container);
    }
    let looks = match header {
        [0x89, b'P', b'N', b'G', ..] => "a PNG image",
        [0xff, 0xd8, ..] => "a JPEG image",
        [b'G', b'I', b'F', b'8', ..] => "a GIF image",
        [b'B', b'M', ..] => "a BMP image",
        [b'P', b'K', 3, 4, ..] => "a ZIP archive",
        [0x1f, 0x8b, ..] => "a gzip archive",
        [0x89, b'H', b'D', b'F', ..] => "an HDF5 file",
        [b'I', b'I', ..] | [b'M', b'M', ..] => "a damaged or unusual TIFF",
        _ => "neither TIFF nor another known image format",
    };
    Error::new(
        Status::Format,
        format!(
            "not a TIFF file: its first bytes are {:02x?}, {looks}; expected `II` or `MM` and 42 or 43: open it in a \
             program that reads it and save it as TIFF",
            &header[..header.len().min(4)]
        ),
    )
}
