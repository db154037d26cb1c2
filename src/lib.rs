//! Parfocal restores out-of-focus microscope images. This file is the map; ARCHITECTURE.md is the tour.

pub mod error;
