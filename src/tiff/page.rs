//! What a page has besides its pixels, and what a file of pages is to be: the reader tells it, the writer follows it.

use super::format::{PageFormat, Storage};
use super::metadata::Tag;

/// What a page has besides its pixels: tags that go along, and how it is stored.
#[derive(Clone, Debug)]
pub struct Page {
    /// How the pixels are stored.
    pub storage: Storage,
    /// What goes along to the output.
    pub tags: Vec<Tag>,
}

/// What must be known of a file before its first byte is written.
#[derive(Clone, Copy, Debug)]
pub struct FilePlan {
    /// Of every page.
    pub format: PageFormat,
    /// How many will be written.
    pub pages: usize,
    /// No page is compressed: all pixels then lie one page behind the other before the directories. ImageJ and tifffile
    /// look only at the first directory of such a stack, if its description is ImageJ's, and read on from there.
    pub uncompressed: bool,
    /// The most that the file can need. Above 4 GB it becomes a BigTIFF.
    pub bytes: u64,
    /// A BigTIFF in any case.
    pub big: bool,
}
