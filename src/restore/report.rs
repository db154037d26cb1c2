//! The report of a run: the same for a stack in memory and a file, and for every host.

use std::time::Duration;

use crate::image::normalise::Range;
use crate::restore::blur::Blur;

/// What a run did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// Samples that were not finite; they are returned unchanged.
    pub nonfinite: u64,
    /// Planes that were constant; they are returned unchanged.
    pub constant_planes: u64,
    /// Input values that the network saw as 0 and 1, a pair for each plane.
    pub ranges: Vec<Range>,
    /// Side that a tile contributed; `None` for whole frames.
    pub tile: Option<usize>,
    /// Context around a tile; meaningless for whole frames.
    pub halo: usize,
    /// Time inside ONNX Runtime, waiting for other threads' runs included.
    pub network: Duration,
    /// What was found of each plane's blur; `None` for a constant plane, and where the model estimates none.
    pub blurs: Vec<Option<Blur>>,
    /// The expected error of each sample, `[plane][channel][y][x]`, in the image's units; `None`: not asked for.
    pub errors: Option<Vec<f32>>,
    /// A sentence for each thing that did not go as planned.
    pub warnings: Vec<String>,
}

impl Report {
    /// Adds the report of the next planes of the same file. `place` is put before its warnings.
    pub(super) fn add(&mut self, next: Report, place: impl std::fmt::Display) {
        self.nonfinite += next.nonfinite;
        self.constant_planes += next.constant_planes;
        self.ranges.extend(next.ranges);
        self.blurs.extend(next.blurs);
        self.tile = next.tile;
        self.halo = next.halo;
        self.network += next.network;
        self.warnings.extend(next.warnings.into_iter().map(|warning| format!("{place}: {warning}")));
    }

    /// A number of each plane's blur and its standard deviation; `None` where it is not known.
    fn of_blurs(&self, number: impl Fn(&Blur) -> Option<(f64, f64)>) -> Vec<Option<[f64; 2]>> {
        let pair = |blur: &Option<Blur>| blur.as_ref().and_then(&number).map(|(value, error)| [value, error]);
        self.blurs.iter().map(pair).collect()
    }

    /// As JSON, the same for every host.
    pub fn describe(&self) -> serde_json::Value {
        serde_json::json!({
            "nonfinite": self.nonfinite,
            "constant_planes": self.constant_planes,
            "ranges": self.ranges.iter().map(|range| [range.lo, range.hi]).collect::<Vec<_>>(),
            "tile": self.tile,
            "halo": self.halo,
            "network_ms": self.network.as_secs_f64() * 1e3,
            "blur_px": self.of_blurs(|blur| Some(blur.radius_px)),
            "defocus_um": self.of_blurs(|blur| blur.defocus_um),
            "error_map": self.errors.is_some(),
            "warnings": self.warnings,
        })
    }
}
