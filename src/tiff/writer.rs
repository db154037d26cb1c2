//! Writes a TIFF file page by page into a temporary file beside the target; it gets the target's name when it is
//! complete.

use std::cell::Cell;
use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use bytemuck::Pod;
use tempfile::NamedTempFile;
use tiff::encoder::{TiffEncoder, TiffKind, TiffKindBig};
use tiff::TiffResult;

use super::encode::{self, Output, Strips};
use super::errors::{io_error, tiff_error};
use super::format::Compression;
use super::page::{FilePlan, Page};
use super::samples::invert;
use crate::error::{Error, Result, Status};
use crate::guest::paths::canonical;
use crate::image::frame::Sample;

/// Largest classic TIFF: its offsets have 32 bits; 1 MiB is left as a margin.
const CLASSIC_LIMIT: u64 = u32::MAX as u64 - (1 << 20);

enum Encoder {
    Classic(TiffEncoder<Output>),
    Big(TiffEncoder<Output, TiffKindBig>),
}

/// A TIFF file that is being written. Dropped before `finish`, it leaves nothing behind.
pub struct Writer {
    /// The path given to `create`.
    target: PathBuf,
    /// The file that the target links to, else the target.
    place: PathBuf,
    force: bool,
    plan: FilePlan,
    encoder: Encoder,
    step_over: Rc<Cell<bool>>,
    /// For uncompressed pages: where their pixels begin, and the handle that writes them.
    region: Option<(u64, File)>,
    written: usize,
    temporary: NamedTempFile,
}

impl Writer {
    /// Creates the temporary file. An existing target is replaced only with `force`.
    ///
    /// # Errors
    /// `Exists`; `NotFound` (no such folder); `InvalidArgument` (a folder has the target's name); `Io`. Messages start
    /// with the path.
    pub fn create(target: &Path, force: bool, plan: FilePlan) -> Result<Self> {
        Self::create_unnamed(target, force, plan).map_err(|e| e.context(target.display()))
    }

    fn create_unnamed(target: &Path, force: bool, plan: FilePlan) -> Result<Self> {
        check_target(target, force)?;
        // A link to an existing file stays a link: the file that it points to is replaced.
        let place = if target.is_symlink() { canonical(target).ok() } else { None };
        let place = place.unwrap_or_else(|| target.to_owned());
        let folder = folder(&place);
        let mut builder = tempfile::Builder::new();
        builder.prefix(".parfocal-").suffix(".tmp");
        #[cfg(unix)]
        {
            // The user's umask decides, as for any new file, not tempfile's private mode.
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        let temporary = builder
            .tempfile_in(folder)
            .map_err(|e| io_error(&format!("creating a file in the folder {}", folder.display()), &e))?;
        // Each handle has its own position.
        let open = || temporary.reopen().map_err(|e| io_error("opening the temporary file", &e));
        let step_over = Rc::new(Cell::new(false));
        let output = Output { file: open()?, step_over: Rc::clone(&step_over) };
        let wrong = |e| tiff_error("writing the header", e);
        let encoder = if plan.big || plan.bytes > CLASSIC_LIMIT {
            Encoder::Big(TiffEncoder::new_big(output).map_err(wrong)?)
        } else {
            Encoder::Classic(TiffEncoder::new(output).map_err(wrong)?)
        };
        let region = if plan.uncompressed { Some((0, open()?)) } else { None };
        Ok(Self { target: target.into(), place, force, plan, encoder, step_over, region, written: 0, temporary })
    }

    /// Writes the next page: interleaved samples, larger is brighter, as `Reader::read` returns them. `done` is
    /// appended to the page's Software tag. The content of `pixels` is undefined afterwards.
    ///
    /// # Errors
    /// `Io` (for example no space left); `Internal` if the pixels or the page do not fit the plan.
    pub fn write<T: Sample + Pod>(&mut self, pixels: &mut [T], page: &Page, done: Option<&str>) -> Result<()> {
        let plan = &self.plan;
        let fits = T::PIXEL_TYPE == plan.format.pixel_type
            && pixels.len() == plan.format.samples()
            && self.written < plan.pages
            && (self.region.is_none() || page.storage.compression == Compression::None);
        if !fits {
            return Err(Error::new(
                Status::Internal,
                format!(
                    "{} {} samples ({:?}) as page {} do not fit {plan:?}",
                    pixels.len(),
                    T::PIXEL_TYPE,
                    page.storage,
                    self.written + 1
                ),
            ));
        }
        let region = self.region.as_mut().map(|region| (region, self.step_over.as_ref(), self.written));
        let written = match &mut self.encoder {
            Encoder::Classic(encoder) => write_page(encoder, plan, region, pixels, page, done),
            Encoder::Big(encoder) => write_page(encoder, plan, region, pixels, page, done),
        };
        self.written += 1;
        written.map_err(|e| {
            tiff_error("writing a page (is there space left, and a limit on file sizes?)", e)
                .context(self.target.display())
        })
    }

    /// Flushes the file to disk and gives it its name.
    ///
    /// # Errors
    /// `Exists` if the target has appeared meanwhile; `Io`. In both cases nothing is left behind.
    pub fn finish(self) -> Result<()> {
        let Self { target, place, force, plan, written, temporary, encoder, region, .. } = self;
        drop((encoder, region));
        let name = |e: Error| e.context(target.display());
        if written != plan.pages {
            return Err(name(Error::new(Status::Internal, format!("{written} pages of {} were written", plan.pages))));
        }
        temporary.as_file().sync_all().map_err(|e| name(io_error("bringing the file to the disk", &e)))?;
        check_target(&target, force).map_err(name)?;
        let named = if force { temporary.persist(&place) } else { temporary.persist_noclobber(&place) };
        named.map_err(|e| name(io_error("giving the finished file its name", &e.error)))?;
        // Sync the folder, so that the name survives a power cut. Not every system can; that is no error.
        if let Ok(folder) = File::open(folder(&place)) {
            let _ = folder.sync_all();
        }
        Ok(())
    }
}

fn folder(target: &Path) -> &Path {
    target.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Checks that a file of this name may be created.
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
        // For example /dev/null, which must not be replaced by a file.
        Ok(found) if !found.is_file() => {
            Err(Error::new(Status::InvalidArgument, "the output is no regular file; expected the name of one"))
        }
        Ok(_) if !force => Err(Error::new(
            Status::Exists,
            "the output exists already; choose another name, or overwrite it (--force on the command line)",
        )),
        // A dangling link: refused now, since writing would fail only at the very end.
        Err(_) if target.is_symlink() => {
            let to = fs::read_link(target).unwrap_or_default();
            Err(Error::new(
                Status::InvalidArgument,
                format!(
                    "the output is a link to {}, where there is no file; remove the link, or name that file itself",
                    to.display()
                ),
            ))
        }
        _ => Ok(()),
    }
}

fn write_page<T: Sample + Pod, K: TiffKind>(
    encoder: &mut TiffEncoder<Output, K>,
    plan: &FilePlan,
    region: Option<(&mut (u64, File), &Cell<bool>, usize)>,
    pixels: &mut [T],
    page: &Page,
    done: Option<&str>,
) -> TiffResult<()> {
    let FilePlan { format, pages, .. } = plan;
    let mut directory = encoder.image_directory()?;
    let strips: Strips = match region {
        None => encode::write_strips(&mut directory, format, &page.storage, pixels)?,
        Some(((start, file), step_over, index)) => {
            if index == 0 {
                step_over.set(true);
                *start = step(&mut directory, format.bytes() * *pages as u64)?;
                step_over.set(false);
                encode::word_align(&mut directory)?;
            }
            if format.white_is_zero {
                invert(pixels);
            }
            let place = *start + index as u64 * format.bytes();
            file.seek(SeekFrom::Start(place))?;
            file.write_all(bytemuck::cast_slice(pixels))?;
            encode::in_one_piece(format, &page.storage, place)
        }
    };
    encode::write_directory(directory, format, page, &strips, done)
}

/// Skips `bytes` bytes of the file; returns where they begin.
fn step<K: TiffKind>(directory: &mut encode::Encoder<'_, K>, mut bytes: u64) -> TiffResult<u64> {
    static BLOCK: [u8; 1 << 16] = [0; 1 << 16];
    let start = directory.write_data(&[][..] as &[u8])?;
    while bytes > 0 {
        let part = bytes.min(BLOCK.len() as u64);
        directory.write_data(&BLOCK[..part as usize])?;
        bytes -= part;
    }
    Ok(start)
}
