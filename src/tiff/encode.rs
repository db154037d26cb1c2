//! Writes one page of a TIFF file: its strips, compressed as in the input, and its directory.

use std::io;

use bytemuck::Pod;
use tiff::encoder::compression::{CompressionAlgorithm, Deflate, Lzw, Packbits};
use tiff::tags::Type;

use super::format::{sample_format, Compression, PageFormat, Predictor, Storage};
use super::ifd::{long, places, shorts, Output};
use super::metadata;
use super::page::{Levels, Page};
use super::parallel::{side_by_side, Job, Workers};
use super::samples::differences;
use super::stored::{encode, flip};
use super::tag::Tag;
use super::{pyramid, tag};
use crate::image::frame::Sample;

/// Uncompressed size of a compressed strip: small enough for every reader, large enough to compress well.
const STRIP_BYTES: usize = 1 << 20;

/// Places and lengths of the strips of a page.
#[derive(Default)]
pub(super) struct Strips {
    pub offsets: Vec<u64>,
    pub counts: Vec<u64>,
}

/// Strips of an uncompressed page that is stored contiguously from `start`.
pub(super) fn in_one_piece(format: &PageFormat, storage: &Storage, start: u64) -> Strips {
    let row = format.row_bytes() as u64;
    let rows = rows_per_strip(format, storage);
    let mut strips = Strips::default();
    for first in (0..format.height).step_by(rows) {
        strips.offsets.push(start + first as u64 * row);
        strips.counts.push(rows.min(format.height - first) as u64 * row);
    }
    strips
}

/// Empties a buffer and makes sure that it can hold `count` bytes without asking for more memory.
fn room(buffer: &mut Vec<u8>, count: usize) -> io::Result<()> {
    buffer.clear();
    buffer.try_reserve(count).map_err(|_| io::ErrorKind::OutOfMemory.into())
}

/// The bytes of rows of pixels as the file stores them, in this machine's byte order. `pixels` is changed; `scratch`
/// may hold the bytes.
pub(super) fn stored_rows<'a, T: Sample + Pod>(
    format: &PageFormat,
    pixels: &'a mut [T],
    scratch: &'a mut Vec<u8>,
) -> &'a mut [u8] {
    flip(pixels, format.stored, format.white_is_zero);
    if format.stored.is_plain() {
        return bytemuck::cast_slice_mut(pixels);
    }
    scratch.clear();
    for row in pixels.chunks_exact(format.width * format.channels.samples()) {
        encode(format.stored, row, scratch);
    }
    scratch
}

/// Writes the pixels strip by strip, compressed as in the input, by as many threads. The content of `pixels` is
/// undefined afterwards.
pub(super) fn write_strips<T: Sample + Pod>(
    out: &mut Output,
    page: &Page,
    pixels: &mut [T],
    workers: Workers,
) -> io::Result<Strips> {
    let Page { format, storage, .. } = page;
    let compression = storage.compression.written();
    let predicted = predicts(format, storage).then_some((format.stored.bits(), format.channels.samples()));
    let mut strips = Strips::default();
    let mut add = |out: &mut Output, bytes: &[u8]| -> io::Result<()> {
        strips.offsets.push(out.append(bytes)?);
        strips.counts.push(bytes.len() as u64);
        Ok(())
    };
    let mut scratch = Vec::new();
    let pixels_of_row = format.width * format.channels.samples();
    let rows_of_strip = rows_per_strip(format, storage);
    let each = Workers::at_a_time(rows_of_strip * format.row_bytes());
    let mut todo = pixels.chunks_mut(rows_of_strip * pixels_of_row).peekable();
    while todo.peek().is_some() {
        let mut all = Vec::new();
        for strip in todo.by_ref().take(workers.count * each) {
            let bytes = strip.len() / pixels_of_row * format.row_bytes();
            if !format.stored.is_plain() {
                room(&mut scratch, bytes)?;
            }
            let rows = stored_rows(format, strip, &mut scratch);
            if compression == Compression::None {
                add(out, rows)?;
                continue;
            }
            let mut own = Vec::new();
            room(&mut own, bytes)?;
            own.extend_from_slice(rows);
            all.push(own);
        }
        let row = format.row_bytes();
        let mut jobs: Vec<Job<io::Result<Vec<Vec<u8>>>>> = Vec::new();
        while !all.is_empty() {
            let own: Vec<_> = all.drain(..each.min(all.len())).collect();
            let one = move |rows| packed(rows, row, predicted, compression);
            jobs.push(Box::new(move || own.into_iter().map(one).collect()));
        }
        for packed in side_by_side(jobs, workers.priority) {
            for strip in packed? {
                add(out, &strip)?;
            }
        }
    }
    Ok(strips)
}

/// Compresses rows of `row` bytes; `predicted`: bits and samples of a pixel if they become differences before.
fn packed(
    mut rows: Vec<u8>,
    row: usize,
    predicted: Option<(usize, usize)>,
    compression: Compression,
) -> io::Result<Vec<u8>> {
    let mut packed = Vec::new();
    // LZW may grow data by half; the others less. The encoders themselves would not survive a lack of memory.
    room(&mut packed, rows.len() + rows.len() / 2 + 4096)?;
    if let Some((bits, samples)) = predicted {
        rows.chunks_exact_mut(row).for_each(|row| differences(row, bits, samples));
    }
    pack(compression, &rows, row, &mut packed)?;
    Ok(packed)
}

/// Writes the pixels of the reduced copies of a page; returns them with the places of their strips.
pub(super) fn write_levels<T: Sample + Pod>(
    out: &mut Output,
    page: &Page,
    pixels: &[T],
    workers: Workers,
) -> io::Result<Vec<(Page, Strips)>> {
    let mut written = Vec::new();
    let mut small = Vec::new();
    for &[width, height] in &page.levels.sizes {
        pyramid::shrink(&page.format, pixels, [width, height], &mut small)
            .map_err(|e| io::Error::new(io::ErrorKind::OutOfMemory, e.message()))?;
        let format = PageFormat { width, height, ..page.format };
        let storage = Storage { rows_per_strip: page.storage.rows_per_strip.min(height), ..page.storage.clone() };
        let tags = vec![long(tag::SUBFILE_TYPE, 1)];
        let level = Page { format, storage, tags, rounded: 0, levels: Levels::default() };
        let strips = write_strips(out, &level, &mut small, workers)?;
        written.push((level, strips));
    }
    Ok(written)
}

fn pack(compression: Compression, rows: &[u8], row: usize, packed: &mut Vec<u8>) -> io::Result<()> {
    match compression {
        Compression::None => packed.extend_from_slice(rows),
        Compression::Lzw => drop(Lzw.write_to(packed, rows)?),
        Compression::Deflate | Compression::Jpeg => drop(Deflate::default().write_to(packed, rows)?),
        Compression::PackBits => {
            // Each row is packed separately (TIFF 6.0, section 9).
            for row in rows.chunks(row) {
                Packbits.write_to(packed, row)?;
            }
        }
        Compression::Zstd => {
            ruzstd::encoding::compress(rows, packed, ruzstd::encoding::CompressionLevel::Fastest);
        }
    }
    Ok(())
}

/// The tags of a page's directory, sorted: those that describe the pixels' storage, and those copied from the input.
/// `done` is appended to the Software tag.
pub(super) fn directory(page: &Page, strips: &Strips, big: bool, done: Option<&str>) -> Vec<Tag> {
    let Page { format, storage, tags, .. } = page;
    let samples = format.channels.samples();
    let mut all = vec![
        long(tag::WIDTH, format.width),
        long(tag::HEIGHT, format.height),
        shorts(tag::BITS_PER_SAMPLE, &vec![format.stored.bits() as u16; samples]),
        shorts(tag::COMPRESSION, &[storage.compression.code()]),
        shorts(tag::PHOTOMETRIC, &[storage.photometric]),
        places(tag::STRIP_OFFSETS, &strips.offsets, big),
        shorts(tag::SAMPLES_PER_PIXEL, &[samples as u16]),
        long(tag::ROWS_PER_STRIP, rows_per_strip(format, storage)),
        places(tag::STRIP_BYTE_COUNTS, &strips.counts, big),
        shorts(tag::PLANAR, &[1]),
        shorts(tag::SAMPLE_FORMAT, &vec![sample_format(format.stored); samples]),
    ];
    if predicts(format, storage) {
        all.push(shorts(tag::PREDICTOR, &[2]));
    }
    if !storage.extra_samples.is_empty() {
        all.push(shorts(tag::EXTRA_SAMPLES, &storage.extra_samples));
    }
    let software = |tag: &&Tag| tag.id == tag::SOFTWARE;
    all.extend(tags.iter().filter(|tag| done.is_none() || !software(tag)).cloned());
    if let Some(done) = done {
        let mut before = tags.iter().filter(software);
        let value = metadata::software(before.next().map(|tag| &tag.value[..]), done);
        all.push(Tag { id: tag::SOFTWARE, kind: Type::ASCII, value });
        all.extend(before.cloned());
    }
    // Stable: tags that are repeated stay in their order.
    all.sort_by_key(|tag| tag.id);
    all
}

/// Whether to write with predictor 2. Floats are written without a predictor, which every reader understands.
fn predicts(format: &PageFormat, storage: &Storage) -> bool {
    storage.predictor == Predictor::Horizontal && format.stored.is_plain() && !format.pixel_type.is_float()
}

/// As in the input, but compressed strips are kept small, because readers unpack them whole.
fn rows_per_strip(format: &PageFormat, storage: &Storage) -> usize {
    let small = (STRIP_BYTES / format.row_bytes()).clamp(1, format.height);
    match (storage.tiled, storage.compression) {
        (true, _) => small,
        (false, Compression::None) => storage.rows_per_strip,
        (false, _) => storage.rows_per_strip.min(small),
    }
}
