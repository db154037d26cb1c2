//! What the reader passes to the writer besides pixels: storage and tags of a page, and the plan of the file.

use super::format::{PageFormat, Storage};
use super::metadata::Tag;

/// A page without its pixels.
#[derive(Clone, Debug)]
pub struct Page {
    /// How the pixels are stored.
    pub storage: Storage,
    /// The tags that are copied to the output.
    pub tags: Vec<Tag>,
}

/// What the writer must know before it writes the first byte.
#[derive(Clone, Copy, Debug)]
pub struct FilePlan {
    /// Format of every page.
    pub format: PageFormat,
    /// How many pages will be written.
    pub pages: usize,
    /// No page is compressed. All pixels are then stored contiguously, page after page, before the directories: of a
    /// stack with ImageJ's description, ImageJ and tifffile read only the first directory and expect the other pages to
    /// follow.
    pub uncompressed: bool,
    /// Upper bound of the file's size. Above 4 GB it becomes a BigTIFF.
    pub bytes: u64,
    /// Write a BigTIFF whatever the size.
    pub big: bool,
}
