//! The one error type of the engine: a status number that hosts can branch on and a message that people can act on.

use std::fmt;

/// Outcome classes, shared by every host. Numbers are never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(i32)]
#[non_exhaustive]
pub enum Status {
    Ok = 0,
    InvalidArgument = 1,
    InvalidHandle = 2,
    BadOption = 3,
    Unsupported = 4,
    NotFound = 5,
    Io = 6,
    Format = 7,
    Model = 8,
    Runtime = 9,
    Device = 10,
    OutOfMemory = 11,
    Cancelled = 12,
    WouldBlock = 13,
    Timeout = 14,
    Closed = 15,
    Exists = 16,
    Internal = 17,
}

/// What went wrong. The message says what, which value, what was expected and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    status: Status,
    message: String,
}

pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    pub fn new(status: Status, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }

    pub fn status(&self) -> Status {
        self.status
    }

    pub fn message(&self) -> &str {
        &self.message
    }

    /// The same error with what was being done in front: `"stack.tif: page 3: ..."`.
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
