//! TIFF files in and out, page by page: every size in a file is checked before anything is allocated, metadata is kept.
//!
//! | file | what |
//! |---|---|
//! | `directory` | the raw structure, read and checked |
//! | `format` | what a page is, and whether it can be restored |
//! | `metadata`, `imagej` | which tags go along, and what they say |
//! | `chunks`, `samples` | strips and tiles unpacked; byte order and predictors |
//! | `reader` | the pages of a file |
//! | `page` | what reader and writer tell each other |
//! | `writer`, `encode` | pixels packed, directories written through the crate `tiff`, all or nothing |
//!
//! Pixels are not unpacked by the crate: docs/decisions/tiff-decoding.md.

mod chunks;
mod directory;
mod encode;
mod errors;
mod format;
mod imagej;
mod metadata;
mod page;
mod reader;
mod samples;
mod tag;
#[cfg(test)]
mod tests;
mod writer;

pub use format::{Channels, Compression, PageFormat, Predictor, Storage};
pub use metadata::{Axes, Description, Tag};
pub use page::{FilePlan, Page};
pub use reader::Reader;
pub(crate) use writer::check_target;
pub use writer::Writer;
