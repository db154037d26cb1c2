//! Pixels and what is computed from them. Pure: no file, no network, no host.

pub mod blend;
pub mod focus;
pub mod frame;
pub mod metrics;
pub mod normalise;
pub mod packed;
pub mod sample;
pub mod tile;
pub mod turn;
