//! Turns errors of calls into the JVM into the engine's errors.

use crate::error::{Error, Status};

/// A call into the JVM that should not have failed.
pub fn java(error: jni::errors::Error) -> Error {
    match error {
        jni::errors::Error::JniCall(jni::errors::JniError::NoMemory) => no_memory(),
        other => Error::new(
            Status::Internal,
            format!("a fault of Parfocal, not of the input (a call into the JVM failed: {other}); please report it"),
        ),
    }
}

/// The JVM's heap is full, which the caller can change.
pub fn no_memory() -> Error {
    Error::new(
        Status::OutOfMemory,
        "the JVM has no memory left for this call: close what is not needed, or give it a larger heap (-Xmx)",
    )
}
