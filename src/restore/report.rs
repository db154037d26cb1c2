//! What a run did: one report for a stack in memory, a file, and every host.

use std::time::Duration;

use crate::image::normalise::Range;

/// What was done.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// Samples that were not finite and came back as they were.
    pub nonfinite: u64,
    /// Planes that were constant and came back as they were.
    pub constant_planes: u64,
    /// Input values that the network saw as 0 and 1, a pair for each plane.
    pub ranges: Vec<Range>,
    /// Side that a tile contributed; `None` for whole frames.
    pub tile: Option<usize>,
    /// Context around a tile; meaningless for whole frames.
    pub halo: usize,
    /// Time inside ONNX Runtime, waiting for other threads' runs included.
    pub network: Duration,
    /// Sentences on what went otherwise than planned.
    pub warnings: Vec<String>,
}

impl Report {
    /// Takes in what was done to the next planes of the same file. Warnings begin with `place`.
    pub(super) fn add(&mut self, next: Report, place: impl std::fmt::Display) {
        self.nonfinite += next.nonfinite;
        self.constant_planes += next.constant_planes;
        self.ranges.extend(next.ranges);
        self.tile = next.tile;
        self.halo = next.halo;
        self.network += next.network;
        self.warnings.extend(next.warnings.into_iter().map(|warning| format!("{place}: {warning}")));
    }

    /// The keys that every host shows.
    pub fn describe(&self) -> serde_json::Value {
        serde_json::json!({
            "nonfinite": self.nonfinite,
            "constant_planes": self.constant_planes,
            "ranges": self.ranges.iter().map(|range| [range.lo, range.hi]).collect::<Vec<_>>(),
            "tile": self.tile,
            "halo": self.halo,
            "network_ms": self.network.as_secs_f64() * 1e3,
            "warnings": self.warnings,
        })
    }
}
