//! How sharp a plane is, as one number: to find the sharpest plane of a stack, or to follow the focus in live view.

use crate::error::{Error, Result, Status};
use crate::image::frame::{self, resize, Sample};
use crate::task::Task;

/// One score for each plane, larger is sharper; see `score_plane`. A cancelled task ends it between planes.
///
/// Errors: `Cancelled`; `OutOfMemory`.
pub fn score<T: Sample>(planes: &impl frame::Rows<T>, task: &Task) -> Result<Vec<f64>> {
    let mut scores = Vec::new();
    resize(&mut scores, planes.shape().planes)?;
    for (plane, score) in scores.iter_mut().enumerate() {
        task.check()?;
        *score = score_plane(planes, plane)?;
        task.plane_done();
    }
    Ok(scores)
}

/// Energy of the gradient over the variance, both at a scale of 2 pixels: larger is sharper, 0 is constant, no unit.
///
/// With `b` the plane's 2x2 bins (means; an odd edge repeats its last pixel), `S` the binomial filter `[1 4 6 4 1] /
/// 16` and `D` the derivative `[-1 -2 0 2 1] / 8`, edges repeated:
///
/// ```text
/// score = mean((D_x S_y b)^2 + (S_x D_y b)^2) / variance(S_x S_y b)
/// ```
///
/// The numerator is the measure of J.-M. Geusebroek, F. Cornelissen, A. W. M. Smeulders and H. Geerts, "Robust
/// autofocusing in microscopy", Cytometry 39 (2000) 1-9, for Gaussian derivatives of sigma 2 pixels. The division is
/// ours: it makes the score independent of gain and offset. The result is the mean squared spatial frequency at that
/// scale, in radians a bin. With exact Gaussians it falls with any Gaussian blur of any specimen; divided by the
/// variance of the unfiltered pixels it would not. docs/focus-score.md says why this measure was chosen.
///
/// Energies and variances are each summed over the colour channels, so a channel without contrast has no effect. Bins
/// with a pixel that is not finite within the filters' reach are ignored. Scores compare planes of one field at one
/// magnification, not different specimens: pure noise scores about 1, more than any focused frame.
///
/// Memory: a few rows. Errors: `InvalidArgument` for a plane beyond the stack; `OutOfMemory`.
pub fn score_plane<T: Sample>(planes: &impl frame::Rows<T>, plane: usize) -> Result<f64> {
    let shape = planes.shape();
    if plane >= shape.planes {
        return Err(Error::new(
            Status::InvalidArgument,
            format!("plane {plane} of a stack of {shape}: expected 0 to {}", shape.planes - 1),
        ));
    }
    let mut rows = Rows::new(shape.width)?;
    let (mut energy, mut variance) = (0.0, 0.0);
    for channel in 0..shape.channels {
        let found = rows.contrast(planes, plane, channel);
        energy += found.0;
        variance += found.1;
    }
    Ok(if variance > 0.0 { energy / variance } else { 0.0 })
}

/// Filter taps on either side of the centre.
const REACH: usize = 2;
const TAPS: usize = 2 * REACH + 1;
/// Partial sums kept side by side, for vector instructions.
const LANES: usize = 4;

/// Buffers for the few rows in use, so that no frame is copied.
struct Rows<T> {
    /// Two rows of pixels.
    pixels: [Vec<T>; 2],
    /// Binned rows, padded with `REACH` repeated bins at either end; row `y` of bins is at `y % TAPS`.
    bins: [Vec<f32>; TAPS],
    /// A row of bins after the vertical smoothing filter, and after the vertical derivative.
    smooth: Vec<f32>,
    slope: Vec<f32>,
    /// Squared gradients of a row of bins, and the row smoothed both ways.
    squares: Vec<f32>,
    levels: Vec<f32>,
}

impl<T: Sample> Rows<T> {
    fn new(width: usize) -> Result<Self> {
        let mut rows = Self {
            pixels: Default::default(),
            bins: Default::default(),
            smooth: Vec::new(),
            slope: Vec::new(),
            squares: Vec::new(),
            levels: Vec::new(),
        };
        let bins = width.div_ceil(2);
        rows.pixels.iter_mut().try_for_each(|row| resize(row, width))?;
        rows.bins.iter_mut().try_for_each(|row| resize(row, bins + 2 * REACH))?;
        resize(&mut rows.smooth, bins + 2 * REACH)?;
        resize(&mut rows.slope, bins + 2 * REACH)?;
        resize(&mut rows.squares, bins)?;
        resize(&mut rows.levels, bins)?;
        Ok(rows)
    }

    /// Mean squared gradient and variance of a channel at the scale of the filters.
    fn contrast(&mut self, planes: &impl frame::Rows<T>, plane: usize, channel: usize) -> (f64, f64) {
        // From integers, a whole number near their mean is subtracted: bins and most of their sums are then exact.
        // 32-bit floats are normalised, because their squares could overflow.
        let (offset, scale) = if T::PIXEL_TYPE.is_float() {
            let (mean, variance) = self.moments(planes, plane, channel);
            if variance <= 0.0 {
                return (0.0, 0.0);
            }
            (mean, 1.0 / variance.sqrt())
        } else {
            (self.near_the_mean(planes, plane, channel), 1.0)
        };
        let binned_rows = planes.shape().height.div_ceil(2);
        let last = binned_rows - 1;
        let mut sums = Sums::default();
        (0..=last.min(REACH)).for_each(|y| self.bin(planes, [plane, channel, y], offset, scale));
        for y in 0..binned_rows {
            if y > 0 && y + REACH <= last {
                self.bin(planes, [plane, channel, y + REACH], offset, scale);
            }
            let around = std::array::from_fn(|tap| &self.bins[(y + tap).saturating_sub(REACH).min(last) % TAPS][..]);
            down(around, &mut self.smooth, &mut self.slope);
            along(&self.smooth, &self.slope, &mut self.squares, &mut self.levels);
            sums.add(&self.squares, &self.levels);
        }
        let (energy, variance) = sums.finish();
        // Detail that cancels within the bins leaves rounding errors: about a millionth of the pixels' deviation.
        if T::PIXEL_TYPE.is_float() && variance < 1e-12 {
            return (0.0, 0.0);
        }
        (energy / (scale * scale), variance / (scale * scale))
    }

    /// A whole number near the mean of integers, from some of the rows: reading all would double the cost.
    fn near_the_mean(&mut self, planes: &impl frame::Rows<T>, plane: usize, channel: usize) -> f64 {
        const ROWS: usize = 16;
        let shape = planes.shape();
        let (mut sum, mut count) = (0u64, 0);
        for y in (0..shape.height).step_by(shape.height.div_ceil(ROWS)) {
            planes.read_row(plane, channel, y, &mut self.pixels[0]);
            // An integer's key is its value.
            sum += self.pixels[0].iter().map(|v| u64::from(v.key())).sum::<u64>();
            count += shape.width;
        }
        (sum as f64 / count as f64).round()
    }

    /// Mean and variance of the finite pixels.
    fn moments(&mut self, planes: &impl frame::Rows<T>, plane: usize, channel: usize) -> (f64, f64) {
        let row = &mut self.pixels[0];
        // Differences from one of the plane's own values: values far from 0 keep their digits, a constant plane has
        // exactly no variance.
        let mut pivot = None;
        let (mut sum, mut squares, mut count) = ([0.0; LANES], [0.0; LANES], 0);
        for y in 0..planes.shape().height {
            planes.read_row(plane, channel, y, row);
            if pivot.is_none() {
                pivot = row.iter().find(|v| v.finite()).map(|v| v.as_f64());
            }
            let Some(pivot) = pivot else { continue };
            let mut add = |lane: usize, value: T| {
                let finite = value.finite();
                let difference = if finite { value.as_f64() - pivot } else { 0.0 };
                sum[lane] += difference;
                squares[lane] += difference * difference;
                count += usize::from(finite);
            };
            let chunks = row.chunks_exact(LANES);
            chunks.remainder().iter().for_each(|&value| add(0, value));
            chunks.for_each(|chunk| chunk.iter().enumerate().for_each(|(lane, &value)| add(lane, value)));
        }
        let Some(pivot) = pivot else { return (0.0, 0.0) };
        let (sum, squares, count) = (sum.iter().sum::<f64>(), squares.iter().sum::<f64>(), count as f64);
        (pivot + sum / count, (squares - sum * sum / count) / count)
    }

    /// Computes row `y` of the bins of a plane's channel.
    fn bin(&mut self, planes: &impl frame::Rows<T>, [plane, channel, y]: [usize; 3], offset: f64, scale: f64) {
        let last = planes.shape().height - 1;
        let [upper, lower] = &mut self.pixels;
        planes.read_row(plane, channel, 2 * y, upper);
        planes.read_row(plane, channel, (2 * y + 1).min(last), lower);
        let padded = &mut self.bins[y % TAPS];
        let end = padded.len() - REACH;
        bin_rows(upper, lower, |v| v.normalised(offset, scale), &mut padded[REACH..end]);
        let (first, last) = (padded[REACH], padded[end - 1]);
        padded[..REACH].fill(first);
        padded[end..].fill(last);
    }
}

// Functions of slices, not of `self`: the compiler then knows that they do not overlap, and vectorises the loops.

/// Means of 2x2 pixels; where the width is odd the last column counts twice.
fn bin_rows<T: Sample>(upper: &[T], lower: &[T], value: impl Fn(T) -> f32, bins: &mut [f32]) {
    for (bin, (a, b)) in bins.iter_mut().zip(upper.chunks_exact(2).zip(lower.chunks_exact(2))) {
        *bin = 0.25 * ((value(a[0]) + value(a[1])) + (value(b[0]) + value(b[1])));
    }
    if let ([a], [b]) = (upper.chunks_exact(2).remainder(), lower.chunks_exact(2).remainder()) {
        bins[bins.len() - 1] = 0.5 * (value(*a) + value(*b));
    }
}

/// Applies both filters down the columns, without their divisors.
fn down(rows: [&[f32]; TAPS], smooth: &mut [f32], slope: &mut [f32]) {
    let width = smooth.len();
    let [a, b, c, d, e] = rows.map(|row| &row[..width]);
    for (x, (smooth, slope)) in smooth.iter_mut().zip(slope).enumerate() {
        *smooth = (a[x] + e[x]) + 4.0 * (b[x] + d[x]) + 6.0 * c[x];
        *slope = (e[x] - a[x]) + 2.0 * (d[x] - b[x]);
    }
}

/// Applies the filters along the row: gives the squared gradients and the smoothed levels.
fn along(smooth: &[f32], slope: &[f32], squares: &mut [f32], levels: &mut [f32]) {
    let width = squares.len();
    let (s, d) = (&smooth[..width + 2 * REACH], &slope[..width + 2 * REACH]);
    for (x, (square, level)) in squares.iter_mut().zip(levels).enumerate() {
        let across = (s[x + 4] - s[x]) + 2.0 * (s[x + 3] - s[x + 1]);
        let down = (d[x] + d[x + 4]) + 4.0 * (d[x + 1] + d[x + 3]) + 6.0 * d[x + 2];
        *square = across * across + down * down;
        *level = (s[x] + s[x + 4]) + 4.0 * (s[x + 1] + s[x + 3]) + 6.0 * s[x + 2];
    }
}

/// Sums over the finite bins: of squared gradients, of levels and of squared levels.
#[derive(Default)]
struct Sums {
    totals: [f64; 3],
    count: usize,
}

impl Sums {
    fn add(&mut self, squares: &[f32], levels: &[f32]) {
        let mut lanes = [[0.0; LANES]; 3];
        let mut count = 0;
        let mut add = |lane: usize, square: f32, level: f32| {
            let finite = (square + level).is_finite();
            let (square, level) = if finite { (f64::from(square), f64::from(level)) } else { (0.0, 0.0) };
            lanes[0][lane] += square;
            lanes[1][lane] += level;
            lanes[2][lane] += level * level;
            count += usize::from(finite);
        };
        let (s, l) = (squares.chunks_exact(LANES), levels.chunks_exact(LANES));
        s.remainder().iter().zip(l.remainder()).for_each(|(&square, &level)| add(0, square, level));
        for (squares, levels) in s.zip(l) {
            (0..LANES).for_each(|lane| add(lane, squares[lane], levels[lane]));
        }
        self.totals.iter_mut().zip(lanes).for_each(|(total, lanes)| *total += lanes.iter().sum::<f64>());
        self.count += count;
    }

    /// Mean squared gradient and variance, with the divisors that the filters left out: 16 and 8, 16 and 16.
    fn finish(&self) -> (f64, f64) {
        if self.count == 0 {
            return (0.0, 0.0);
        }
        let ([squares, levels, level_squares], count) = (self.totals, self.count as f64);
        let variance = (level_squares - levels * levels / count) / count;
        (squares / count / (128.0 * 128.0), variance / (256.0 * 256.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::frame::{InPlace, Shape, Strides};

    fn of<T: Sample>(mut pixels: Vec<T>, width: usize) -> f64 {
        let shape = Shape::grey(width, pixels.len() / width);
        score_plane(&InPlace::new(&mut pixels, shape, None).unwrap(), 0).unwrap()
    }

    /// Values from 0 to 1: waves of two lengths and a little noise.
    fn specimen(width: usize, height: usize) -> Vec<f64> {
        let mut state = 5u32;
        let mut noise = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f64::from(state >> 16) / 65536.0
        };
        let at = |i: usize| ((i % width) as f64, (i / width) as f64);
        (0..width * height)
            .map(at)
            .map(|(x, y)| {
                0.45 + 0.2 * (x * 0.7).sin() * (y * 0.5).cos() + 0.2 * (x * 0.05 + y * 0.04).sin() + 0.1 * noise()
            })
            .collect()
    }

    /// Energy and variance straight from the definition, in double precision, pixel by pixel.
    fn naive_contrast(pixels: &[f64], width: usize) -> (f64, f64) {
        let height = pixels.len() / width;
        let pixel = |x: usize, y: usize| pixels[y.min(height - 1) * width + x.min(width - 1)];
        let (wide, high) = (width.div_ceil(2) as isize, height.div_ceil(2) as isize);
        let bin = |x: isize, y: isize| {
            let (x, y) = (2 * x.clamp(0, wide - 1) as usize, 2 * y.clamp(0, high - 1) as usize);
            (pixel(x, y) + pixel(x + 1, y) + pixel(x, y + 1) + pixel(x + 1, y + 1)) / 4.0
        };
        let (smooth, slope) = ([1.0, 4.0, 6.0, 4.0, 1.0], [-1.0, -2.0, 0.0, 2.0, 1.0]);
        let filtered = |x: isize, y: isize, across: &[f64; 5], down: &[f64; 5]| -> f64 {
            let taps = (0..5usize).flat_map(|j| (0..5usize).map(move |i| (i, j)));
            taps.map(|(i, j)| across[i] * down[j] * bin(x + i as isize - 2, y + j as isize - 2)).sum()
        };
        let found: Vec<(f64, f64)> = (0..high)
            .flat_map(|y| (0..wide).map(move |x| (x, y)))
            .map(|(x, y)| {
                let squares = filtered(x, y, &slope, &smooth).powi(2) + filtered(x, y, &smooth, &slope).powi(2);
                (squares / 128f64.powi(2), filtered(x, y, &smooth, &smooth) / 256.0)
            })
            .filter(|(_, level)| level.is_finite())
            .collect();
        let mean = |value: &dyn Fn(&(f64, f64)) -> f64| found.iter().map(value).sum::<f64>() / found.len() as f64;
        let level = mean(&|f| f.1);
        (mean(&|f| f.0), mean(&|f| (f.1 - level).powi(2)))
    }

    fn naive(pixels: &[f64], width: usize) -> f64 {
        let (energy, variance) = naive_contrast(pixels, width);
        if variance > 0.0 {
            energy / variance
        } else {
            0.0
        }
    }

    fn close(found: f64, expected: f64) -> bool {
        (found - expected).abs() <= 1e-6 * expected
    }

    #[test]
    fn every_type_and_size_agrees_with_the_definition() {
        for (width, height) in [(64, 48), (37, 29), (1, 9), (9, 1), (2, 2), (3, 1), (5, 4), (4, 5), (130, 7), (6, 101)]
        {
            let specimen = specimen(width, height);
            let bytes: Vec<u8> = specimen.iter().map(|v| (v * 255.0) as u8).collect();
            let words: Vec<u16> = specimen.iter().map(|v| (v * 65535.0) as u16).collect();
            let floats: Vec<f32> = specimen.iter().map(|v| (v * 1e-3 - 7.0) as f32).collect();
            let check = |found: f64, values: Vec<f64>| {
                let expected = naive(&values, width);
                assert!(close(found, expected), "{width}x{height}: {found} {expected}");
            };
            check(of(bytes.clone(), width), bytes.into_iter().map(f64::from).collect());
            check(of(words.clone(), width), words.into_iter().map(f64::from).collect());
            check(of(floats.clone(), width), floats.into_iter().map(f64::from).collect());
        }
    }

    /// Single bright points are the hard case: their variance falls faster than their detail.
    #[test]
    fn blur_lowers_the_score() {
        let mut points = vec![0.0; 61 * 47];
        (0..40).for_each(|i| points[i * 1009 % (61 * 47)] = 1.0);
        for mut pixels in [specimen(61, 47), points] {
            let mut last = f64::INFINITY;
            for pass in 0..12 {
                let found = of(pixels.iter().map(|v| (v * 60000.0) as u16).collect(), 61);
                assert!(found < last, "pass {pass}: {found} after {last}");
                last = found;
                let at = |x: usize, y: usize| pixels[y.min(46) * 61 + x.min(60)];
                pixels = (0..pixels.len())
                    .map(|i| (i % 61, i / 61))
                    .map(|(x, y)| (at(x, y) + at(x + 1, y) + at(x, y + 1) + at(x + 1, y + 1)) / 4.0)
                    .collect();
            }
            assert!(last > 0.0);
        }
    }

    #[test]
    fn gain_and_offset_do_not_change_the_score() {
        let steps: Vec<u16> = specimen(63, 40).iter().map(|v| (v * 200.0) as u16).collect();
        let expected = of(steps.clone(), 63);
        assert!(close(of(steps.iter().map(|&v| v as u8).collect(), 63), expected));
        for (gain, offset) in [(1, 1000), (7, 0), (150, 35_000)] {
            assert!(close(of(steps.iter().map(|&v| v * gain + offset).collect(), 63), expected), "{gain} {offset}");
        }
        // Also where squares overflow 32-bit floats, and where a large offset leaves few digits.
        for (gain, offset) in [(1.0, 0.0), (-0.5, 3.0), (1e36, 0.0), (1e-36, 0.0), (1.0, 8e6)] {
            let scaled: Vec<f32> = steps.iter().map(|&v| f32::from(v) * gain + offset).collect();
            assert!(close(of(scaled, 63), expected), "{gain} {offset}");
        }
    }

    #[test]
    fn a_constant_plane_scores_0() {
        for (width, height) in [(1, 1), (1, 7), (7, 1), (33, 21)] {
            assert_eq!(of(vec![65_535u16; width * height], width), 0.0);
            assert_eq!(of(vec![0.1f32; width * height], width), 0.0);
            assert_eq!(of(vec![f32::NAN; width * height], width), 0.0);
        }
        let mut holed = vec![f32::MAX; 77];
        holed[30] = f32::INFINITY;
        assert_eq!(of(holed, 11), 0.0);
        // Detail that the bins cancel: two pixels in one bin, a chequerboard.
        assert_eq!(of(vec![1u8, 2], 2), 0.0);
        let chequered = |x: usize| [0.1f32, 0.7][(x + x / 40) % 2];
        assert_eq!(of((0..1600).map(chequered).collect(), 40), 0.0);
    }

    #[test]
    fn non_finite_pixels_are_ignored() {
        let (width, height) = (80, 60);
        let whole: Vec<f32> = specimen(width, height).iter().map(|&v| v as f32).collect();
        let as_f64 = |pixels: &[f32]| pixels.iter().map(|&v| f64::from(v)).collect::<Vec<_>>();
        let mut holed = whole.clone();
        for (at, value) in [(0, f32::INFINITY), (2017, f32::NAN), (2018, f32::NAN), (4799, f32::NEG_INFINITY)] {
            holed[at] = value;
        }
        assert!(close(of(holed.clone(), width), naive(&as_f64(&holed), width)));
        // A border of NaN, as registration leaves, makes no edge; a border of zeros does.
        let framed = |hole: f32| {
            let outside = |i: usize| !(10..70).contains(&(i % width)) || !(8..52).contains(&(i / width));
            let pixels: Vec<f32> = whole.iter().enumerate().map(|(i, &v)| if outside(i) { hole } else { v }).collect();
            (of(pixels.clone(), width), naive(&as_f64(&pixels), width))
        };
        let inside = of((8..52).flat_map(|y| whole[y * width + 10..y * width + 70].to_vec()).collect(), 60);
        for hole in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 0.0] {
            let (found, expected) = framed(hole);
            assert!(close(found, expected), "{hole}: {found} {expected}");
            assert_eq!((found / inside - 1.0).abs() < 0.2, hole != 0.0, "{hole}: {found} {inside}");
        }
    }

    #[test]
    fn planes_are_scored_one_by_one_over_all_colours() {
        let (first, second) = (specimen(20, 15), specimen(15, 20));
        let pixel = |plane: usize, channel: usize, i: usize| match (plane, channel) {
            (_, 1) => 77.0,
            (0, _) => (first[i] * 30_000.0).floor(),
            _ => (second[i] * 100.0 * (channel + 1) as f64).floor(),
        };
        // Two planes, three colours and an alpha channel that must not matter.
        let mut rgba = vec![0u16; 2 * 300 * 4];
        for (at, value) in rgba.iter_mut().enumerate() {
            let (plane, i, channel) = (at / 1200, at / 4 % 300, at % 4);
            *value = if channel == 3 { (at * 7919 % 65_536) as u16 } else { pixel(plane, channel, i) as u16 };
        }
        let shape = Shape { width: 20, height: 15, channels: 3, planes: 2 };
        let strides = Strides { x: 4, y: 80, channel: 1, plane: 1200 };
        let stack = InPlace::new(&mut rgba, shape, Some(strides)).unwrap();
        let task = Task::new();
        let found = score(&stack, &task).unwrap();
        assert_eq!((found.len(), task.planes_done()), (2, 2));
        for (plane, &found) in found.iter().enumerate() {
            assert_eq!(found, score_plane(&stack, plane).unwrap());
            let grey: Vec<Vec<f64>> = [0, 2].map(|c| (0..300).map(|i| pixel(plane, c, i)).collect::<Vec<_>>()).into();
            let [(e1, v1), (e2, v2)] = [0, 1].map(|i: usize| naive_contrast(&grey[i], 20));
            assert!(close(found, (e1 + e2) / (v1 + v2)), "{plane}");
        }
        let missing = score_plane(&stack, 2).unwrap_err();
        assert!(missing.status() == Status::InvalidArgument && missing.message().contains("expected 0 to 1"));
        task.cancel();
        assert_eq!(score(&stack, &task).unwrap_err().status(), Status::Cancelled);
    }
}
