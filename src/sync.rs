//! Locks of the parts that several threads share; `tests/threads` puts loom's in their place.

pub(crate) use std::sync::atomic;
pub(crate) use std::sync::{Condvar, Mutex, MutexGuard};
