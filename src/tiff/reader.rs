//! Reads a TIFF file page by page, after the structure of all its pages has been checked.

use std::collections::HashSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use bytemuck::Pod;

use super::chunks::Chunks;
use super::directory::Source;
use super::layout::{self, Compression, Layout, Storage};
use super::metadata::{self, About, Axes, Description, Tag};
use super::writer::Form;
use super::{io_error, tag};
use crate::error::{Error, Result, Status};
use crate::frame::{resize, Sample};

/// What a page has besides its pixels: tags that go along, and how it is stored.
#[derive(Clone, Debug)]
pub struct Page {
    /// How the pixels are stored.
    pub storage: Storage,
    /// What goes along to the output.
    pub tags: Vec<Tag>,
}

/// An open TIFF file whose pages all have one size and type.
pub struct Reader {
    path: PathBuf,
    source: Source,
    layout: Layout,
    /// Places of the directories.
    pages: Vec<u64>,
    about: About,
    warnings: Vec<String>,
    /// Bytes that an output of the same pages can need at most.
    most_bytes: u64,
    uncompressed: bool,
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
        let mut source = Source::new(File::open(path).map_err(|e| io_error("opening the file", &e))?)?;

        let mut pages = Vec::new();
        let mut seen = HashSet::new();
        let mut first: Option<(Layout, About)> = None;
        let mut most_bytes = 0u64;
        let mut uncompressed = true;
        let mut sub_images = false;
        let mut next = source.first;
        while next != 0 {
            let number = pages.len() + 1;
            let page = |e: Error| e.context(format_args!("page {number}"));
            if !seen.insert(next) {
                return Err(page(Error::new(
                    Status::Format,
                    format!("the list of pages turns in a circle (back to byte {next}): the file is damaged"),
                )));
            }
            let directory = source.directory(next).map_err(page)?;
            let (found, storage) = layout::read(&mut source, &directory).map_err(page)?;
            Chunks::find(&mut source, &directory, &found, &storage).map_err(page)?;
            match &first {
                None => first = Some((found, metadata::about(&mut source, &directory).map_err(page)?)),
                Some((expected, _)) if *expected != found => {
                    return Err(page(Error::new(
                        Status::Unsupported,
                        format!("found {found}, expected {expected} as on page 1: save pages of different kinds as files of their own"),
                    )));
                }
                Some(_) => {}
            }
            uncompressed &= storage.compression == Compression::None;
            sub_images |= directory.get(tag::SUB_IFDS).is_some();
            most_bytes = most_bytes
                .saturating_add(found.bytes())
                .saturating_add(storage.compression.most_growth(found.bytes()))
                // The writer's own tags, and the places of strips of at least one row.
                .saturating_add(metadata::kept_bytes(&directory) + 16 * found.height as u64 + 1024);
            pages.push(next);
            next = directory.next;
        }
        let Some((layout, about)) = first else {
            return Err(Error::new(Status::Format, "the file has no page; expected at least one: it is damaged"));
        };
        let directory = source.directory(pages[0])?;
        metadata::check_page_count(&directory, &about, pages.len())?;
        let mut warnings = Vec::new();
        if sub_images {
            warnings.push("reduced-size copies (SubIFDs) are not written to the output".to_owned());
        }
        let planes = about.axes.map_or(0, |a| a.channels.saturating_mul(a.slices).saturating_mul(a.frames));
        if about.description == Description::Ome && planes > pages.len() as u64 {
            warnings.push(format!(
                "the OME description counts {planes} planes, this file has {}: the others are in files of their own, \
                 which are not looked at",
                pages.len()
            ));
        }
        Ok(Self { path: path.into(), source, layout, pages, about, warnings, most_bytes, uncompressed })
    }

    /// As given to `open`.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Size, pixel type and channels of every page.
    pub fn layout(&self) -> Layout {
        self.layout
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

    /// Whose text the ImageDescription is.
    pub fn description(&self) -> Description {
        self.about.description
    }

    /// Channels, slices and frames, where an ImageJ or OME description gives them.
    pub fn axes(&self) -> Option<Axes> {
        self.about.axes
    }

    /// What the output will lack.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// What an output of the same pages needs to know from the start.
    pub fn form(&self) -> Form {
        Form {
            layout: self.layout,
            pages: self.pages.len(),
            uncompressed: self.uncompressed,
            bytes: self.most_bytes,
            big: self.source.big,
        }
    }

    /// Storage and tags of a page (from 0).
    pub fn page(&mut self, index: usize) -> Result<Page> {
        let place = self.pages[index];
        let mut read = || {
            let directory = self.source.directory(place)?;
            let (layout, storage) = layout::read(&mut self.source, &directory)?;
            let mut tags = metadata::kept(&mut self.source, &directory)?;
            if storage.planar {
                metadata::interleaved(&mut tags, &layout);
            }
            Ok(Page { storage, tags })
        };
        read().map_err(|e: Error| e.context(format_args!("{}: page {}", self.path.display(), index + 1)))
    }

    /// Reads the pixels of a page (from 0) into `pixels`: rows of interleaved samples, larger is brighter. The buffer is
    /// used again, so that memory does not grow with the pages.
    ///
    /// # Errors
    /// `Format` (damaged data), `Unsupported`, `Io`, `OutOfMemory`; `Internal` if `T` is not the file's pixel type.
    pub fn read<T: Sample + Pod>(&mut self, index: usize, pixels: &mut Vec<T>) -> Result<()> {
        self.read_unnamed(index, pixels)
            .map_err(|e| e.context(format_args!("{}: page {}", self.path.display(), index + 1)))
    }

    fn read_unnamed<T: Sample + Pod>(&mut self, index: usize, pixels: &mut Vec<T>) -> Result<()> {
        if T::PIXEL_TYPE != self.layout.pixel_type {
            return Err(Error::new(
                Status::Internal,
                format!("read as {} pixels, but they are {}", T::PIXEL_TYPE, self.layout.pixel_type),
            ));
        }
        let directory = self.source.directory(self.pages[index])?;
        let (layout, storage) = layout::read(&mut self.source, &directory)?;
        if layout != self.layout {
            return Err(Error::new(
                Status::Format,
                format!(
                    "found {layout}, expected {} as when it was opened: the file has changed meanwhile",
                    self.layout
                ),
            ));
        }
        let chunks = Chunks::find(&mut self.source, &directory, &layout, &storage)?;
        resize(pixels, layout.samples())?;
        chunks.read(&mut self.source, &layout, &storage, pixels)
    }
}
