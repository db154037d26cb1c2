//! Reads and writes TIFF files page by page. Every size in a file is checked before anything is allocated.
//!
//! | file | what it does |
//! |---|---|
//! | `directory` | reads and checks the raw structure |
//! | `format`, `stored` | size, pixel type and storage of a page |
//! | `describe` | reads these from the tags; refuses what cannot be restored |
//! | `metadata` | which tags are copied, and what they say about the image |
//! | `imagej`, `ome`, `vendor`, `micro_manager`, `units` | descriptions and blocks of other programs, and their units |
//! | `chunks`, `area`, `unpack`, `samples` | unpacks strips and tiles; byte order and predictors |
//! | `walk`, `reader` | checks all pages of a file, and reads them |
//! | `parallel` | strips or tiles packed and unpacked side by side |
//! | `pyramid` | reduced copies of a page |
//! | `page` | what the reader passes to the writer |
//! | `beside` | pages of numbers that belong to other pages |
//! | `writer`, `encode`, `ifd` | writes pages, all or nothing |
//!
//! The crate does not unpack pixels: docs/decisions/tiff-decoding.md says why.

mod area;
mod beside;
mod chunks;
mod describe;
mod directory;
mod encode;
mod errors;
mod format;
mod ifd;
mod imagej;
mod metadata;
mod micro_manager;
mod ome;
mod page;
mod parallel;
mod pyramid;
mod reader;
mod samples;
mod stored;
mod tag;
#[cfg(test)]
mod tests;
mod units;
mod unpack;
mod vendor;
mod walk;
mod writer;

pub(crate) use beside::{floats_page, floats_plan};
pub use format::{Axes, Channels, Compression, PageFormat, Predictor, Storage};
pub use metadata::Description;
pub(crate) use ome::companion;
pub use ome::Names;
pub use page::{FilePlan, Page};
pub use reader::Reader;
pub use stored::{Kind, Stored};
pub use tag::Tag;
pub(crate) use writer::check_target;
pub use writer::Writer;
