//! TIFF files in and out, page by page: every size in a file is checked before anything is allocated, metadata is kept.
//!
//! `directory` reads and checks the raw structure, `layout` decides what a page is and whether it can be restored,
//! `metadata` and `imagej` say which tags go along, `reader` and `chunks` unpack the pixels, `writer` and `encode` pack them
//! and write the directories through the crate `tiff`.

mod chunks;
mod directory;
mod encode;
mod imagej;
mod layout;
mod metadata;
mod reader;
#[cfg(test)]
mod tests;
mod writer;

pub use layout::{Channels, Compression, Layout, Predictor, Storage};
pub use metadata::{Axes, Description, Tag};
pub use reader::{Page, Reader};
pub(crate) use writer::check_target;
pub use writer::{Form, Writer};

use std::io;

use crate::error::{Error, Status};

/// Tags (TIFF 6.0, its supplements, and the registered private ones) that this module names.
pub(crate) mod tag {
    pub const WIDTH: u16 = 256;
    pub const HEIGHT: u16 = 257;
    pub const BITS_PER_SAMPLE: u16 = 258;
    pub const COMPRESSION: u16 = 259;
    pub const PHOTOMETRIC: u16 = 262;
    pub const FILL_ORDER: u16 = 266;
    pub const DESCRIPTION: u16 = 270;
    pub const STRIP_OFFSETS: u16 = 273;
    pub const SAMPLES_PER_PIXEL: u16 = 277;
    pub const ROWS_PER_STRIP: u16 = 278;
    pub const STRIP_BYTE_COUNTS: u16 = 279;
    pub const X_RESOLUTION: u16 = 282;
    pub const PLANAR: u16 = 284;
    pub const RESOLUTION_UNIT: u16 = 296;
    pub const SOFTWARE: u16 = 305;
    pub const PREDICTOR: u16 = 317;
    pub const TILE_WIDTH: u16 = 322;
    pub const TILE_HEIGHT: u16 = 323;
    pub const TILE_OFFSETS: u16 = 324;
    pub const TILE_BYTE_COUNTS: u16 = 325;
    pub const SUB_IFDS: u16 = 330;
    pub const EXTRA_SAMPLES: u16 = 338;
    pub const SAMPLE_FORMAT: u16 = 339;
    pub const METAMORPH_UIC2: u16 = 33629;
    pub const ZEISS_LSM: u16 = 34412;
    pub const IMAGEJ_BYTE_COUNTS: u16 = 50838;
    pub const IMAGEJ_METADATA: u16 = 50839;
}

/// An input or output error while `doing` something to a file.
pub(crate) fn io_error(doing: &str, error: &io::Error) -> Error {
    let status = match error.kind() {
        io::ErrorKind::NotFound => Status::NotFound,
        io::ErrorKind::OutOfMemory => Status::OutOfMemory,
        io::ErrorKind::AlreadyExists => Status::Exists,
        io::ErrorKind::UnexpectedEof => return damaged(doing, "the data ends too early"),
        // What the decompressors say of data that makes no sense.
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => return damaged(doing, &error.to_string()),
        _ => Status::Io,
    };
    Error::new(status, format!("{doing}: {error}"))
}

fn damaged(doing: &str, what: &str) -> Error {
    Error::new(
        Status::Format,
        format!("{doing}: {what}; the file is truncated or damaged: copy it again from its source"),
    )
}

/// What the crate `tiff` found wrong, in the engine's statuses.
fn tiff_error(doing: &str, error: tiff::TiffError) -> Error {
    use tiff::TiffError as E;
    match error {
        E::IoError(e) => io_error(doing, &e),
        E::FormatError(e) => damaged(doing, &e.to_string()),
        E::UnsupportedError(e) => Error::new(Status::Unsupported, format!("{doing}: {e}")),
        other => Error::new(Status::Format, format!("{doing}: {other}")),
    }
}
