//! Writes one page of a TIFF file: its strips, compressed as in the input, and its directory.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::rc::Rc;

use bytemuck::Pod;
use tiff::decoder::ifd::Entry;
use tiff::encoder::compression::{CompressionAlgorithm, Deflate, Lzw, Packbits};
use tiff::encoder::{DirectoryEncoder, TiffKind};
use tiff::tags::{Tag as TagName, Type};
use tiff::{Directory, TiffResult};

use super::format::{sample_format, Channels, Compression, PageFormat, Predictor, Storage};
use super::metadata::{self, Tag};
use super::page::Page;
use super::samples::{differences, invert};
use super::tag;
use crate::image::frame::Sample;

/// Uncompressed size of a compressed strip: small enough for every reader, large enough to compress well.
const STRIP_BYTES: usize = 1 << 20;

pub(super) type Encoder<'a, K> = DirectoryEncoder<'a, Output, K>;

/// The file that the encoder writes to.
pub(super) struct Output {
    pub file: File,
    /// While set, writing only moves the position: the region's pixels are written through another handle.
    pub step_over: Rc<Cell<bool>>,
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.step_over.get() {
            self.file.seek(SeekFrom::Current(bytes.len() as i64))?;
            return Ok(bytes.len());
        }
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Seek for Output {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

/// Places and lengths of the strips of a page.
#[derive(Default)]
pub(super) struct Strips {
    pub offsets: Vec<u64>,
    pub counts: Vec<u64>,
}

/// Strips of an uncompressed page that is stored contiguously from `start`.
pub(super) fn in_one_piece(format: &PageFormat, storage: &Storage, start: u64) -> Strips {
    let row = format.bytes() / format.height as u64;
    let rows = rows_per_strip(format, storage);
    let mut strips = Strips::default();
    for first in (0..format.height).step_by(rows) {
        strips.offsets.push(start + first as u64 * row);
        strips.counts.push(rows.min(format.height - first) as u64 * row);
    }
    strips
}

/// Empties a buffer and makes sure that it can hold `count` values without asking for more memory.
fn room<T>(buffer: &mut Vec<T>, count: usize) -> io::Result<()> {
    buffer.clear();
    buffer.try_reserve(count).map_err(|_| io::ErrorKind::OutOfMemory.into())
}

/// Writes the pixels strip by strip, compressed as in the input.
pub(super) fn write_strips<T: Sample + Pod, K: TiffKind>(
    directory: &mut Encoder<'_, K>,
    format: &PageFormat,
    storage: &Storage,
    pixels: &[T],
) -> TiffResult<Strips> {
    let samples = format.channels.samples();
    let row = format.width * samples;
    let mut strips = Strips::default();
    let mut scratch: Vec<T> = Vec::new();
    let mut packed: Vec<u8> = Vec::new();
    for strip in pixels.chunks(rows_per_strip(format, storage) * row) {
        room(&mut scratch, strip.len())?;
        scratch.extend_from_slice(strip);
        if format.white_is_zero {
            invert(&mut scratch);
        }
        if predicts(format, storage) {
            scratch.chunks_exact_mut(row).for_each(|row| differences(row, samples));
        }
        let unpacked: &[u8] = bytemuck::cast_slice(&scratch);
        // LZW may grow data by half; the other two less. The encoders themselves would not survive a lack of memory.
        room(&mut packed, unpacked.len() + unpacked.len() / 2 + 4096)?;
        match storage.compression {
            Compression::None => packed.extend_from_slice(unpacked),
            Compression::Lzw => drop(Lzw.write_to(&mut packed, unpacked)?),
            Compression::Deflate => drop(Deflate::default().write_to(&mut packed, unpacked)?),
            Compression::PackBits => {
                // Each row is packed separately (TIFF 6.0, section 9).
                for row in unpacked.chunks(row * T::PIXEL_TYPE.bytes()) {
                    Packbits.write_to(&mut packed, row)?;
                }
            }
        }
        strips.offsets.push(directory.write_data(&packed[..])?);
        strips.counts.push(packed.len() as u64);
        word_align(directory)?;
    }
    Ok(strips)
}

/// Writes the directory: the tags that describe the pixels' storage, and the tags copied from the input.
pub(super) fn write_directory<K: TiffKind>(
    mut directory: Encoder<'_, K>,
    format: &PageFormat,
    page: &Page,
    strips: &Strips,
    done: Option<&str>,
) -> TiffResult<()> {
    let Page { storage, tags } = page;
    let samples = format.channels.samples();
    let bits = vec![format.pixel_type.bytes() as u16 * 8; samples];
    let sample_format = vec![sample_format(format.pixel_type); samples];
    let photometric: u16 = match format.channels {
        Channels::Grey | Channels::GreyAlpha => u16::from(!format.white_is_zero),
        Channels::Rgb | Channels::Rgba => 2,
    };
    let compression: u16 = match storage.compression {
        Compression::None => 1,
        Compression::Lzw => 5,
        Compression::Deflate => 8,
        Compression::PackBits => 32773,
    };
    let name = TagName::from_u16_exhaustive;
    directory.write_tag(name(tag::WIDTH), format.width as u32)?;
    directory.write_tag(name(tag::HEIGHT), format.height as u32)?;
    directory.write_tag(name(tag::BITS_PER_SAMPLE), &bits[..])?;
    directory.write_tag(name(tag::COMPRESSION), compression)?;
    directory.write_tag(name(tag::PHOTOMETRIC), photometric)?;
    directory.write_tag(name(tag::SAMPLES_PER_PIXEL), samples as u16)?;
    directory.write_tag(name(tag::ROWS_PER_STRIP), rows_per_strip(format, storage) as u32)?;
    directory.write_tag(name(tag::PLANAR), 1u16)?;
    directory.write_tag(name(tag::SAMPLE_FORMAT), &sample_format[..])?;
    if predicts(format, storage) {
        directory.write_tag(name(tag::PREDICTOR), 2u16)?;
    }
    if !storage.extra_samples.is_empty() {
        directory.write_tag(name(tag::EXTRA_SAMPLES), &storage.extra_samples[..])?;
    }
    write_places(&mut directory, tag::STRIP_OFFSETS, &strips.offsets)?;
    write_places(&mut directory, tag::STRIP_BYTE_COUNTS, &strips.counts)?;
    for Tag { id, kind, value } in tags {
        if *id != tag::SOFTWARE || done.is_none() {
            put(&mut directory, *id, *kind, value)?;
        }
    }
    if let Some(done) = done {
        let before = tags.iter().find(|t| t.id == tag::SOFTWARE).map(|t| &t.value[..]);
        put(&mut directory, tag::SOFTWARE, Type::ASCII, &metadata::software(before, done))?;
    }
    word_align(&mut directory)?;
    directory.finish()
}

/// Whether to write with predictor 2. Floats are written without a predictor, which every reader understands.
fn predicts(format: &PageFormat, storage: &Storage) -> bool {
    storage.predictor == Predictor::Horizontal && !format.pixel_type.is_float()
}

/// As in the input, but compressed strips are kept small, because readers unpack them whole.
fn rows_per_strip(format: &PageFormat, storage: &Storage) -> usize {
    let row_bytes = format.width * format.channels.samples() * format.pixel_type.bytes();
    let small = (STRIP_BYTES / row_bytes).clamp(1, format.height);
    match (storage.tiled, storage.compression) {
        (true, _) => small,
        (false, Compression::None) => storage.rows_per_strip,
        (false, _) => storage.rows_per_strip.min(small),
    }
}

/// Pads to an even offset, where directories and values must begin (TIFF 6.0, section 2).
pub(super) fn word_align<K: TiffKind>(directory: &mut Encoder<'_, K>) -> TiffResult<()> {
    let nothing: &[u8] = &[];
    if directory.write_data(nothing)? % 2 == 1 {
        directory.write_data(&[0u8][..])?;
    }
    Ok(())
}

fn write_places<K: TiffKind>(directory: &mut Encoder<'_, K>, id: u16, places: &[u64]) -> TiffResult<()> {
    let name = TagName::from_u16_exhaustive(id);
    if std::mem::size_of::<K::OffsetType>() == 8 {
        directory.write_tag(name, places)
    } else {
        let places = places.iter().map(|&p| u32::try_from(p)).collect::<std::result::Result<Vec<_>, _>>()?;
        directory.write_tag(name, &places[..])
    }
}

/// Adds a tag, its value as bytes.
fn put<K: TiffKind>(directory: &mut Encoder<'_, K>, id: u16, kind: Type, value: &[u8]) -> TiffResult<()> {
    let entry: Entry = directory.write_entry_bytes(kind, value)?;
    directory.extend_from(&Directory::from_iter([(TagName::from_u16_exhaustive(id), entry)]));
    word_align(directory)
}
