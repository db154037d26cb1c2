//! The strips or tiles of a page: checks their places against the file and unpacks their pixels.
//!
//! Not by the decoder of the crate `tiff`, which mishandles tiles at the right and lower edge (it refuses LZW and
//! panics on separate channels) and trusts the file's sizes: docs/decisions/tiff-decoding.md.

use std::io::{self, BufRead, Read};

use bytemuck::Pod;
use tiff::tags::ByteOrder;
use weezl::{decode::Configuration, BitOrder, LzwStatus};

use super::directory::{Directory, Source};
use super::errors::io_error;
use super::format::{dimension, Compression, PageFormat, Predictor, Storage};
use super::samples::{invert, swap_bytes, undo_differences, undo_floats};
use super::tag;
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
}

/// Columns and rows of a whole strip or tile. Errors: `Format`.
fn size(source: &mut Source, directory: &Directory, format: &PageFormat, storage: &Storage) -> Result<(u64, u64)> {
    if storage.tiled {
        let columns = dimension(source, directory, tag::TILE_WIDTH, "TileWidth")?;
        return Ok((columns, dimension(source, directory, tag::TILE_HEIGHT, "TileLength")?));
    }
    if storage.rows_per_strip == 0 {
        return Err(Error::new(Status::Format, "RowsPerStrip is 0: the file is damaged"));
    }
    Ok((format.width as u64, storage.rows_per_strip as u64))
}

impl Chunks {
    /// Finds the strips or tiles; checks that each lies in the file and is long enough for the pixels that it should
    /// hold.
    pub fn find(source: &mut Source, directory: &Directory, format: &PageFormat, storage: &Storage) -> Result<Self> {
        let (what, offsets, counts) = if storage.tiled {
            ("tile", tag::TILE_OFFSETS, tag::TILE_BYTE_COUNTS)
        } else {
            ("strip", tag::STRIP_OFFSETS, tag::STRIP_BYTE_COUNTS)
        };
        let missing = |name: u16| {
            Error::new(
                Status::Format,
                format!("the tag {name} with the places of its {what}s is missing: the file is damaged"),
            )
        };
        let (columns, rows) = size(source, directory, format, storage)?;
        let (width, height) = (format.width as u64, format.height as u64);
        let (across, down) = (width.div_ceil(columns), height.div_ceil(rows));
        let samples = format.channels.samples() as u64;
        let (planes, together) = if storage.planar { (samples, 1) } else { (1, samples) };
        let expected = across * down * planes;
        let offsets = directory.get(offsets).ok_or_else(|| missing(offsets))?;
        let counts = directory.get(counts).ok_or_else(|| missing(counts))?;
        if offsets.count != expected || counts.count != expected {
            return Err(Error::new(
                Status::Format,
                format!(
                    "{} {what} offsets and {} {what} lengths, expected {expected} for {}x{} pixels: the file is \
                     damaged",
                    offsets.count, counts.count, format.width, format.height
                ),
            ));
        }
        let row_bytes = u128::from(columns) * u128::from(together) * format.pixel_type.bytes() as u128;
        let places: Vec<_> = source.integers(offsets)?.into_iter().zip(source.integers(counts)?).collect();
        for (index, &(at, bytes)) in (0u64..).zip(&places) {
            source.inside(at, bytes, &format!("{what} {}", index + 1))?;
            // The last strip of a page may be shorter, the last tile is not.
            let rows = if storage.tiled { rows } else { rows.min(height - index % down * rows) };
            let unpacked = row_bytes * u128::from(rows);
            if unpacked > u128::from(bytes) * u128::from(storage.compression.most()) {
                return Err(Error::new(
                    Status::Format,
                    format!(
                        "{what} {} has {bytes} bytes (compression: {}), which cannot hold its {unpacked} bytes of \
                         pixels; the sizes in the file are wrong or it is truncated: copy it again from its source",
                        index + 1,
                        storage.compression.name()
                    ),
                ));
            }
            if unpacked > isize::MAX as u128 {
                return Err(Error::new(
                    Status::OutOfMemory,
                    format!("{what} {} of {unpacked} bytes is too large for this machine", index + 1),
                ));
            }
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
        Ok(Self { what, columns, rows, across, down, places })
    }

    /// Unpacks the page into `pixels`: rows of interleaved samples, larger is brighter.
    pub fn read<T: Sample + Pod>(
        &self,
        source: &mut Source,
        format: &PageFormat,
        storage: &Storage,
        pixels: &mut [T],
    ) -> Result<()> {
        let samples = format.channels.samples();
        let together = if storage.planar { 1 } else { samples };
        let row = format.width * samples;
        let chunk_row = self.columns * together;
        let whole_rows = !storage.planar && self.columns == format.width;
        let mut scratch: Vec<T> = Vec::new();
        for index in 0..self.places.len() {
            let (plane, place) = (index / (self.across * self.down), index % (self.across * self.down));
            let (x, y) = (place % self.across * self.columns, place / self.across * self.rows);
            // Beyond the image is padding: below it, rows are not unpacked; to its right, pixels are skipped.
            let (columns, rows) = (self.columns.min(format.width - x), self.rows.min(format.height - y));
            if whole_rows {
                self.unpack(index, source, storage, together, &mut pixels[y * row..(y + rows) * row])?;
                continue;
            }
            resize(&mut scratch, rows * chunk_row)?;
            self.unpack(index, source, storage, together, &mut scratch)?;
            for (from, to) in scratch.chunks_exact(chunk_row).zip(pixels[y * row..].chunks_exact_mut(row)) {
                let (from, to) = (&from[..columns * together], &mut to[x * samples..(x + columns) * samples]);
                if storage.planar {
                    to[plane..].iter_mut().step_by(samples).zip(from).for_each(|(to, &from)| *to = from);
                } else {
                    to.copy_from_slice(from);
                }
            }
        }
        if format.white_is_zero {
            invert(pixels);
        }
        Ok(())
    }

    /// Unpacks the rows of one strip or tile, as many as `values` holds, in this machine's byte order.
    fn unpack<T: Sample + Pod>(
        &self,
        index: usize,
        source: &mut Source,
        storage: &Storage,
        together: usize,
        values: &mut [T],
    ) -> Result<()> {
        let (at, bytes) = self.places[index];
        let order = source.order;
        let packed = source.part(at, bytes, self.what)?;
        let doing = || format!("decoding its pixels ({} {})", self.what, index + 1);
        unpack(packed, storage.compression, bytemuck::cast_slice_mut(values)).map_err(|e| io_error(&doing(), &e))?;
        let mut planes_of_bytes = Vec::new();
        // The floating point predictor orders its bytes the same way in any file.
        if storage.predictor != Predictor::FloatingPoint && order != ByteOrder::native() {
            swap_bytes(values);
        }
        if storage.predictor != Predictor::None {
            for row in values.chunks_exact_mut(self.columns * together) {
                match storage.predictor {
                    Predictor::FloatingPoint => undo_floats(row, together, &mut planes_of_bytes),
                    _ => undo_differences(row, together),
                }
            }
        }
        Ok(())
    }
}

/// Unpacks until `out` is full; further data is ignored.
fn unpack(mut packed: impl BufRead, compression: Compression, out: &mut [u8]) -> io::Result<()> {
    match compression {
        Compression::None => packed.read_exact(out),
        Compression::Deflate => flate2::bufread::ZlibDecoder::new(packed).read_exact(out),
        Compression::Lzw => unpack_lzw(packed, out),
        Compression::PackBits => unpack_bits(packed, out),
    }
}

fn unpack_lzw(mut packed: impl BufRead, out: &mut [u8]) -> io::Result<()> {
    // Like libtiff: data after the last pixel is ignored, and the end code may be missing.
    let configuration = Configuration::with_tiff_size_switch(BitOrder::Msb, 8).with_yield_on_full_buffer(true);
    let mut decoder = configuration.build();
    let mut done = 0;
    while done < out.len() {
        let step = decoder.decode_bytes(packed.fill_buf()?, &mut out[done..]);
        packed.consume(step.consumed_in);
        done += step.consumed_out;
        let status = step.status.map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e))?;
        let ended = !matches!(status, LzwStatus::Ok) || (step.consumed_in == 0 && step.consumed_out == 0);
        if ended && done < out.len() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(())
}

/// PackBits: TIFF 6.0, section 9.
fn unpack_bits(mut packed: impl Read, mut out: &mut [u8]) -> io::Result<()> {
    let byte = |packed: &mut dyn Read| {
        let mut byte = [0];
        packed.read_exact(&mut byte).map(|()| byte[0])
    };
    while !out.is_empty() {
        let header = byte(&mut packed)? as i8;
        let length = usize::from(header.unsigned_abs()) + 1;
        let run = out.len().min(length);
        match header {
            // No operation.
            i8::MIN => continue,
            0.. => packed.read_exact(&mut out[..run])?,
            _ => out[..run].fill(byte(&mut packed)?),
        }
        out = &mut out[run..];
    }
    Ok(())
}
