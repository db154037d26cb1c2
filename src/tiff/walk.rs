//! Walks over the directories of a file and checks each page; finds planes that have no directory.

use std::collections::{HashMap, HashSet};

use super::chunks::Chunks;
use super::describe::{self, Context, Described};
use super::directory::{Directory, Source};
use super::format::{Compression, PageFormat};
use super::metadata::{self, About, Description};
use super::pyramid::{self, level, sub_levels, Level};
use super::{imagej, tag};
use crate::error::{Error, Result, Status};

/// A page: offset of its directory, and index of its format.
#[derive(Clone, Copy, Debug)]
pub(super) struct PageAt {
    pub at: u64,
    pub format: u32,
}

/// What a walk over the directories of a file has found.
#[derive(Default)]
pub(super) struct Walk {
    pub pages: Vec<PageAt>,
    /// The different formats; the first is that of the first page.
    pub formats: Vec<PageFormat>,
    pub context: Context,
    /// Upper bound of the size of an output with the same pages.
    pub most_bytes: u64,
    /// Whether any page is.
    pub compressed: bool,
    /// A sentence for each thing that is unusual or will be lost.
    pub notes: Vec<String>,
    /// Sizes of the reduced copies that follow a page, by its index.
    pub chain: HashMap<usize, Vec<Level>>,
    /// Whether any page has reduced copies, in either way.
    pub pyramid: bool,
    /// Images in SubIFDs that are no reduced copies.
    sub_images: bool,
    /// Smaller pages that are no reduced copies of the page before.
    thumbnails: usize,
}

/// Most kinds of sentences that are kept; a damaged file may give many.
const MOST_NOTES: usize = 20;

/// Checks all pages. Returns what was found, what the first page says, and its directory. Errors: `Format`,
/// `Unsupported`, `Io`, `OutOfMemory`.
pub(super) fn all_pages(source: &mut Source) -> Result<(Walk, About, Directory)> {
    let mut walk = Walk::default();
    let mut first = None;
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
        if first.is_some() && next >= source.length {
            walk.note(format!(
                "behind page {} the file points to a further page at byte {next}, but ends at {}; read as if this were \
                 its last page: if pages are missing, copy it again",
                number - 1,
                source.length
            ));
            break;
        }
        let directory = source.directory(next).map_err(page)?;
        if first.is_none() {
            let about = metadata::about(source, &directory).map_err(page)?;
            walk.context = Context { imagej: about.description == Description::ImageJ };
            walk.page(source, &directory, next).map_err(page)?;
            next = directory.next;
            first = Some((about, directory));
            continue;
        }
        if walk.is_reduced(source, &directory) {
            let lsm = first.as_ref().is_some_and(|(_, first)| first.get(tag::ZEISS_LSM).is_some());
            walk.reduced(source, &directory, lsm);
        } else {
            walk.page(source, &directory, next).map_err(page)?;
        }
        next = directory.next;
    }
    let Some((about, directory)) = first else {
        return Err(Error::new(Status::Format, "the file has no page; expected at least one: it is damaged"));
    };
    if walk.sub_images {
        walk.note(
            "images in SubIFDs that are no reduced copies of their page are not written to the output".to_owned(),
        );
    }
    if walk.thumbnails > 0 {
        let what = format!("{} thumbnails among the pages are not written to the output", walk.thumbnails);
        walk.note(what);
    }
    Ok((walk, about, directory))
}

impl Walk {
    fn note(&mut self, note: String) {
        if !self.notes.contains(&note) && self.notes.len() < MOST_NOTES {
            self.notes.push(note);
        }
    }

    /// Whether a later page says that it is a smaller copy of another, and is smaller than the first.
    fn is_reduced(&self, source: &mut Source, directory: &Directory) -> bool {
        let mut value = |tag| source.integer(directory, tag).ok().flatten();
        let says = value(tag::SUBFILE_TYPE).is_some_and(|kind| kind & 1 == 1);
        let (width, height) = (value(tag::WIDTH), value(tag::HEIGHT));
        let first = &self.formats[0];
        let smaller = |size: Option<u64>, first: usize| size.is_some_and(|size| size < first as u64);
        says && smaller(width, first.width) && smaller(height, first.height)
    }

    /// Counts a reduced copy of the page before, or a thumbnail. Those of an LSM file go with its block.
    fn reduced(&mut self, source: &mut Source, directory: &Directory, lsm: bool) {
        let last = self.pages.len() - 1;
        let format = self.formats[self.pages[last].format as usize];
        match level(source, directory, &format).filter(|_| !lsm) {
            Some(size) => {
                self.most_bytes = self.most_bytes.saturating_add(pyramid::most_bytes(&format, size));
                self.chain.entry(last).or_default().push(size);
                self.pyramid = true;
            }
            None => self.thumbnails += 1,
        }
    }

    /// Checks the page whose directory lies at byte `place`.
    fn page(&mut self, source: &mut Source, directory: &Directory, place: u64) -> Result<()> {
        let Described { format, storage, notes } = describe::read(source, directory, self.context)?;
        let chunks = Chunks::find(source, directory, &format, &storage)?;
        notes.into_iter().chain(chunks.notes).for_each(|note| self.note(note));
        let known = self.formats.iter().position(|known| *known == format);
        let index = known.unwrap_or(self.formats.len());
        if known.is_none() {
            if index == MOST_FORMATS {
                return Err(Error::new(
                    Status::Unsupported,
                    format!("more than {MOST_FORMATS} kinds of pages in one file; expected one or a few"),
                ));
            }
            self.formats.push(format);
        }
        self.compressed |= storage.compression != Compression::None;
        let (levels, others) = sub_levels(source, directory, &format);
        self.sub_images |= others;
        self.pyramid |= !levels.is_empty();
        let most = levels.iter().map(|&size| pyramid::most_bytes(&format, size)).sum();
        self.most_bytes = self.most_bytes.saturating_add(most);
        self.most_bytes = self
            .most_bytes
            .saturating_add(format.bytes())
            .saturating_add(storage.compression.most_growth(format.bytes()))
            // The writer's own tags, and the places of strips of at least one row.
            .saturating_add(metadata::copied_bytes(directory) + 16 * format.height as u64 + 1024);
        self.pages.push(PageAt { at: place, format: index as u32 });
        Ok(())
    }
}

/// Most kinds of pages in a file.
const MOST_FORMATS: usize = 1000;

/// How many planes follow each other in the only page of a file; 1 for all other files. ImageJ writes stacks above 4 GB
/// so, MetaMorph its STK files, tifffile with `truncate`.
///
/// Errors: `Unsupported`, `Format` if they cannot be where they are said to be.
pub(super) fn planes_in_one_page(
    source: &mut Source,
    directory: &Directory,
    about: &About,
    walk: &Walk,
) -> Result<usize> {
    let pages = walk.pages.len();
    let refuse = |what: String| {
        Err(Error::new(Status::Unsupported, format!("{what}; save it again in the program that wrote it, as OME-TIFF")))
    };
    let stk = directory.get(tag::METAMORPH_UIC2).map_or(1, |entry| entry.count);
    let imagej =
        if about.description == Description::ImageJ { imagej::count(&about.text, "images") } else { pages as u64 };
    let shaped = metadata::truncated_planes(&about.text, &walk.formats[0]);
    let (planes, says) = if stk > 1 && pages == 1 {
        (stk, "MetaMorph's tags say")
    } else if imagej > pages as u64 {
        (imagej, "ImageJ's text says")
    } else if let Some(planes) = shaped.filter(|_| pages == 1) {
        (planes, "tifffile's text says")
    } else {
        return Ok(1);
    };
    let found = format!("{says} {planes} images, but the file has {pages} page{}", if pages == 1 { "" } else { "s" });
    if pages > 1 {
        return refuse(found);
    }
    let format = walk.formats[0];
    let Described { storage, .. } = describe::read(source, directory, walk.context)?;
    let chunks = Chunks::find(source, directory, &format, &storage)?;
    let Some((start, bytes)) = chunks.contiguous(&storage).filter(|&(_, bytes)| bytes >= format.bytes()) else {
        return refuse(format!(
            "{found} whose pixels are not uncompressed and in one piece, so the others are not found"
        ));
    };
    let all = u128::from(planes) * u128::from(format.bytes());
    let there = source.length - start;
    if all > u128::from(there) || bytes > format.bytes() && u128::from(bytes) != all {
        return Err(Error::new(
            Status::Format,
            format!(
                "{found} and only {there} bytes from its pixels on, expected {all} for all images: it is truncated, or \
                 another program has left out pages: copy it again from its source"
            ),
        ));
    }
    // It fits: each plane has a byte at least, and they lie in the file.
    Ok(planes as usize)
}

/// A sentence if the OME description counts other planes than the file has.
pub(super) fn planes_elsewhere(about: &About, pages: usize) -> Option<String> {
    let planes = about.ome.as_ref().filter(|ome| !ome.images.is_empty()).and(about.planes)?;
    let pages = pages as u64;
    let head = format!("the OME description counts {planes} planes, this file has {pages}");
    if planes > pages {
        return Some(format!("{head}: the others are in files of their own, which are not looked at"));
    }
    (planes < pages).then(|| format!("{head}: other programs may not show the last ones"))
}
