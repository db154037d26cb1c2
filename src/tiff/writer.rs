//! Writes a TIFF file page by page into a temporary file beside the target, which takes its name only when all is there.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use bytemuck::Pod;
use tempfile::NamedTempFile;
use tiff::decoder::ifd::Entry;
use tiff::encoder::compression::{CompressionAlgorithm, Deflate, Lzw, Packbits};
use tiff::encoder::{DirectoryEncoder, TiffEncoder, TiffKind, TiffKindBig, TiffKindStandard};
use tiff::tags::{Tag as TagName, Type};
use tiff::{Directory, TiffResult};

use super::layout::{Channels, Compression, Layout, Storage};
use super::metadata::{self, Tag};
use super::reader::Page;
use super::{io_error, tag, tiff_error};
use crate::error::{Error, Result, Status};
use crate::frame::{PixelType, Sample};

/// Uncompressed bytes of a strip that is compressed: small enough for every reader, large enough to compress.
const STRIP_BYTES: usize = 1 << 20;

/// Classic TIFF counts its bytes in 32 bits.
const CLASSIC_LIMIT: u64 = u32::MAX as u64 - (1 << 20);

enum Encoder {
    Classic(TiffEncoder<File>),
    Big(TiffEncoder<File, TiffKindBig>),
}

/// A TIFF file in the making. Dropped before `finish`, it leaves nothing behind.
pub struct Writer {
    target: PathBuf,
    force: bool,
    layout: Layout,
    encoder: Encoder,
    temporary: NamedTempFile,
}

impl Writer {
    /// Begins a file of pages of one layout. `bytes` is the most that it can need: above 4 GB, or with `big`, it becomes
    /// a BigTIFF. An existing target is replaced only with `force`.
    ///
    /// # Errors
    /// `Exists`; `NotFound` (no such folder); `InvalidArgument` (a folder has the target's name); `Io`. Messages start
    /// with the path.
    pub fn create(target: &Path, force: bool, layout: Layout, bytes: u64, big: bool) -> Result<Self> {
        let create = || {
            check_target(target, force)?;
            let folder = folder(target);
            let mut builder = tempfile::Builder::new();
            builder.prefix(".parfocal-").suffix(".tmp");
            #[cfg(unix)]
            {
                // As for any new file: the user's mask decides, not tempfile's private mode.
                use std::os::unix::fs::PermissionsExt;
                builder.permissions(fs::Permissions::from_mode(0o666));
            }
            let temporary = builder
                .tempfile_in(folder)
                .map_err(|e| io_error(&format!("creating a file in the folder {}", folder.display()), &e))?;
            let file = temporary.as_file().try_clone().map_err(|e| io_error("opening the temporary file", &e))?;
            let wrong = |e| tiff_error("writing the header", e);
            let encoder = if big || bytes > CLASSIC_LIMIT {
                Encoder::Big(TiffEncoder::new_big(file).map_err(wrong)?)
            } else {
                Encoder::Classic(TiffEncoder::new(file).map_err(wrong)?)
            };
            Ok(Self { target: target.into(), force, layout, encoder, temporary })
        };
        create().map_err(|e: Error| e.context(target.display()))
    }

    /// Writes one page: interleaved samples, larger is brighter, as `Reader::read` gives them. `done` is added to the
    /// page's Software tag.
    ///
    /// # Errors
    /// `Io` (no space left, say); `Internal` if the pixels do not fit the layout.
    pub fn write<T: Sample + Pod>(&mut self, pixels: &[T], page: &Page, done: Option<&str>) -> Result<()> {
        if T::PIXEL_TYPE != self.layout.pixel_type || pixels.len() != self.layout.samples() {
            return Err(Error::new(
                Status::Internal,
                format!("{} {} samples for a page of {}", pixels.len(), T::PIXEL_TYPE, self.layout),
            ));
        }
        let written = match &mut self.encoder {
            Encoder::Classic(encoder) => write_page::<_, TiffKindStandard>(encoder, &self.layout, pixels, page, done),
            Encoder::Big(encoder) => write_page::<_, TiffKindBig>(encoder, &self.layout, pixels, page, done),
        };
        written.map_err(|e| {
            tiff_error("writing a page (is there space left, and a limit on file sizes?)", e)
                .context(self.target.display())
        })
    }

    /// Brings all to the disk and gives the file its name.
    ///
    /// # Errors
    /// `Exists` if the target has appeared meanwhile; `Io`. Nothing is left behind then.
    pub fn finish(self) -> Result<()> {
        let Self { target, force, encoder, temporary, .. } = self;
        drop(encoder);
        let name = |e: Error| e.context(target.display());
        temporary.as_file().sync_all().map_err(|e| name(io_error("bringing the file to the disk", &e)))?;
        check_target(&target, force).map_err(name)?;
        let named = if force { temporary.persist(&target) } else { temporary.persist_noclobber(&target) };
        named.map_err(|e| name(io_error("giving the finished file its name", &e.error)))?;
        // The name must survive a power cut too; where folders cannot be synced nothing is lost but that.
        if let Ok(folder) = File::open(folder(&target)) {
            let _ = folder.sync_all();
        }
        Ok(())
    }
}

fn folder(target: &Path) -> &Path {
    target.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Whether a file of this name may be made.
pub(crate) fn check_target(target: &Path, force: bool) -> Result<()> {
    let folder = folder(target);
    if !folder.is_dir() {
        let (status, what) = if folder.exists() {
            (Status::InvalidArgument, "is not a folder; name a file in a folder")
        } else {
            (Status::NotFound, "does not exist; create it first")
        };
        return Err(Error::new(status, format!("the folder of the output, {}, {what}", folder.display())));
    }
    match fs::metadata(target) {
        Ok(found) if found.is_dir() => {
            Err(Error::new(Status::InvalidArgument, "the output is a folder; expected the name of a file"))
        }
        Ok(_) if !force => Err(Error::new(
            Status::Exists,
            "the output exists already; choose another name, or overwrite it (--force on the command line)",
        )),
        _ => Ok(()),
    }
}

fn write_page<T: Sample + Pod, K: TiffKind>(
    encoder: &mut TiffEncoder<File, K>,
    layout: &Layout,
    pixels: &[T],
    page: &Page,
    done: Option<&str>,
) -> TiffResult<()> {
    let Page { storage, tags } = page;
    let samples = layout.channels.samples();
    let row = layout.width * samples;
    let rows = rows_per_strip(layout, storage);
    let plain = storage.compression == Compression::None && !layout.white_is_zero;
    // Differences of floats as floats lose bits: written without, which every reader takes.
    let predict = storage.horizontal_predictor && layout.pixel_type != PixelType::F32;

    let mut directory = encoder.image_directory()?;
    let mut offsets: Vec<u64> = Vec::new();
    let mut counts: Vec<u64> = Vec::new();
    let mut scratch: Vec<T> = Vec::new();
    let mut packed: Vec<u8> = Vec::new();
    for strip in pixels.chunks(rows * row) {
        let bytes: &[u8] = if plain {
            bytemuck::cast_slice(strip)
        } else {
            scratch.clear();
            scratch.extend_from_slice(strip);
            if layout.white_is_zero {
                bytemuck::cast_slice_mut::<T, u8>(&mut scratch).iter_mut().for_each(|b| *b = !*b);
            }
            if predict {
                scratch.chunks_exact_mut(row).for_each(|row| differences(row, samples));
            }
            let unpacked: &[u8] = bytemuck::cast_slice(&scratch);
            packed.clear();
            match storage.compression {
                Compression::None => packed.extend_from_slice(unpacked),
                Compression::Lzw => drop(Lzw.write_to(&mut packed, unpacked)?),
                Compression::Deflate => drop(Deflate::default().write_to(&mut packed, unpacked)?),
                Compression::PackBits => {
                    // Runs do not reach across rows (TIFF 6.0, section 9).
                    for row in unpacked.chunks(row * T::PIXEL_TYPE.bytes()) {
                        Packbits.write_to(&mut packed, row)?;
                    }
                }
            }
            &packed
        };
        offsets.push(directory.write_data(bytes)?);
        counts.push(bytes.len() as u64);
        word_align(&mut directory)?;
    }

    let bits = vec![layout.pixel_type.bytes() as u16 * 8; samples];
    let format = vec![if layout.pixel_type == PixelType::F32 { 3u16 } else { 1 }; samples];
    let photometric: u16 = match layout.channels {
        Channels::Grey | Channels::GreyAlpha => u16::from(!layout.white_is_zero),
        Channels::Rgb | Channels::Rgba => 2,
    };
    let compression: u16 = match storage.compression {
        Compression::None => 1,
        Compression::Lzw => 5,
        Compression::Deflate => 8,
        Compression::PackBits => 32773,
    };
    let name = TagName::from_u16_exhaustive;
    directory.write_tag(name(tag::WIDTH), layout.width as u32)?;
    directory.write_tag(name(tag::HEIGHT), layout.height as u32)?;
    directory.write_tag(name(tag::BITS_PER_SAMPLE), &bits[..])?;
    directory.write_tag(name(tag::COMPRESSION), compression)?;
    directory.write_tag(name(tag::PHOTOMETRIC), photometric)?;
    directory.write_tag(name(tag::SAMPLES_PER_PIXEL), samples as u16)?;
    directory.write_tag(name(tag::ROWS_PER_STRIP), rows as u32)?;
    directory.write_tag(name(tag::PLANAR), 1u16)?;
    directory.write_tag(name(tag::SAMPLE_FORMAT), &format[..])?;
    if predict {
        directory.write_tag(name(tag::PREDICTOR), 2u16)?;
    }
    if !storage.extra_samples.is_empty() {
        directory.write_tag(name(tag::EXTRA_SAMPLES), &storage.extra_samples[..])?;
    }
    write_places(&mut directory, tag::STRIP_OFFSETS, &offsets)?;
    write_places(&mut directory, tag::STRIP_BYTE_COUNTS, &counts)?;
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

/// As in the input; strips that are compressed stay small, because readers unpack them whole.
fn rows_per_strip(layout: &Layout, storage: &Storage) -> usize {
    let row_bytes = layout.width * layout.channels.samples() * layout.pixel_type.bytes();
    let small = (STRIP_BYTES / row_bytes).clamp(1, layout.height);
    match (storage.tiled, storage.compression) {
        (true, _) => small,
        (false, Compression::None) => storage.rows_per_strip,
        (false, _) => storage.rows_per_strip.min(small),
    }
}

/// Each sample minus the one of the same channel to its left, wrapping (TIFF 6.0, section 14).
fn differences<T: Sample + Pod>(row: &mut [T], samples: usize) {
    match T::PIXEL_TYPE {
        PixelType::U8 => {
            let row: &mut [u8] = bytemuck::cast_slice_mut(row);
            (samples..row.len()).rev().for_each(|i| row[i] = row[i].wrapping_sub(row[i - samples]));
        }
        PixelType::U16 => {
            let row: &mut [u16] = bytemuck::cast_slice_mut(row);
            (samples..row.len()).rev().for_each(|i| row[i] = row[i].wrapping_sub(row[i - samples]));
        }
        PixelType::F32 => {}
    }
}

/// Directories and values begin at even bytes (TIFF 6.0, section 2).
fn word_align<K: TiffKind>(directory: &mut DirectoryEncoder<'_, File, K>) -> TiffResult<()> {
    let nothing: &[u8] = &[];
    if directory.write_data(nothing)? % 2 == 1 {
        directory.write_data(&[0u8][..])?;
    }
    Ok(())
}

fn write_places<K: TiffKind>(directory: &mut DirectoryEncoder<'_, File, K>, id: u16, places: &[u64]) -> TiffResult<()> {
    let name = TagName::from_u16_exhaustive(id);
    if std::mem::size_of::<K::OffsetType>() == 8 {
        directory.write_tag(name, places)
    } else {
        let places = places.iter().map(|&p| u32::try_from(p)).collect::<std::result::Result<Vec<_>, _>>()?;
        directory.write_tag(name, &places[..])
    }
}

/// A tag by its bytes.
fn put<K: TiffKind>(
    directory: &mut DirectoryEncoder<'_, File, K>,
    id: u16,
    kind: Type,
    value: &[u8],
) -> TiffResult<()> {
    let entry: Entry = directory.write_entry_bytes(kind, value)?;
    directory.extend_from(&Directory::from_iter([(TagName::from_u16_exhaustive(id), entry)]));
    word_align(directory)
}
