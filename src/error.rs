//! The one error type of the engine: a status number that hosts can branch on and a message that people can act on.

use std::fmt;

/// Outcome classes, shared by every host. Numbers are never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(C)]
#[non_exhaustive]
pub enum Status {
    /// Done.
    Ok = 0,
    /// A size, stride, path or name that cannot be meant.
    InvalidArgument = 1,
    /// A handle that is closed, foreign or of another kind.
    InvalidHandle = 2,
    /// An option that is unknown, repeated, out of place or has a bad value.
    BadOption = 3,
    /// Sound input of a kind that is not handled.
    Unsupported = 4,
    /// A file or folder that is not there.
    NotFound = 5,
    /// Reading or writing failed.
    Io = 6,
    /// A file that is damaged or is none of the kind.
    Format = 7,
    /// A model file that cannot be used, or results that are not finite.
    Model = 8,
    /// ONNX Runtime is missing, too old or no library.
    Runtime = 9,
    /// A device that was asked for does not work.
    Device = 10,
    /// A buffer could not be had.
    OutOfMemory = 11,
    /// Stopped as asked; what is complete stays.
    Cancelled = 12,
    /// Nothing to take or no room, and waiting was not wanted.
    WouldBlock = 13,
    /// Nothing came in the time given.
    Timeout = 14,
    /// The other end is closed.
    Closed = 15,
    /// The output is there already.
    Exists = 16,
    /// A fault of Parfocal.
    Internal = 17,
}

/// What went wrong. The message says what, which value, what was expected and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    status: Status,
    message: String,
}

/// A value or an `Error`.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An error with this status and message.
    pub fn new(status: Status, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }

    /// The status, for programs to branch on.
    pub fn status(&self) -> Status {
        self.status
    }

    /// The message, for people.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The same error, its message prefixed with where it happened: `"stack.tif: page 3: ..."`.
    pub fn context(mut self, what: impl fmt::Display) -> Self {
        self.message = format!("{what}: {}", self.message);
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
