//! Turns errors of files into the engine's errors.

use std::io;

use crate::error::{Error, Status};

/// An input or output error while `doing` something to a file.
pub(crate) fn io_error(doing: &str, error: &io::Error) -> Error {
    let status = match error.kind() {
        io::ErrorKind::NotFound => Status::NotFound,
        io::ErrorKind::OutOfMemory => Status::OutOfMemory,
        io::ErrorKind::AlreadyExists => Status::Exists,
        io::ErrorKind::UnexpectedEof => return damaged(doing, "the data ends too early"),
        // The decompressors report invalid data this way.
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
