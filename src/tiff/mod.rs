//! Reads and writes TIFF files page by page. Every size in a file is checked before anything is allocated.
//!
//! | file | what it does |
//! |---|---|
//! | `directory` | reads and checks the raw structure |
//! | `format` | size, pixel type and storage of a page; refuses what cannot be restored |
//! | `metadata`, `imagej` | which tags are copied, and what they say about the image |
//! | `chunks`, `samples` | unpacks strips and tiles; byte order and predictors |
//! | `reader` | reads the pages of a file |
//! | `page` | what the reader passes to the writer |
//! | `writer`, `encode` | writes pages through the crate `tiff`, all or nothing |
//!
//! The crate does not unpack pixels: docs/decisions/tiff-decoding.md says why.

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
