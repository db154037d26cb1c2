//! Parfocal restores out-of-focus microscope images. This file is the map; ARCHITECTURE.md is the tour.

#![warn(missing_docs)]

pub mod blend;
pub mod cli;
pub mod control;
pub mod error;
pub mod focus;
pub mod frame;
pub mod metrics;
pub mod model;
pub mod normalise;
pub mod onnx;
pub mod options;
pub mod pipeline;
mod plane;
pub mod restore_file;
pub mod runtime;
pub mod session;
pub mod tiff;
pub mod tile;

/// The README's Rust is compiled with the doc tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;
