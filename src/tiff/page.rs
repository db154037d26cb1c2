//! What the reader passes to the writer besides pixels: format, storage and tags of a page, and the plan of the file.

use super::format::{PageFormat, Storage};
use super::pyramid::Level;
use super::tag;
use super::tag::Tag;

/// A page without its pixels.
#[derive(Clone, Debug)]
pub struct Page {
    /// Size, pixel type and channels.
    pub format: PageFormat,
    /// How the pixels are stored.
    pub storage: Storage,
    /// The tags that are copied to the output, sorted; a tag may come more than once.
    pub tags: Vec<Tag>,
    /// Samples that have more digits than the type in memory holds.
    pub rounded: u64,
    /// Reduced copies that are made anew.
    pub(super) levels: Levels,
}

/// Reduced copies of a page.
#[derive(Clone, Debug, Default)]
pub(super) struct Levels {
    pub sizes: Vec<Level>,
    /// They follow the page as pages; else they are its SubIFDs.
    pub in_chain: bool,
}

impl Page {
    /// The tag Software, without trailing zeros.
    pub fn software(&self) -> String {
        let value = self.tags.iter().find(|tag| tag.id == tag::SOFTWARE).map_or(&[][..], |tag| &tag.value);
        String::from_utf8_lossy(value).trim_end_matches('\0').to_owned()
    }
}

/// What the writer must know before it writes the first byte.
#[derive(Clone, Debug)]
pub struct FilePlan {
    /// How many pages will be written.
    pub pages: usize,
    /// The format of every page, if all have one and none is compressed. All pixels are then stored contiguously, page
    /// after page, before the directories: of a stack with ImageJ's description, ImageJ and tifffile read only the
    /// first directory and expect the other pages to follow.
    pub contiguous: Option<PageFormat>,
    /// Write one directory, before the pixels of all pages, as ImageJ does above 4 GB; it reads no BigTIFF.
    pub one_directory: bool,
    /// Upper bound of the file's size. Above 4 GB it becomes a BigTIFF.
    pub bytes: u64,
    /// Write a BigTIFF whatever the size.
    pub big: bool,
    /// What stands behind the header of a file that is no BigTIFF.
    pub(super) preface: Vec<u8>,
}
