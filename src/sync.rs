//! The locks and atomics that threads share, in one place so that `tests/threads` can replace them with loom's.

pub(crate) use std::sync::atomic;
pub(crate) use std::sync::{Condvar, Mutex, MutexGuard};
