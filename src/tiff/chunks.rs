//! The strips or tiles of a page: checks their places against the file and unpacks their pixels.
//!
//! Not by the decoder of the crate `tiff`, which mishandles tiles at the right and lower edge (it refuses LZW and
//! panics on separate channels) and trusts the file's sizes: docs/decisions/tiff-decoding.md.

use bytemuck::Pod;
use tiff::tags::ByteOrder;

use super::describe::dimension;
use super::directory::{Directory, Source};
use super::errors::io_error;
use super::format::{Compression, PageFormat, Predictor, Storage};
use super::samples::{swap_bytes, undo_differences, undo_floats};
use super::unpack::unpack;
use super::{stored, tag};
use crate::error::{Error, Result, Status};
use crate::image::frame::{resize, Sample};

/// Places and size of the strips or tiles of a page; all lie inside the file.
pub(crate) struct Chunks {
    what: &'static str,
    /// Size of a full strip or tile, in pixels. Tiles at the right and lower edge reach beyond the image.
    columns: usize,
    rows: usize,
    /// How many there are side by side, and one below the other.
    across: usize,
    down: usize,
    /// Offset and length of each in the file, in bytes.
    places: Vec<(u64, u64)>,
    /// A sentence for each thing that is unusual.
    pub notes: Vec<String>,
}

/// Columns and rows of a whole strip or tile. Errors: `Format`.
fn size(source: &mut Source, directory: &Directory, format: &PageFormat, storage: &Storage) -> Result<(u64, u64)> {
    if storage.tiled {
        let columns = dimension(source, directory, tag::TILE_WIDTH, "TileWidth")?;
        return Ok((columns, dimension(source, directory, tag::TILE_HEIGHT, "TileLength")?));
    }
    Ok((format.width as u64, storage.rows_per_strip as u64))
}

impl Chunks {
    /// Finds the strips or tiles; checks that each lies in the file and is long enough for the pixels that it should
    /// hold.
    pub fn find(source: &mut Source, directory: &Directory, format: &PageFormat, storage: &Storage) -> Result<Self> {
        let what = if storage.tiled { "tile" } else { "strip" };
        let (columns, rows) = size(source, directory, format, storage)?;
        let (width, height) = (format.width as u64, format.height as u64);
        let (across, down) = (width.div_ceil(columns), height.div_ceil(rows));
        let samples = format.channels.samples() as u64;
        let (planes, together) = if storage.planar { (samples, 1) } else { (1, samples) };
        let row_bytes = (u128::from(columns) * u128::from(together) * format.stored.bits() as u128).div_ceil(8);
        // The last strip of a page may be shorter, the last tile is not.
        let rows_of = |index: u64| if storage.tiled { rows } else { rows.min(height - index % down * rows) };
        let unpacked = |index: u64| row_bytes * u128::from(rows_of(index));
        let mut chunks = Self { what, columns: 0, rows: 0, across: 0, down: 0, places: Vec::new(), notes: Vec::new() };
        chunks.locate(source, directory, storage, (across * down * planes, &unpacked), format)?;
        for (index, &(at, bytes)) in (0u64..).zip(&chunks.places) {
            source.inside(at, bytes, &format!("{what} {}", index + 1))?;
            check_length(index, bytes, unpacked(index), what, storage)?;
        }
        // Each strip may be long enough and yet all share the same bytes; then a small file would claim a page of any
        // size.
        let most = u128::from(source.length) * u128::from(storage.compression.most());
        if u128::from(format.bytes()) > most {
            return Err(Error::new(
                Status::Format,
                format!(
                    "its {what}s share their bytes: the {} bytes of the file cannot hold {} bytes of pixels; the sizes \
                     or places in the file are wrong: copy it again from its source",
                    source.length,
                    format.bytes()
                ),
            ));
        }
        // All of them fit: they are 32-bit numbers, and their products were checked above.
        let [columns, rows, across, down] = [columns, rows, across, down].map(|n| n as usize);
        Ok(Self { columns, rows, across, down, ..chunks })
    }

    /// Reads offsets and lengths. Lengths that are missing or 0 are those of uncompressed pixels, or reach to the end
    /// of the file if there is one strip, as libtiff reads them.
    fn locate(
        &mut self,
        source: &mut Source,
        directory: &Directory,
        storage: &Storage,
        (expected, unpacked): (u64, &dyn Fn(u64) -> u128),
        format: &PageFormat,
    ) -> Result<()> {
        let what = self.what;
        let (offsets_tag, counts_tag) = if storage.tiled {
            (tag::TILE_OFFSETS, tag::TILE_BYTE_COUNTS)
        } else {
            (tag::STRIP_OFFSETS, tag::STRIP_BYTE_COUNTS)
        };
        let offsets = directory.get(offsets_tag).ok_or_else(|| {
            Error::new(
                Status::Format,
                format!("the tag {offsets_tag} with the places of its {what}s is missing: the file is damaged"),
            )
        })?;
        let counts = directory.get(counts_tag);
        if offsets.count != expected || counts.is_some_and(|counts| counts.count != expected) {
            return Err(Error::new(
                Status::Format,
                format!(
                    "{} {what} offsets and {} {what} lengths, expected {expected} for {}x{} pixels: the file is \
                     damaged",
                    offsets.count,
                    counts.map_or(0, |counts| counts.count),
                    format.width,
                    format.height
                ),
            ));
        }
        let offsets = source.integers(offsets)?;
        let mut counts = counts.map(|counts| source.integers(counts)).transpose()?.unwrap_or_default();
        if counts.iter().all(|&bytes| bytes == 0) {
            let known = storage.compression == Compression::None;
            if !known && expected > 1 {
                return Err(Error::new(
                    Status::Format,
                    format!(
                        "the lengths of its {expected} compressed {what}s (tag {counts_tag}) are missing; expected one \
                         for each: save the file again in the program that wrote it"
                    ),
                ));
            }
            self.notes
                .push(format!("the lengths of its {what}s (tag {counts_tag}) are missing; computed from the size"));
            let to_end = source.length.saturating_sub(offsets[0]);
            let bytes = |index| if known { u64::try_from(unpacked(index)).unwrap_or(u64::MAX) } else { to_end };
            counts = (0..expected).map(bytes).collect();
        }
        self.places = offsets.into_iter().zip(counts).collect();
        Ok(())
    }

    /// Where the pixels lie if all strips follow each other without compression: offset and length in bytes.
    pub fn contiguous(&self, storage: &Storage) -> Option<(u64, u64)> {
        let &(start, _) = self.places.first()?;
        let mut end = start;
        for &(at, bytes) in &self.places {
            if at != end || storage.compression != Compression::None || storage.tiled {
                return None;
            }
            end += bytes;
        }
        Some((start, end - start))
    }

    /// The same page `bytes` bytes further on in the file. Errors: `Format` if it does not lie inside the file.
    pub fn moved(mut self, source: &Source, bytes: u64) -> Result<Self> {
        for (at, length) in &mut self.places {
            *at = at.saturating_add(bytes);
            source.inside(*at, *length, self.what)?;
        }
        Ok(self)
    }

    /// Unpacks the page into `pixels`: rows of interleaved samples, larger is brighter. Returns how many samples have
    /// more digits than the type in memory.
    pub fn read<T: Sample + Pod>(
        &self,
        source: &mut Source,
        format: &PageFormat,
        storage: &Storage,
        pixels: &mut [T],
    ) -> Result<u64> {
        let samples = format.channels.samples();
        let together = if storage.planar { 1 } else { samples };
        let row = format.width * samples;
        let chunk_row = self.columns * together;
        let whole_rows = !storage.planar && self.columns == format.width;
        let mut scratch: Vec<T> = Vec::new();
        let mut bytes: Vec<u8> = Vec::new();
        let mut rounded = 0;
        for index in 0..self.places.len() {
            let (plane, place) = (index / (self.across * self.down), index % (self.across * self.down));
            let (x, y) = (place % self.across * self.columns, place / self.across * self.rows);
            // Beyond the image is padding: below it, rows are not unpacked; to its right, pixels are skipped.
            let (columns, rows) = (self.columns.min(format.width - x), self.rows.min(format.height - y));
            let chunk = Chunk { index, together, row: chunk_row, stored: format.stored };
            if whole_rows {
                rounded += self.chunk(&chunk, source, storage, &mut bytes, &mut pixels[y * row..(y + rows) * row])?;
                continue;
            }
            resize(&mut scratch, rows * chunk_row)?;
            rounded += self.chunk(&chunk, source, storage, &mut bytes, &mut scratch)?;
            for (from, to) in scratch.chunks_exact(chunk_row).zip(pixels[y * row..].chunks_exact_mut(row)) {
                let (from, to) = (&from[..columns * together], &mut to[x * samples..(x + columns) * samples]);
                if storage.planar {
                    to[plane..].iter_mut().step_by(samples).zip(from).for_each(|(to, &from)| *to = from);
                } else {
                    to.copy_from_slice(from);
                }
            }
        }
        stored::flip(pixels, format.stored, format.white_is_zero);
        Ok(rounded)
    }

    /// Unpacks the rows of one strip or tile, as many as `values` holds, and converts them to the type in memory.
    fn chunk<T: Sample + Pod>(
        &self,
        chunk: &Chunk,
        source: &mut Source,
        storage: &Storage,
        bytes: &mut Vec<u8>,
        values: &mut [T],
    ) -> Result<u64> {
        let stored = chunk.stored;
        if stored.is_plain() {
            self.unpack(chunk, source, storage, bytemuck::cast_slice_mut(values))?;
            return Ok(0);
        }
        let row = stored.row_bytes(chunk.row);
        resize(bytes, values.len() / chunk.row * row)?;
        self.unpack(chunk, source, storage, bytes)?;
        let rows = bytes.chunks_exact(row).zip(values.chunks_exact_mut(chunk.row));
        Ok(rows.map(|(row, values)| stored::decode(stored, row, values)).sum())
    }

    /// Unpacks the rows of one strip or tile, as many as `out` holds, in this machine's byte order.
    fn unpack(&self, chunk: &Chunk, source: &mut Source, storage: &Storage, out: &mut [u8]) -> Result<()> {
        let (at, bytes) = self.places[chunk.index];
        let order = source.order;
        let mut packed = source.part(at, bytes, self.what)?;
        let doing = || format!("decoding its pixels ({} {})", self.what, chunk.index + 1);
        let row = chunk.stored.row_bytes(chunk.row);
        unpack(&mut packed, storage, (self.columns, self.rows, chunk.together), out)
            .map_err(|e| io_error(&doing(), &e))?;
        let (bits, together) = (chunk.stored.bits(), chunk.together);
        // The floating point predictor orders its bytes the same way in any file.
        if storage.predictor != Predictor::FloatingPoint && order != ByteOrder::native() {
            swap_bytes(out, bits);
        }
        let mut planes_of_bytes = Vec::new();
        for row in out.chunks_exact_mut(row) {
            match storage.predictor {
                Predictor::None => break,
                Predictor::FloatingPoint => undo_floats(row, bits / 8, together, &mut planes_of_bytes),
                Predictor::Horizontal => undo_differences(row, bits, together),
            }
        }
        Ok(())
    }
}

/// What unpacking needs to know of a strip or tile.
struct Chunk {
    index: usize,
    /// Samples of a pixel that are stored side by side.
    together: usize,
    /// Samples of a row.
    row: usize,
    stored: stored::Stored,
}

/// Refuses strip or tile `index` if `bytes` bytes in the file cannot hold its `unpacked` bytes of pixels.
fn check_length(index: u64, bytes: u64, unpacked: u128, what: &str, storage: &Storage) -> Result<()> {
    if unpacked > u128::from(bytes) * u128::from(storage.compression.most()) {
        return Err(Error::new(
            Status::Format,
            format!(
                "{what} {} has {bytes} bytes (compression: {}), which cannot hold its {unpacked} bytes of pixels; the \
                 sizes in the file are wrong or it is truncated: copy it again from its source",
                index + 1,
                storage.compression.name()
            ),
        ));
    }
    if unpacked > isize::MAX as u128 / 8 {
        return Err(Error::new(
            Status::OutOfMemory,
            format!("{what} {} of {unpacked} bytes is too large for this machine", index + 1),
        ));
    }
    Ok(())
}
