//! Reads a TIFF file page by page, after the structure of all its pages has been checked.

use std::collections::HashSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use bytemuck::Pod;

use super::chunks::Chunks;
use super::directory::{Directory, Source};
use super::errors::io_error;
use super::format::{self, Compression, PageFormat, Storage};
use super::metadata::{self, About, Axes, Description};
use super::page::{FilePlan, Page};
use super::tag;
use crate::error::{Error, Result, Status};
use crate::image::frame::{resize, Sample};

/// An open TIFF file whose pages all have one size and type.
pub struct Reader {
    path: PathBuf,
    source: Source,
    format: PageFormat,
    /// Offsets of the directories.
    pages: Vec<u64>,
    about: About,
    warnings: Vec<String>,
    /// Upper bound of the size of an output with the same pages.
    most_bytes: u64,
    uncompressed: bool,
}

/// Opens a regular file. Errors: `NotFound`, `InvalidArgument` (a folder), `Io`, `Format` (no TIFF).
fn open_source(path: &Path) -> Result<Source> {
    let kind = fs::metadata(path).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => {
            Error::new(Status::NotFound, "there is no such file; expected a TIFF image: check the path")
        }
        _ => io_error("opening the file", &e),
    })?;
    if kind.is_dir() {
        return Err(Error::new(
            Status::InvalidArgument,
            "this is a folder; expected a TIFF file: name the files in it",
        ));
    }
    if !kind.is_file() {
        return Err(Error::new(Status::InvalidArgument, "this is no regular file; expected a TIFF file"));
    }
    Source::new(File::open(path).map_err(|e| io_error("opening the file", &e))?)
}

/// What a walk over the directories of a file has found so far.
#[derive(Default)]
struct Walk {
    pages: Vec<u64>,
    first: Option<(PageFormat, About, Directory)>,
    most_bytes: u64,
    /// Whether any page is.
    compressed: bool,
    sub_images: bool,
}

impl Walk {
    /// Checks the page whose directory lies at byte `place`; returns where the next one lies, 0 if it was the last.
    fn page(&mut self, source: &mut Source, place: u64) -> Result<u64> {
        let directory = source.directory(place)?;
        let (found, storage) = format::read(source, &directory)?;
        Chunks::find(source, &directory, &found, &storage)?;
        if let Some((expected, ..)) = self.first.as_ref().filter(|(expected, ..)| *expected != found) {
            return Err(Error::new(
                Status::Unsupported,
                format!(
                    "found {found}, expected {expected} as on page 1: save pages of different kinds as files of their \
                     own"
                ),
            ));
        }
        self.compressed |= storage.compression != Compression::None;
        self.sub_images |= directory.get(tag::SUB_IFDS).is_some();
        self.most_bytes = self
            .most_bytes
            .saturating_add(found.bytes())
            .saturating_add(storage.compression.most_growth(found.bytes()))
            // The writer's own tags, and the places of strips of at least one row.
            .saturating_add(metadata::copied_bytes(&directory) + 16 * found.height as u64 + 1024);
        self.pages.push(place);
        let next = directory.next;
        if self.first.is_none() {
            self.first = Some((found, metadata::about(source, &directory)?, directory));
        }
        Ok(next)
    }
}

/// Sentences on what an output will lack.
fn losses(about: &About, pages: usize, sub_images: bool) -> Vec<String> {
    let mut warnings = Vec::new();
    if sub_images {
        warnings.push("reduced-size copies (SubIFDs) are not written to the output".to_owned());
    }
    let planes = about.axes.map_or(0, |a| a.channels.saturating_mul(a.slices).saturating_mul(a.frames));
    if about.description == Description::Ome && planes > pages as u64 {
        warnings.push(format!(
            "the OME description counts {planes} planes, this file has {pages}: the others are in files of their own, \
             which are not looked at"
        ));
    }
    warnings
}

impl Reader {
    /// Opens a file and checks every page: sizes, types, and that all strips and tiles lie inside the file. No pixel is
    /// read.
    ///
    /// # Errors
    /// `NotFound`, `InvalidArgument` (a folder), `Io`, `Format` (no TIFF, truncated, damaged), `Unsupported` (pixels of
    /// another kind, pages that differ). Messages start with the path.
    pub fn open(path: &Path) -> Result<Self> {
        Self::open_unnamed(path).map_err(|e| e.context(path.display()))
    }

    fn open_unnamed(path: &Path) -> Result<Self> {
        let mut source = open_source(path)?;
        let mut walk = Walk::default();
        let mut seen = HashSet::new();
        let mut next = source.first;
        while next != 0 {
            let number = walk.pages.len() + 1;
            let page = |e: Error| e.context(format_args!("page {number}"));
            if !seen.insert(next) {
                return Err(page(Error::new(
                    Status::Format,
                    format!("the list of pages turns in a circle (back to byte {next}): the file is damaged"),
                )));
            }
            next = walk.page(&mut source, next).map_err(page)?;
        }
        let Walk { pages, first, most_bytes, compressed, sub_images } = walk;
        let Some((format, about, directory)) = first else {
            return Err(Error::new(Status::Format, "the file has no page; expected at least one: it is damaged"));
        };
        metadata::check_page_count(&directory, &about, pages.len())?;
        let warnings = losses(&about, pages.len(), sub_images);
        Ok(Self { path: path.into(), source, format, pages, about, warnings, most_bytes, uncompressed: !compressed })
    }

    /// The path given to `open`.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Size, pixel type and channels of every page.
    pub fn format(&self) -> PageFormat {
        self.format
    }

    /// How many pages there are.
    pub fn pages(&self) -> usize {
        self.pages.len()
    }

    /// Whether it is a BigTIFF.
    pub fn big(&self) -> bool {
        self.source.big
    }

    /// Whether the most significant byte comes first.
    pub fn big_endian(&self) -> bool {
        self.source.order == tiff::tags::ByteOrder::BigEndian
    }

    /// Micrometres from pixel to pixel along x, where the file says it.
    pub fn pixel_size_um(&self) -> Option<f64> {
        self.about.pixel_size_um
    }

    /// Who wrote the ImageDescription.
    pub fn description(&self) -> Description {
        self.about.description
    }

    /// Channels, slices and frames, where an ImageJ or OME description gives them.
    pub fn axes(&self) -> Option<Axes> {
        self.about.axes
    }

    /// A sentence for each thing that the output will lack.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The plan for an output with the same pages.
    pub fn plan(&self) -> FilePlan {
        FilePlan {
            format: self.format,
            pages: self.pages.len(),
            uncompressed: self.uncompressed,
            bytes: self.most_bytes,
            big: self.source.big,
        }
    }

    /// Storage and tags of a page (from 0), without its pixels. Errors: as `read`.
    pub fn page(&mut self, index: usize) -> Result<Page> {
        self.named(index, |reader| {
            let (directory, storage) = reader.parse(index)?;
            reader.with_tags(&directory, storage)
        })
    }

    /// Reads the pixels of a page (from 0) into `pixels`: rows of interleaved samples, larger is brighter. The buffer
    /// is resized as needed; pass the same one for every page.
    ///
    /// # Errors
    /// `Format` (damaged data, or a file that has changed since it was opened), `Unsupported`, `Io`, `OutOfMemory`;
    /// `Internal` if `T` is not the file's pixel type.
    pub fn read<T: Sample + Pod>(&mut self, index: usize, pixels: &mut Vec<T>) -> Result<()> {
        self.named(index, |reader| {
            let (directory, storage) = reader.parse(index)?;
            reader.pixels(&directory, &storage, pixels)
        })
    }

    /// As `read`; also returns the page's storage and tags.
    pub fn read_page<T: Sample + Pod>(&mut self, index: usize, pixels: &mut Vec<T>) -> Result<Page> {
        self.named(index, |reader| {
            let (directory, storage) = reader.parse(index)?;
            reader.pixels(&directory, &storage, pixels)?;
            reader.with_tags(&directory, storage)
        })
    }

    /// Puts the file and the page before errors of `work`.
    fn named<R>(&mut self, index: usize, work: impl FnOnce(&mut Self) -> Result<R>) -> Result<R> {
        work(self).map_err(|e| e.context(format_args!("{}: page {}", self.path.display(), index + 1)))
    }

    /// Parses a directory again: keeping those of a long stack from `open` would take more memory than its pages.
    fn parse(&mut self, index: usize) -> Result<(Directory, Storage)> {
        let directory = self.source.directory(self.pages[index])?;
        let (format, storage) = format::read(&mut self.source, &directory)?;
        if format == self.format {
            return Ok((directory, storage));
        }
        Err(Error::new(
            Status::Format,
            format!("found {format}, expected {} as when it was opened: the file has changed meanwhile", self.format),
        ))
    }

    fn with_tags(&mut self, directory: &Directory, storage: Storage) -> Result<Page> {
        let mut tags = metadata::copied_tags(&mut self.source, directory)?;
        if storage.planar {
            metadata::interleave_shape(&mut tags, &self.format);
        }
        Ok(Page { storage, tags })
    }

    fn pixels<T: Sample + Pod>(&mut self, directory: &Directory, storage: &Storage, into: &mut Vec<T>) -> Result<()> {
        if T::PIXEL_TYPE != self.format.pixel_type {
            return Err(Error::new(
                Status::Internal,
                format!("read as {} pixels, but they are {}", T::PIXEL_TYPE, self.format.pixel_type),
            ));
        }
        let chunks = Chunks::find(&mut self.source, directory, &self.format, storage)?;
        resize(into, self.format.samples())?;
        chunks.read(&mut self.source, &self.format, storage, into)
    }
}
