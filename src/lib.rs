//! Parfocal restores out-of-focus microscope images. This file is the map; ARCHITECTURE.md is the tour.

#![warn(missing_docs)]

mod beside;
pub mod blend;
pub mod cli;
pub mod control;
pub mod device;
pub mod doctor;
pub mod error;
pub mod ffi;
pub mod focus;
pub mod frame;
pub mod handles;
mod jni;
pub mod metrics;
pub mod model;
pub mod normalise;
pub mod onnx;
pub mod onnx_edit;
mod onnx_graph;
pub mod options;
pub mod pipeline;
mod placement;
mod plane;
mod pool;
pub mod provider;
pub mod queue;
pub mod restore_file;
pub mod runtime;
pub mod sample;
pub mod session;
pub mod stream;
mod sync;
pub mod tiff;
pub mod tile;

/// The README's Rust is compiled with the doc tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;
