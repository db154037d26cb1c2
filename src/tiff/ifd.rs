//! Writes the bytes of a TIFF file: header, pixels, and directories, in this machine's byte order.
//!
//! Not by the crate `tiff`, whose directories hold each tag once: docs/decisions/tiff-writing.md says why.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};

use tiff::tags::Type;

use super::tag::{size_of, Tag};

/// A TIFF file that grows at its end.
pub(super) struct Output {
    file: File,
    big: bool,
    /// Length of the file so far, reserved regions included.
    end: u64,
    /// Where the offset of the next directory goes: into the header, then into the directory before.
    link: u64,
}

impl Output {
    /// Writes the header into an empty file.
    pub fn new(mut file: File, big: bool) -> io::Result<Self> {
        let mark: [u8; 2] = if cfg!(target_endian = "little") { *b"II" } else { *b"MM" };
        let mut header = mark.to_vec();
        if big {
            [43u16, 8, 0].iter().for_each(|v| header.extend(v.to_ne_bytes()));
            header.extend(0u64.to_ne_bytes());
        } else {
            header.extend(42u16.to_ne_bytes());
            header.extend(0u32.to_ne_bytes());
        }
        file.write_all(&header)?;
        let (end, link) = if big { (16, 8) } else { (8, 4) };
        Ok(Self { file, big, end, link })
    }

    /// Whether it is a BigTIFF.
    pub fn big(&self) -> bool {
        self.big
    }

    /// Reserves `bytes` bytes at an even place, which is returned.
    pub fn reserve(&mut self, bytes: u64) -> u64 {
        self.end += self.end % 2;
        let at = self.end;
        self.end += bytes;
        at
    }

    /// Length of the file so far, reserved regions included.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// Reserves what is left before a place.
    pub fn reserve_until(&mut self, at: u64) {
        self.end = self.end.max(at);
    }

    /// Writes into a reserved region.
    pub fn write_at(&mut self, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(at))?;
        self.file.write_all(bytes)
    }

    /// Writes at the end of the file; returns the place.
    pub fn append(&mut self, bytes: &[u8]) -> io::Result<u64> {
        let at = self.reserve(bytes.len() as u64);
        self.write_at(at, bytes)?;
        Ok(at)
    }

    /// Writes a directory and links it to the one before. `tags` must be sorted; a tag may come more than once.
    pub fn directory(&mut self, tags: &[Tag]) -> io::Result<()> {
        let (at, next) = self.loose_directory(tags)?;
        let mut link = Vec::new();
        self.put(&mut link, if self.big { 8 } else { 4 }, at)?;
        self.write_at(self.link, &link)?;
        self.link = at + next;
        Ok(())
    }

    /// Writes a directory that no other is linked to; returns its place, and where in it the link to a next one is.
    pub fn loose_directory(&mut self, tags: &[Tag]) -> io::Result<(u64, u64)> {
        let (field, count_size) = if self.big { (8, 8) } else { (4, 2) };
        let mut places = Vec::with_capacity(tags.len());
        for tag in tags.iter().filter(|tag| tag.value.len() > field) {
            places.push(self.append(&tag.value)?);
        }
        let mut places = places.into_iter();
        let mut body = Vec::new();
        self.put(&mut body, count_size, tags.len() as u64)?;
        for tag in tags {
            body.extend(tag.id.to_ne_bytes());
            body.extend(tag.kind.to_u16().to_ne_bytes());
            self.put(&mut body, field, (tag.value.len() / size_of(tag.kind)) as u64)?;
            if tag.value.len() > field {
                let place = places.next().unwrap_or_default();
                self.put(&mut body, field, place)?;
            } else {
                body.extend(&tag.value);
                body.resize(body.len() + field - tag.value.len(), 0);
            }
        }
        let next = body.len() as u64;
        self.put(&mut body, field, 0)?;
        Ok((self.append(&body)?, next))
    }

    /// Appends a number of 2, 4 or 8 bytes.
    fn put(&self, body: &mut Vec<u8>, size: usize, value: u64) -> io::Result<()> {
        let wide = |_| io::Error::new(io::ErrorKind::FileTooLarge, format!("{value} does not fit into {size} bytes"));
        match size {
            2 => body.extend(u16::try_from(value).map_err(wide)?.to_ne_bytes()),
            4 => body.extend(u32::try_from(value).map_err(wide)?.to_ne_bytes()),
            _ => body.extend(value.to_ne_bytes()),
        }
        Ok(())
    }
}

/// A tag of 16-bit numbers.
pub(super) fn shorts(id: u16, values: &[u16]) -> Tag {
    Tag { id, kind: Type::SHORT, value: values.iter().flat_map(|v| v.to_ne_bytes()).collect() }
}

/// A tag of one 32-bit number.
pub(super) fn long(id: u16, value: usize) -> Tag {
    Tag { id, kind: Type::LONG, value: (value as u32).to_ne_bytes().to_vec() }
}

/// A tag of offsets or lengths; 64-bit numbers in a BigTIFF.
pub(super) fn places(id: u16, values: &[u64], big: bool) -> Tag {
    if big {
        return Tag { id, kind: Type::LONG8, value: values.iter().flat_map(|v| v.to_ne_bytes()).collect() };
    }
    // The writer has chosen a BigTIFF where they could be larger.
    Tag { id, kind: Type::LONG, value: values.iter().flat_map(|&v| (v as u32).to_ne_bytes()).collect() }
}
