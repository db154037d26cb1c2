//! Parfocal restores out-of-focus microscope images: same pixel type, size and units, no point spread function needed.
//!
//! ARCHITECTURE.md draws the rooms; each room's own page is its `mod.rs`.

#![warn(missing_docs)]

#[cfg(feature = "ndarray")]
pub mod arrays;
pub mod cli;
pub mod error;
pub mod ffi;
pub mod guest;
pub mod host;
pub mod image;
mod jni;
pub mod network;
pub mod onnx;
pub mod optics;
pub mod restore;
mod sync;
pub mod task;
pub mod tiff;

/// Small allocations never end the host's process: guest/reserve.rs. A Rust program with an allocator of its own leaves
/// the feature out.
#[cfg(feature = "reserve")]
#[global_allocator]
static ALLOCATOR: guest::reserve::Allocator = guest::reserve::Allocator;

pub use error::{Error, Result, Status};
pub use image::frame::{InPlace, PixelType, Sample, Separate, Shape, Strides};
pub use restore::file::restore_file;
pub use restore::model::Model;
pub use restore::options::{OpenOptions, RunOptions, StreamOptions};
pub use restore::report::Report;
pub use restore::stack::restore;
pub use restore::stream::Stream;
pub use task::Task;

/// The README's Rust is compiled with the doc tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;
