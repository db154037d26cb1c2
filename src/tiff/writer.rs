//! Writes a TIFF file page by page into a temporary file beside the target; it gets the target's name when it is
//! complete.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use bytemuck::Pod;
use tempfile::NamedTempFile;

use super::encode::{self, in_one_piece, stored_rows, write_levels, write_strips, Strips};
use super::errors::io_error;
use super::format::Compression;
use super::ifd::{places, Output};
use super::page::{FilePlan, Page};
use super::parallel::Workers;
use super::tag;
use crate::error::{Error, Result, Status};
use crate::guest::paths::canonical;
use crate::guest::threads::Priority;
use crate::image::frame::Sample;

/// Largest classic TIFF: its offsets have 32 bits; 1 MiB is left as a margin.
pub(super) const CLASSIC_LIMIT: u64 = u32::MAX as u64 - (1 << 20);

/// A TIFF file that is being written. Dropped before `finish`, it leaves nothing behind.
pub struct Writer {
    /// The path given to `create`.
    target: PathBuf,
    /// The file that the target links to, else the target.
    place: PathBuf,
    force: bool,
    plan: FilePlan,
    output: Output,
    /// For contiguous pages: where their pixels begin.
    region: Option<u64>,
    written: usize,
    temporary: NamedTempFile,
    workers: Workers,
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
        let file = temporary.reopen().map_err(|e| io_error("opening the temporary file", &e))?;
        let big = !plan.one_directory && (plan.big || plan.bytes > CLASSIC_LIMIT);
        let header = |e: io::Error| io_error("writing the header", &e);
        let mut output = Output::new(file, big).map_err(header)?;
        if !big {
            output.append(&plan.preface).map_err(header)?;
        }
        Ok(Self {
            target: target.into(),
            place,
            force,
            plan,
            output,
            region: None,
            written: 0,
            temporary,
            workers: Workers::default(),
        })
    }

    /// Sets how many threads compress the strips of a page, and their priority; one if it is never called.
    pub fn set_workers(&mut self, threads: usize, priority: Priority) {
        self.workers = Workers::new(threads, priority);
    }

    /// Writes the next page: interleaved samples, larger is brighter, as `Reader::read` returns them. `done` is
    /// appended to the page's Software tag. The content of `pixels` is undefined afterwards.
    ///
    /// # Errors
    /// `Io` (for example no space left); `Internal` if the pixels or the page do not fit the plan.
    pub fn write<T: Sample + Pod>(&mut self, pixels: &mut [T], page: &Page, done: Option<&str>) -> Result<()> {
        let plan = &self.plan;
        let fits = T::PIXEL_TYPE == page.format.pixel_type
            && pixels.len() == page.format.samples()
            && self.written < plan.pages
            && plan
                .contiguous
                .is_none_or(|format| format == page.format && page.storage.compression == Compression::None);
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
        let written = self.page(pixels, page, done);
        self.written += 1;
        written.map_err(|e| {
            io_error("writing a page (is there space left, and a limit on file sizes?)", &e)
                .context(self.target.display())
        })
    }

    fn page<T: Sample + Pod>(&mut self, pixels: &mut [T], page: &Page, done: Option<&str>) -> io::Result<()> {
        let Self { output, plan, region, written, workers, .. } = self;
        let big = output.big();
        let levels = write_levels(output, page, pixels, *workers)?;
        let Some(format) = plan.contiguous else {
            let strips = write_strips(output, page, pixels, *workers)?;
            return link(output, page, &strips, &levels, done);
        };
        let total = format.bytes() * plan.pages as u64;
        let mut scratch = Vec::new();
        let rows = stored_rows(&format, pixels, &mut scratch);
        let start = match *region {
            Some(start) => start,
            None if plan.one_directory => {
                // Its length does not depend on the places in it.
                let tags = |start| encode::directory(page, &in_one_piece(&format, &page.storage, start), big, done);
                let length: usize = tags(0).iter().map(|tag| tag.value.len() + 1 + 12).sum();
                let start = (output.end() + length as u64 + 16).next_multiple_of(16);
                output.directory(&tags(start))?;
                output.reserve_until(start);
                output.reserve(total)
            }
            None => output.reserve(total),
        };
        *region = Some(start);
        let place = start + *written as u64 * format.bytes();
        output.write_at(place, rows)?;
        if plan.one_directory {
            return Ok(());
        }
        let strips: Strips = in_one_piece(&format, &page.storage, place);
        link(output, page, &strips, &levels, done)
    }

    /// Flushes the file to disk and gives it its name.
    ///
    /// # Errors
    /// `Exists` if the target has appeared meanwhile; `Io`. In both cases nothing is left behind.
    pub fn finish(self) -> Result<()> {
        let Self { target, place, force, plan, written, temporary, output, .. } = self;
        drop(output);
        let name = |e: Error| e.context(target.display());
        if written != plan.pages {
            return Err(name(Error::new(Status::Internal, format!("{written} pages of {} were written", plan.pages))));
        }
        temporary.as_file().sync_all().map_err(|e| name(io_error("bringing the file to the disk", &e)))?;
        check_target(&target, force).map_err(name)?;
        give_name(temporary, &place, force).map_err(|e| name(io_error("giving the finished file its name", &e)))?;
        // Sync the folder, so that the name survives a power cut. Not every system can; that is no error.
        if let Ok(folder) = File::open(folder(&place)) {
            let _ = folder.sync_all();
        }
        Ok(())
    }
}

/// Writes the directories of a page and of its reduced copies.
fn link(
    output: &mut Output,
    page: &Page,
    strips: &Strips,
    levels: &[(Page, Strips)],
    done: Option<&str>,
) -> io::Result<()> {
    let big = output.big();
    let mut tags = encode::directory(page, strips, big, done);
    let directories = levels.iter().map(|(level, strips)| encode::directory(level, strips, big, None));
    if page.levels.in_chain {
        output.directory(&tags)?;
        return directories.into_iter().try_for_each(|tags| output.directory(&tags));
    }
    let mut offsets = Vec::new();
    for directory in directories {
        offsets.push(output.loose_directory(&directory)?.0);
    }
    if !offsets.is_empty() {
        tags.push(places(tag::SUB_IFDS, &offsets, big));
        tags.sort_by_key(|tag| tag.id);
    }
    output.directory(&tags)
}

/// Renames the finished file; without `force` only if the name is free.
fn give_name(temporary: NamedTempFile, place: &Path, force: bool) -> io::Result<()> {
    if force {
        return temporary.persist(place).map(|_| ()).map_err(|e| e.error);
    }
    let refused = match temporary.persist_noclobber(place) {
        Ok(_) => return Ok(()),
        Err(refused) if refused.error.kind() == io::ErrorKind::AlreadyExists => return Err(refused.error),
        Err(refused) => refused,
    };
    // Not every file system can rename without replacing, or has hard links (FAT, SMB, rclone): then an empty file
    // takes the name, if it is free, and is replaced.
    drop(File::options().write(true).create_new(true).open(place)?);
    refused.file.persist(place).map(|_| ()).map_err(|e| {
        let _ = fs::remove_file(place);
        e.error
    })
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
    match fs::symlink_metadata(target) {
        Err(e) if e.kind() == io::ErrorKind::InvalidFilename => {
            return Err(Error::new(
                Status::InvalidArgument,
                format!(
                    "the name of the output has {} bytes, which the file system of its folder refuses ({e}); expected \
                     at most 255 on most: choose a shorter name",
                    target.file_name().unwrap_or_default().len()
                ),
            ))
        }
        _ => {}
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
