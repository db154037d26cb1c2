//! Errors of calls into the JVM, in the engine's statuses.

use crate::error::{Error, Status};

/// A call into the JVM that went wrong where nothing should.
pub fn java(error: jni::errors::Error) -> Error {
    match error {
        jni::errors::Error::JniCall(jni::errors::JniError::NoMemory) => no_memory(),
        other => Error::new(
            Status::Internal,
            format!("a fault of Parfocal, not of the input (a call into the JVM failed: {other}); please report it"),
        ),
    }
}

/// For want of heap, which the caller can mend.
pub fn no_memory() -> Error {
    Error::new(
        Status::OutOfMemory,
        "the JVM has no memory left for this call: close what is not needed, or give it a larger heap (-Xmx)",
    )
}
