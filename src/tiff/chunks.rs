//! The strips or tiles of a page: checks their places against the file and unpacks their pixels.
//!
//! Not by the decoder of the crate `tiff`, which mishandles tiles at the right and lower edge (it refuses LZW and
//! panics on separate channels) and trusts the file's sizes: docs/decisions/tiff-decoding.md.

use std::io::{self, BufRead};
use std::ops::Range;
use std::sync::Arc;

use bytemuck::Pod;
use tiff::tags::ByteOrder;

use super::area::Area;
use super::describe::dimension;
use super::directory::{Directory, Source};
use super::errors::io_error;
use super::format::{Compression, PageFormat, Predictor, Storage};
use super::parallel::{side_by_side, Job, Workers};
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

    /// Unpacks the page into `pixels`, by as many threads: rows of interleaved samples, larger is brighter. Returns how
    /// many samples have more digits than the type in memory.
    pub fn read<T: Sample + Pod>(
        &self,
        source: &mut Source,
        format: &PageFormat,
        storage: &Storage,
        pixels: &mut [T],
        workers: Workers,
    ) -> Result<u64> {
        let mut rounded = 0;
        let mut scratch = Scratch::default();
        if workers.count < 2 || self.places.len() < 2 || storage.compression == Compression::None {
            for index in 0..self.places.len() {
                rounded += self.one(index, source, (format, storage), &mut scratch, pixels)?;
            }
        } else {
            let shared = Arc::new(storage.clone());
            let each = Workers::at_a_time(self.area(0, format, storage).bytes());
            let starts: Vec<usize> = (0..self.places.len()).step_by(each).collect();
            for together in starts.chunks(workers.count) {
                let mut jobs: Vec<Job<Unpacked>> = Vec::new();
                for &first in together {
                    let indices = first..(first + each).min(self.places.len());
                    jobs.push(self.job(indices, source, (format, &shared))?);
                }
                for unpacked in side_by_side(jobs, workers.priority) {
                    let unpacked = unpacked.map_err(|(index, e)| io_error(&self.doing(index), &e))?;
                    for (index, bytes) in unpacked {
                        let area = self.area(index, format, storage);
                        rounded += area.put(&bytes, &mut scratch.values, pixels)?;
                    }
                }
            }
        }
        stored::flip(pixels, format.stored, format.white_is_zero);
        Ok(rounded)
    }

    /// Where the pixels of a strip or tile belong.
    fn area(&self, index: usize, format: &PageFormat, storage: &Storage) -> Area {
        let samples = format.channels.samples();
        let together = if storage.planar { 1 } else { samples };
        let (plane, place) = (index / (self.across * self.down), index % (self.across * self.down));
        let (x, y) = (place % self.across * self.columns, place / self.across * self.rows);
        // Beyond the image is padding: below it, rows are not unpacked; to its right, pixels are skipped.
        let (columns, rows) = (self.columns.min(format.width - x), self.rows.min(format.height - y));
        Area {
            planar: storage.planar.then_some(plane),
            whole_rows: !storage.planar && self.columns == format.width,
            at: (x, y),
            columns,
            rows,
            samples,
            together,
            row: self.columns * together,
            page_row: format.width * samples,
            stored: format.stored,
        }
    }

    /// Unpacks one strip or tile.
    fn one<T: Sample + Pod>(
        &self,
        index: usize,
        source: &mut Source,
        (format, storage): (&PageFormat, &Storage),
        scratch: &mut Scratch<T>,
        pixels: &mut [T],
    ) -> Result<u64> {
        let area = self.area(index, format, storage);
        let recipe = self.recipe(&area, source.order);
        let (at, length) = self.places[index];
        let Scratch { bytes, values } = scratch;
        // Straight to where the pixels belong, where they need no conversion.
        if area.whole_rows && area.stored.is_plain() {
            let to = bytemuck::cast_slice_mut(&mut pixels[area.whole()]);
            let mut packed = source.part(at, length, self.what)?;
            return recipe.unpack(&mut packed, storage, to).map(|()| 0).map_err(|e| io_error(&self.doing(index), &e));
        }
        resize(bytes, area.bytes())?;
        let mut packed = source.part(at, length, self.what)?;
        recipe.unpack(&mut packed, storage, bytes).map_err(|e| io_error(&self.doing(index), &e))?;
        area.put(bytes, values, pixels)
    }

    /// Reads the bytes of strips or tiles; the job unpacks them.
    fn job(
        &self,
        indices: Range<usize>,
        source: &mut Source,
        (format, storage): (&PageFormat, &Arc<Storage>),
    ) -> Result<Job<Unpacked>> {
        let mut all = Vec::new();
        for index in indices {
            let area = self.area(index, format, storage);
            let (at, length) = self.places[index];
            let packed = source.read(at, length, self.what)?;
            let mut bytes = Vec::new();
            resize(&mut bytes, area.bytes())?;
            all.push((index, self.recipe(&area, source.order), packed, bytes));
        }
        let storage = Arc::clone(storage);
        let one = move |(index, recipe, packed, mut bytes): (usize, Recipe, Vec<u8>, Vec<u8>)| {
            let done = recipe.unpack(&mut &packed[..], &storage, &mut bytes);
            done.map(|()| (index, bytes)).map_err(|e| (index, e))
        };
        Ok(Box::new(move || all.into_iter().map(one).collect()))
    }

    fn recipe(&self, area: &Area, order: ByteOrder) -> Recipe {
        let row = area.stored.row_bytes(area.row);
        Recipe {
            size: (self.columns, self.rows, area.together),
            row,
            bits: area.stored.bits(),
            swap: order != ByteOrder::native(),
        }
    }

    fn doing(&self, index: usize) -> String {
        format!("decoding its pixels ({} {})", self.what, index + 1)
    }
}

/// Strips or tiles by their index; or the one that failed, and why.
type Unpacked = std::result::Result<Vec<(usize, Vec<u8>)>, (usize, io::Error)>;

/// Buffers that strips or tiles share.
#[derive(Default)]
struct Scratch<T> {
    bytes: Vec<u8>,
    values: Vec<T>,
}

/// How the bytes of a strip or tile are unpacked.
#[derive(Clone, Copy)]
struct Recipe {
    /// Pixels of a row, most rows, and samples of a pixel.
    size: (usize, usize, usize),
    /// Bytes of a row.
    row: usize,
    bits: usize,
    /// Whether the file has the other byte order.
    swap: bool,
}

impl Recipe {
    /// Unpacks the rows of one strip or tile, as many as `out` holds, in this machine's byte order.
    fn unpack(self, packed: &mut dyn BufRead, storage: &Storage, out: &mut [u8]) -> io::Result<()> {
        let Self { size, row, bits, swap } = self;
        unpack(packed, storage, size, out)?;
        // The floating point predictor orders its bytes the same way in any file.
        if storage.predictor != Predictor::FloatingPoint && swap {
            swap_bytes(out, bits);
        }
        let mut planes_of_bytes = Vec::new();
        for row in out.chunks_exact_mut(row) {
            match storage.predictor {
                Predictor::None => break,
                Predictor::FloatingPoint => undo_floats(row, bits / 8, size.2, &mut planes_of_bytes),
                Predictor::Horizontal => undo_differences(row, bits, size.2),
            }
        }
        Ok(())
    }
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
