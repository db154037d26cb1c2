//! Parfocal restores out-of-focus microscope images. This file is the map; ARCHITECTURE.md is the tour.

pub mod blend;
pub mod control;
pub mod error;
pub mod frame;
pub mod normalise;
pub mod options;
pub mod tiff;
pub mod tile;
