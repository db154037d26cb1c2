//! Reads a TIFF file page by page, after the structure of all its pages has been checked.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use bytemuck::Pod;

use super::chunks::Chunks;
use super::describe::{self, Context, Described};
use super::directory::{elsewhere, Directory, Source};
use super::errors::io_error;
use super::format::{Axes, PageFormat, Storage};
use super::metadata::{self, About, Description};
use super::micro_manager::Blocks;
use super::ome::{self, Names, New};
use super::page::{FilePlan, Levels, Page};
use super::parallel::Workers;
use super::pyramid::sub_levels;
use super::tag::Tag;
use super::walk::{self, Walk};
use super::writer::CLASSIC_LIMIT;
use crate::error::{Error, Result, Status};
use crate::guest::threads::Priority;
use crate::image::frame::{resize, Sample};

/// An open TIFF file.
pub struct Reader {
    path: PathBuf,
    source: Source,
    walk: Walk,
    about: About,
    context: Context,
    /// Planes that follow each other behind the only directory; 1 if each has its own.
    planes: usize,
    warnings: Vec<String>,
    /// Said unless the files of the set are known.
    elsewhere: Option<String>,
    /// The names for the OME description of the output.
    names: Option<Names>,
    /// A pixel size that the output would not have otherwise.
    resolution: Option<[f64; 2]>,
    /// Upper bound of the size of an output with the same pages.
    most_bytes: u64,
    /// Whether reduced copies are made anew.
    keep_levels: bool,
    /// A description that the output gets before its own.
    description: Option<String>,
    workers: Workers,
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
    // It begins as a TIFF, but its pixels are in other files.
    if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("vsi")) {
        return Err(elsewhere("an Olympus VSI file"));
    }
    Source::new(File::open(path).map_err(|e| io_error("opening the file", &e))?)
}

impl Reader {
    /// Opens a file and checks every page: sizes, types, and that all strips and tiles lie inside the file. No pixel is
    /// read.
    ///
    /// # Errors
    /// `NotFound`, `InvalidArgument` (a folder), `Io`, `Format` (no TIFF, truncated, damaged), `Unsupported` (pixels of
    /// another kind). Messages start with the path.
    pub fn open(path: &Path) -> Result<Self> {
        Self::open_unnamed(path).map_err(|e| e.context(path.display()))
    }

    fn open_unnamed(path: &Path) -> Result<Self> {
        let mut source = open_source(path)?;
        let (mut walk, about, directory) = walk::all_pages(&mut source)?;
        let planes = walk::planes_in_one_page(&mut source, &directory, &about, &walk)?;
        let context = walk.context;
        let mut warnings = std::mem::take(&mut walk.notes);
        warnings.extend(about.notes.iter().cloned());
        let elsewhere = walk::planes_elsewhere(&about, walk.pages.len() * planes);
        let resolution = about.vendor.pixel_size_um;
        let most_bytes = walk.most_bytes.saturating_add(
            (planes as u64 - 1).saturating_mul(walk.formats[0].bytes() + 16 * walk.formats[0].height as u64 + 1024),
        );
        let most_bytes = match &about.vendor.micro_manager {
            Some(blocks) => {
                let most_bytes = most_bytes.saturating_add(blocks.length());
                warnings.push(blocks.loss(most_bytes <= CLASSIC_LIMIT));
                most_bytes
            }
            None => most_bytes,
        };
        Ok(Self {
            path: path.into(),
            source,
            walk,
            about,
            context,
            planes,
            warnings,
            elsewhere,
            names: None,
            resolution,
            most_bytes,
            keep_levels: true,
            description: None,
            workers: Workers::default(),
        })
    }

    /// Sets how many threads unpack the strips or tiles of a page, and their priority; one if it is never called.
    pub fn set_workers(&mut self, threads: usize, priority: Priority) {
        self.workers = Workers::new(threads, priority);
    }

    /// The path given to `open`.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Size, pixel type and channels of the first page.
    pub fn format(&self) -> PageFormat {
        self.walk.formats[0]
    }

    /// Size, pixel type and channels of a page (from 0).
    pub fn format_of(&self, index: usize) -> PageFormat {
        self.walk.formats[self.walk.pages[index / self.planes].format as usize]
    }

    /// The format of all pages. Errors: `Unsupported` if they differ.
    pub fn uniform(&self) -> Result<PageFormat> {
        let expected = self.format();
        let Some(index) = (0..self.pages()).find(|&i| self.format_of(i) != expected) else { return Ok(expected) };
        Err(Error::new(
            Status::Unsupported,
            format!(
                "{}: page {}: found {}, expected {expected} as on page 1: save pages of different kinds as files of \
                 their own",
                self.path.display(),
                index + 1,
                self.format_of(index)
            ),
        ))
    }

    /// How many pages there are.
    pub fn pages(&self) -> usize {
        self.walk.pages.len() * self.planes
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

    /// A sentence for each thing that is unusual, or that the output will lack.
    pub fn warnings(&self) -> Vec<String> {
        self.warnings.iter().chain(&self.elsewhere).cloned().collect()
    }

    /// Whether the OME description names other files than this one.
    pub(crate) fn is_part_of_a_set(&self) -> bool {
        self.about.ome.as_ref().is_some_and(|ome| ome.binary_only.is_some() || ome.files.len() > 1)
    }

    /// The names of the files that the OME description names, this one among them.
    pub(crate) fn files_of_the_set(&self) -> impl Iterator<Item = &str> {
        let ome = self.about.ome.iter();
        ome.flat_map(|ome| ome.files.iter().chain(&ome.binary_only)).map(|named| named.file.as_str())
    }

    /// Sets the names that the OME description of the output gives. Call it before `plan`. Errors: as `page`.
    pub fn rename(&mut self, names: Names) -> Result<()> {
        if self.about.ome.is_none() {
            return Ok(());
        }
        if self.is_part_of_a_set() {
            self.elsewhere = None;
        }
        let mut page = self.page(0)?;
        let size = |tags: &[Tag]| tags.iter().map(|tag| tag.value.len() as u64).sum::<u64>();
        let (before, sizes) = (size(&page.tags), self.about.ome.as_ref().and_then(|ome| ome.images.first()));
        let sizes = sizes.map(|image| image.pixel_size_um);
        let warnings = metadata::rename(&mut page.tags, &names, self.pages());
        let gone = !page.tags.iter().any(metadata::is_ome);
        if let (true, Some([Some(x), y])) = (gone, sizes) {
            self.resolution = self.resolution.or(Some([x, y.unwrap_or(x)]));
        }
        self.warnings.extend(warnings);
        self.most_bytes = self.most_bytes.saturating_add(size(&page.tags).saturating_sub(before) + 64);
        self.names = Some(names);
        Ok(())
    }

    /// Gives an output without OME-XML a description in it; `name` is the image's name, `seed` makes its identifier.
    /// Call it before `plan`. Errors: `Unsupported` if the pages are not all of one kind, or of a type without a name
    /// there.
    pub(crate) fn describe_in_ome(&mut self, name: &str, names: &Names) -> Result<()> {
        if self.about.ome.is_some() {
            return Ok(());
        }
        let format = self.uniform()?;
        let pages = self.pages() as u64;
        let whole = |axes: &Axes| {
            axes.channels.checked_mul(axes.slices).and_then(|n| n.checked_mul(axes.frames)) == Some(pages)
        };
        let axes = self.about.axes.filter(whole).unwrap_or(Axes { channels: 1, slices: pages, frames: 1 });
        let pixel_size_um = [self.about.pixel_size_um, self.about.pixel_size_um, self.about.spacing_um];
        let new = New { name, uuid: names.uuid(name), format, axes, pixel_size_um };
        let text = ome::describe(&new).map_err(|e| e.context(self.path.display()))?;
        self.most_bytes = self.most_bytes.saturating_add(text.len() as u64 + 64);
        self.description = Some(text);
        Ok(())
    }

    /// Whether pages have reduced copies.
    pub fn has_pyramid(&self) -> bool {
        self.walk.pyramid
    }

    /// Leaves the reduced copies out of the pages that are read from now on.
    pub fn drop_pyramid(&mut self) {
        if self.walk.pyramid {
            self.keep_levels = false;
            self.warnings.push("reduced-size copies are not written to the output, as asked for".into());
        }
    }

    /// The plan for an output with the same pages.
    pub fn plan(&self) -> FilePlan {
        let contiguous = Some(self.format()).filter(|_| self.walk.formats.len() == 1 && !self.walk.compressed);
        let one_directory = self.planes > 1
            && self.about.description == Description::ImageJ
            && contiguous.is_some()
            && !self.source.big
            && self.most_bytes > CLASSIC_LIMIT;
        let preface = self.about.vendor.micro_manager.as_ref().map(Blocks::encode).unwrap_or_default();
        FilePlan {
            pages: self.pages(),
            contiguous,
            one_directory,
            bytes: self.most_bytes,
            big: self.source.big,
            preface,
        }
    }

    /// Format, storage and tags of a page (from 0), without its pixels. Errors: as `read`.
    pub fn page(&mut self, index: usize) -> Result<Page> {
        self.named(index, |reader| {
            let (directory, described) = reader.parse(index)?;
            reader.with_tags(index, &directory, described, 0)
        })
    }

    /// Reads the pixels of a page (from 0) into `pixels`: rows of interleaved samples, larger is brighter. The buffer
    /// is resized as needed; pass the same one for every page.
    ///
    /// # Errors
    /// `Format` (damaged data, or a file that has changed since it was opened), `Unsupported`, `Io`, `OutOfMemory`;
    /// `Internal` if `T` is not the page's pixel type.
    pub fn read<T: Sample + Pod>(&mut self, index: usize, pixels: &mut Vec<T>) -> Result<()> {
        self.named(index, |reader| {
            let (directory, Described { format, storage, .. }) = reader.parse(index)?;
            reader.pixels(index, &directory, &format, &storage, pixels).map(|_| ())
        })
    }

    /// As `read`; also returns the page's format, storage and tags.
    pub fn read_page<T: Sample + Pod>(&mut self, index: usize, pixels: &mut Vec<T>) -> Result<Page> {
        self.named(index, |reader| {
            let (directory, described) = reader.parse(index)?;
            let rounded = reader.pixels(index, &directory, &described.format, &described.storage, pixels)?;
            reader.with_tags(index, &directory, described, rounded)
        })
    }

    /// Puts the file and the page before errors of `work`.
    fn named<R>(&mut self, index: usize, work: impl FnOnce(&mut Self) -> Result<R>) -> Result<R> {
        work(self).map_err(|e| e.context(format_args!("{}: page {}", self.path.display(), index + 1)))
    }

    /// Parses a directory again: keeping those of a long stack from `open` would take more memory than its pages.
    fn parse(&mut self, index: usize) -> Result<(Directory, Described)> {
        let directory = self.source.directory(self.walk.pages[index / self.planes].at)?;
        let described = describe::read(&mut self.source, &directory, self.context)?;
        let expected = self.format_of(index);
        if described.format == expected {
            return Ok((directory, described));
        }
        Err(Error::new(
            Status::Format,
            format!(
                "found {}, expected {expected} as when it was opened: the file has changed meanwhile",
                described.format
            ),
        ))
    }

    fn with_tags(&mut self, index: usize, directory: &Directory, described: Described, rounded: u64) -> Result<Page> {
        let Described { format, storage, .. } = described;
        // The tags of the only directory stand in the first page.
        if !index.is_multiple_of(self.planes) {
            return Ok(Page { format, storage, tags: Vec::new(), rounded, levels: Levels::default() });
        }
        let levels = match self.walk.chain.get(&index) {
            _ if !self.keep_levels => Levels::default(),
            // OME-XML counts directories: reduced copies must not be among them.
            Some(sizes) => Levels { sizes: sizes.clone(), in_chain: self.description.is_none() },
            None => Levels { sizes: sub_levels(&mut self.source, directory, &format).0, in_chain: false },
        };
        let mut tags = metadata::copied_tags(&mut self.source, directory)?;
        if storage.planar {
            metadata::interleave_shape(&mut tags, &format);
        }
        if let (0, Some(names)) = (index, &self.names) {
            metadata::rename(&mut tags, names, self.pages());
        }
        if let (0, Some(text)) = (index, &self.description) {
            metadata::describe(&mut tags, text);
        }
        if let Some(size) = self.resolution {
            metadata::set_resolution(&mut tags, size);
        }
        Ok(Page { format, storage, tags, rounded, levels })
    }

    fn pixels<T: Sample + Pod>(
        &mut self,
        index: usize,
        directory: &Directory,
        format: &PageFormat,
        storage: &Storage,
        into: &mut Vec<T>,
    ) -> Result<u64> {
        if T::PIXEL_TYPE != format.pixel_type {
            return Err(Error::new(
                Status::Internal,
                format!("read as {} pixels, but they are {}", T::PIXEL_TYPE, format.pixel_type),
            ));
        }
        let chunks = Chunks::find(&mut self.source, directory, format, storage)?;
        let chunks = chunks.moved(&self.source, (index % self.planes) as u64 * format.bytes())?;
        resize(into, format.samples())?;
        chunks.read(&mut self.source, format, storage, into, self.workers)
    }
}
