//! Reflection padding and the tile plan, in integers only.

use crate::error::{Error, Result, Status};

/// Tile edges are multiples of this, in pixels: the network halves its input four times.
pub const GRID: usize = 16;
/// Pixels over which neighbouring tiles fade into each other.
pub const FADE: usize = 16;
/// Frames of up to this many pixels may run whole, without tiles.
pub const LARGEST_WHOLE: usize = 2048 * 2048;

/// Longest side of a frame. Together with `MOST_TILES` it bounds the memory of the plan itself.
pub const LONGEST_SIDE: usize = 1 << 30;
const MOST_TILES: usize = 1 << 20;

/// Index into `0..n` of position `i`, reflected at the ends without repeating the edge pixel, as often as needed.
/// An axis of one pixel repeats it.
pub fn reflect(i: isize, n: usize) -> usize {
    if n == 1 {
        return 0;
    }
    let period = 2 * (n as isize - 1);
    let i = i.rem_euclid(period);
    i.min(period - i) as usize
}

/// `n` rounded up to a multiple of `multiple`.
pub fn padded(n: usize, multiple: usize) -> usize {
    n.div_ceil(multiple) * multiple
}

/// One axis of a tile: what the network sees, and which pixels it contributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// First pixel of the network's input, in the padded frame.
    pub start: usize,
    /// Length of the network's input.
    pub length: usize,
    /// First pixel that the tile contributes.
    pub first: usize,
    /// One past the last pixel that it contributes, the fade into the next tile included.
    pub end: usize,
    /// The contribution rises over `FADE` pixels from `first`.
    pub fades_in: bool,
    /// The contribution falls over `FADE` pixels to `end`.
    pub fades_out: bool,
}

impl Span {
    /// Weight of this tile at pixel `i` of the padded frame, in units of 1 / (2 FADE). The weights of all tiles at a
    /// pixel add up to exactly `2 * FADE`.
    pub fn weight(&self, i: usize) -> usize {
        if i < self.first || i >= self.end {
            0
        } else if self.fades_in && i < self.first + FADE {
            2 * (i - self.first) + 1
        } else if self.fades_out && i >= self.end - FADE {
            2 * (self.end - i) - 1
        } else {
            2 * FADE
        }
    }
}

/// Splits one axis of a padded frame. A tile contributes `tile` pixels and sees `halo` more on each side, up to the
/// frame's edge.
fn spans(length: usize, tile: usize, halo: usize) -> Vec<Span> {
    let units = length / GRID;
    let count = length.div_ceil(tile);
    let mut first = 0;
    (0..count)
        .map(|i| {
            // Balanced: lengths differ by at most one grid step.
            let own = (units / count + usize::from(i < units % count)) * GRID;
            let last = i + 1 == count;
            let end = if last { length } else { first + own + FADE };
            let start = first.saturating_sub(halo);
            let span =
                Span { start, length: (end + halo).min(length) - start, first, end, fades_in: i > 0, fades_out: !last };
            first += own;
            span
        })
        .collect()
}

/// How a frame is cut into tiles; a whole frame is a plan of one tile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Width of the padded frame, in pixels.
    pub width: usize,
    /// Height of the padded frame, in pixels.
    pub height: usize,
    /// The cuts along x.
    pub columns: Vec<Span>,
    /// The cuts along y.
    pub rows: Vec<Span>,
    /// Frames (colour channels) that go through the network together.
    pub batch: usize,
    /// Side of the square that a tile contributes; `None` for a whole frame.
    pub tile: Option<usize>,
    /// How often the network runs on each tile.
    pub passes: usize,
}

/// Limits that a plan must keep.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes that one run of the network may use.
    pub memory_bytes: u64,
    /// Bytes that the network uses for each pixel of its input.
    pub bytes_per_pixel: u64,
    /// The frame is padded to a multiple of this.
    pub multiple: usize,
}

impl Plan {
    /// Without `tile`, a frame runs whole if it fits, else in the largest tiles that fit.
    pub fn new(
        width: usize,
        height: usize,
        channels: usize,
        tile: Option<usize>,
        halo: usize,
        limits: Limits,
    ) -> Result<Self> {
        let grid = padded(GRID, limits.multiple);
        if grid != GRID {
            return Err(Error::new(
                Status::Model,
                format!("the model wants sizes in multiples of {}; expected a divisor of {GRID}", limits.multiple),
            ));
        }
        let too_large = || {
            Error::new(
                Status::InvalidArgument,
                format!("a frame of {width}x{height} is too large; expected sides of at most {LONGEST_SIDE}"),
            )
        };
        if width.max(height) > LONGEST_SIDE {
            return Err(too_large());
        }
        let (wide, high) = (padded(width, GRID), padded(height, GRID));
        let pixels = wide.checked_mul(high).ok_or_else(too_large)?;
        let may_use = usize::try_from(limits.memory_bytes / limits.bytes_per_pixel.max(1)).unwrap_or(usize::MAX);
        let halo = padded(halo, GRID);
        let side = match tile {
            Some(tile) => Some(padded(tile.max(1), GRID)),
            None if pixels <= may_use.min(LARGEST_WHOLE) => None,
            // Tiles at the edges have other shapes, which fragment ONNX Runtime's arena: a third is reserved for that
            // (measured by `memory_stays_within_its_option` in tests/stacks.rs).
            None => Some(largest_tile(wide, high, halo, (may_use / 3 * 2).min(LARGEST_WHOLE)).ok_or_else(|| {
                let least = ((GRID + FADE + 2 * halo).pow(2) as u64 * limits.bytes_per_pixel * 3 / 2).div_ceil(1 << 20);
                Error::new(
                    Status::BadOption,
                    format!(
                        "memory={}: a frame of {width}x{height} with a halo of {halo} px needs at least {least} MiB; \
                         raise memory or lower halo",
                        limits.memory_bytes >> 20
                    ),
                )
            })?),
        };
        if let Some(side) = side.filter(|&side| wide.max(high) / side > MOST_TILES) {
            return Err(Error::new(
                Status::BadOption,
                format!(
                    "tile={side}: more than {MOST_TILES} tiles along a frame of {width}x{height}; expected larger tiles"
                ),
            ));
        }
        // A tile that covers the frame is the whole frame.
        let side = side.filter(|&s| s < wide || s < high);
        let columns = spans(wide, side.unwrap_or(wide), halo);
        let rows = spans(high, side.unwrap_or(high), halo);
        let largest = |spans: &[Span]| spans.iter().map(|s| s.length).max().unwrap_or(0);
        let input = largest(&columns) * largest(&rows);
        if tile.is_some() && input > may_use {
            let least = (input as u64 * limits.bytes_per_pixel).div_ceil(1 << 20);
            return Err(Error::new(
                Status::BadOption,
                format!(
                    "tile={}: with a halo of {halo} px the network takes up to {least} MiB, memory allows {}; lower \
                     tile, raise memory, or leave tile to auto",
                    tile.unwrap_or_default(),
                    limits.memory_bytes >> 20
                ),
            ));
        }
        let batch = (may_use / input).clamp(1, channels);
        Ok(Self { width: wide, height: high, columns, rows, batch, tile: side, passes: 1 })
    }

    /// Tile side to try after this plan ran out of memory: half, down to 64 pixels.
    pub fn halved(&self) -> Option<usize> {
        const SMALLEST: usize = 64;
        let side = self.tile.unwrap_or(self.width.max(self.height));
        Some(padded(side / 2, GRID)).filter(|&half| half < side && half >= SMALLEST)
    }

    /// Pixels of the largest network run.
    pub fn largest_run(&self) -> usize {
        let longest = |spans: &[Span]| spans.iter().map(|s| s.length).max().unwrap_or(0);
        self.batch * longest(&self.columns) * longest(&self.rows)
    }

    /// Network runs for one frame of `channels`.
    pub fn runs(&self, channels: usize) -> u64 {
        (self.columns.len() * self.rows.len() * channels.div_ceil(self.batch) * self.passes) as u64
    }
}

/// The largest tile whose network input, halo and fade included, has at most `pixels`.
fn largest_tile(wide: usize, high: usize, halo: usize, pixels: usize) -> Option<usize> {
    let input = |length: usize, tile: usize| (tile + FADE + 2 * halo).min(length);
    let fits = |units: usize| {
        let tile = units * GRID;
        input(wide, tile).checked_mul(input(high, tile)).is_some_and(|n| n <= pixels)
    };
    // A larger tile never needs less memory, so bisect.
    let (mut fit, mut beyond) = (0, padded(wide.max(high), GRID) / GRID + 1);
    while beyond - fit > 1 {
        let middle = fit + (beyond - fit) / 2;
        *(if fits(middle) { &mut fit } else { &mut beyond }) = middle;
    }
    (fit > 0).then_some(fit * GRID)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reflection_does_not_repeat_the_edge() {
        let at = |n: usize| (-3..6).map(|i| reflect(i, n)).collect::<Vec<_>>();
        assert_eq!(at(4), [3, 2, 1, 0, 1, 2, 3, 2, 1]);
        assert_eq!(at(2), [1, 0, 1, 0, 1, 0, 1, 0, 1]);
        assert_eq!(at(1), [0; 9]);
    }

    fn limits(memory_bytes: u64, bytes_per_pixel: u64) -> Limits {
        Limits { memory_bytes, bytes_per_pixel, multiple: 16 }
    }

    #[test]
    fn a_frame_that_fits_runs_whole_with_all_its_channels() {
        let plan = Plan::new(100, 50, 3, None, 96, limits(1 << 30, 100)).unwrap();
        assert_eq!((plan.width, plan.height, plan.batch, plan.tile), (112, 64, 3, None));
        assert_eq!((plan.columns.len(), plan.rows.len(), plan.runs(3)), (1, 1, 1));
        let alone = Plan::new(100, 50, 3, None, 96, limits(112 * 64 * 100, 100)).unwrap();
        assert_eq!((alone.batch, alone.runs(3)), (1, 3));
    }

    #[test]
    fn halving_ends_at_64_pixels_from_any_start() {
        let sequence = |width, height, tile| {
            let mut tile: Option<usize> = tile;
            let mut sides = Vec::new();
            loop {
                let plan = Plan::new(width, height, 1, tile, 32, limits(1 << 40, 1)).unwrap();
                tile = plan.halved();
                match tile {
                    Some(side) => sides.push(side),
                    None => return sides,
                }
            }
        };
        assert_eq!(sequence(2048, 1536, None), [1024, 512, 256, 128, 64]);
        assert_eq!(sequence(1000, 3000, None), [1504, 752, 384, 192, 96]);
        assert_eq!(sequence(4096, 4096, Some(300)), [160, 80]);
        assert_eq!(sequence(100, 100, None), [64]);
        assert_eq!(sequence(64, 64, None), [0; 0]);
    }

    #[test]
    fn too_little_memory_says_how_much_is_needed() {
        let message = Plan::new(4096, 4096, 1, None, 96, limits(1 << 20, 1000)).unwrap_err().message().to_owned();
        assert!(
            message.contains("memory=1:") && message.contains("4096x4096") && message.contains("at least 72 MiB"),
            "{message}"
        );
    }

    #[test]
    fn a_tile_beyond_memory_is_refused() {
        let message = Plan::new(4096, 4096, 1, Some(2048), 96, limits(1 << 30, 500)).unwrap_err().message().to_owned();
        assert!(message.contains("tile=2048") && message.contains("memory allows 1024"), "{message}");
        assert!(Plan::new(4096, 4096, 1, Some(1024), 96, limits(1 << 30, 500)).is_ok());
    }

    #[test]
    fn sides_beyond_reason_are_refused_at_once() {
        for (width, height, tile) in [(1 << 56, 1, Some(65536)), (1 << 50, 1, None), (1, 1 << 40, None)] {
            let message = Plan::new(width, height, 1, tile, 0, limits(1 << 30, 500)).unwrap_err().message().to_owned();
            assert!(message.contains("expected sides of at most 1073741824"), "{message}");
        }
        let message = Plan::new(1 << 30, 1, 1, Some(16), 0, limits(1 << 30, 500)).unwrap_err().message().to_owned();
        assert!(message.contains("tile=16: more than 1048576 tiles"), "{message}");
        assert!(Plan::new(1 << 30, 1, 1, None, 0, limits(1 << 30, 500)).is_ok());
    }

    proptest! {
        #[test]
        fn the_largest_tile_is_the_largest(
            wide in 1usize..100, high in 1usize..100, halo in 0usize..20, pixels in 1usize..3_000_000,
        ) {
            let (wide, high, halo) = (wide * GRID, high * GRID, halo * GRID);
            let input = |length: usize, tile: usize| (tile + FADE + 2 * halo).min(length);
            let slowly = (1..=wide.max(high) / GRID).rev().map(|u| u * GRID)
                .find(|&tile| input(wide, tile) * input(high, tile) <= pixels);
            prop_assert_eq!(largest_tile(wide, high, halo, pixels), slowly);
        }

        #[test]
        fn tiles_cover_every_pixel_with_weights_of_one(
            units in 1usize..200, tile in 1usize..1500, halo in 0usize..300,
        ) {
            let (length, tile, halo) = (units * GRID, padded(tile, GRID), padded(halo, GRID));
            let spans = spans(length, tile, halo);
            for i in 0..length {
                prop_assert_eq!(spans.iter().map(|s| s.weight(i)).sum::<usize>(), 2 * FADE, "pixel {}", i);
            }
            for s in &spans {
                prop_assert!(s.start % GRID == 0 && s.length % GRID == 0 && s.length > 0);
                prop_assert!(s.start + s.length <= length);
                // Full context wherever the frame has it.
                prop_assert!(s.start == 0 || s.first - s.start == halo);
                let after = s.start + s.length;
                prop_assert!(after == length || after - s.end == halo);
                prop_assert!(s.end - s.first <= tile + FADE);
            }
            prop_assert_eq!(spans.len(), length.div_ceil(tile));
        }

        #[test]
        fn plans_stay_within_memory(
            width in 1usize..6000, height in 1usize..6000, channels in 1usize..5, halo in 0usize..200,
            mebibytes in 1u64..4000, bytes_per_pixel in 1u64..2000, tile in proptest::option::of(1usize..5000),
        ) {
            let limits = limits(mebibytes << 20, bytes_per_pixel);
            if let Ok(plan) = Plan::new(width, height, channels, tile, halo, limits) {
                for column in &plan.columns {
                    for row in &plan.rows {
                        let pixels = column.length * row.length;
                        prop_assert!((pixels * plan.batch) as u64 * bytes_per_pixel <= limits.memory_bytes);
                        prop_assert!(tile.is_some() || pixels <= LARGEST_WHOLE);
                    }
                }
                prop_assert!(plan.width >= width && plan.width - width < GRID);
            }
        }
    }
}
