//! How sharp a plane is, as one number: to find the sharpest plane of a stack, or to follow the focus in live view.

use crate::control::Task;
use crate::error::{Error, Result, Status};
use crate::frame::{self, resize, PixelType, Sample};

/// One score for each plane, larger is sharper; see `score_plane`. Between planes the task is asked whether to go on.
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

/// Energy of the gradient at a scale of 2 pixels over the variance: larger is sharper, 0 is constant, no unit.
///
/// With `b` the plane's 2x2 bins (means; an odd edge repeats its last pixel), `S` the binomial filter `[1 4 6 4 1] / 16`
/// and `D` the derivative `[-1 -2 0 2 1] / 8`, edges repeated:
///
/// ```text
/// score = mean((D_x S_y b)^2 + (D_y S_x b)^2) / variance
/// ```
///
/// which is the measure of J.-M. Geusebroek, F. Cornelissen, A. W. M. Smeulders and H. Geerts, "Robust autofocusing in
/// microscopy", Cytometry 39 (2000) 1-9, for Gaussian derivatives of sigma 2 pixels. The division by the variance of the
/// pixels is ours: neither gain nor offset changes the score. docs/focus-score.md tells why this one.
///
/// The colour channels' energies are summed, and so are their variances: a channel without contrast says nothing. Pixels
/// that are not finite are left out, and with them all gradients that would need them. Scores compare planes of one
/// field at one magnification, not different specimens. A frame of nothing but noise has 0.02, a focused one 0.05 or so.
///
/// Errors: `InvalidArgument` for a plane that is not there; `OutOfMemory` (a few rows are all that is kept).
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
        let values = rows.moments(planes, plane, channel);
        if values.variance > 0.0 {
            energy += rows.energy(planes, plane, channel, values);
            variance += values.variance;
        }
    }
    Ok(if variance > 0.0 { energy / variance } else { 0.0 })
}

/// Mean and variance of the finite pixels.
#[derive(Clone, Copy)]
struct Moments {
    mean: f64,
    variance: f64,
}

/// Taps on either side of a filter's middle.
const REACH: usize = 2;
const TAPS: usize = 2 * REACH + 1;
/// Partial sums that processors keep side by side.
const LANES: usize = 8;

/// The rows that are kept, so that no frame is copied.
struct Rows<T> {
    /// Two rows of pixels.
    pixels: [Vec<T>; 2],
    /// Binned rows, `REACH` repeated bins at either end; row `y` of bins lies at `y % TAPS`.
    bins: [Vec<f32>; TAPS],
    /// The bins around a row through both vertical filters.
    smooth: Vec<f32>,
    slope: Vec<f32>,
    /// Squared gradients of a row.
    squares: Vec<f32>,
}

impl<T: Sample> Rows<T> {
    fn new(width: usize) -> Result<Self> {
        let mut rows = Self {
            pixels: Default::default(),
            bins: Default::default(),
            smooth: Vec::new(),
            slope: Vec::new(),
            squares: Vec::new(),
        };
        let bins = width.div_ceil(2);
        rows.pixels.iter_mut().try_for_each(|row| resize(row, width))?;
        rows.bins.iter_mut().try_for_each(|row| resize(row, bins + 2 * REACH))?;
        resize(&mut rows.smooth, bins + 2 * REACH)?;
        resize(&mut rows.slope, bins + 2 * REACH)?;
        resize(&mut rows.squares, bins)?;
        Ok(rows)
    }

    fn moments(&mut self, planes: &impl frame::Rows<T>, plane: usize, channel: usize) -> Moments {
        let row = &mut self.pixels[0];
        let rows = 0..planes.shape().height;
        if T::PIXEL_TYPE != PixelType::F32 {
            // Keys of integers are their values. Exact, and four times as fast as below.
            let (mut sum, mut squares) = (0u64, 0u128);
            for y in rows.clone() {
                planes.read_row(plane, channel, y, row);
                let sums = row
                    .iter()
                    .map(|v| v.key())
                    .fold((0u64, 0u64), |(sum, squares), v| (sum + u64::from(v), squares + u64::from(v * v)));
                sum += sums.0;
                squares += u128::from(sums.1);
            }
            let count = (rows.len() * row.len()) as u128;
            let spread = squares * count - u128::from(sum) * u128::from(sum);
            return Moments { mean: sum as f64 / count as f64, variance: spread as f64 / (count * count) as f64 };
        }
        // Differences from a value of the plane itself: what is far from 0 keeps its digits, what is constant is exactly so.
        let mut pivot = None;
        let (mut sum, mut squares, mut count) = ([0.0; LANES], [0.0; LANES], 0);
        for y in rows {
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
        let Some(pivot) = pivot else { return Moments { mean: 0.0, variance: 0.0 } };
        let (sum, squares, count) = (sum.iter().sum::<f64>(), squares.iter().sum::<f64>(), count as f64);
        Moments { mean: pivot + sum / count, variance: (squares - sum * sum / count) / count }
    }

    /// Mean of the squared gradients, in squared units of the pixels a squared bin.
    fn energy(&mut self, planes: &impl frame::Rows<T>, plane: usize, channel: usize, values: Moments) -> f64 {
        // 32-bit floats are normalised: their squares could leave the range. Integers stay as they are, without rounding:
        // bins and sums of them fit 24 bits.
        let (offset, scale) = match T::PIXEL_TYPE {
            PixelType::F32 => (values.mean, 1.0 / values.variance.sqrt()),
            PixelType::U8 | PixelType::U16 => (0.0, 1.0),
        };
        let height = planes.shape().height;
        let binned_rows = height.div_ceil(2);
        let last = binned_rows - 1;
        let (mut sum, mut count) = (0.0, 0);
        (0..=last.min(REACH)).for_each(|y| self.bin(planes, [plane, channel, y], offset, scale));
        for y in 0..binned_rows {
            if y > 0 && y + REACH <= last {
                self.bin(planes, [plane, channel, y + REACH], offset, scale);
            }
            let around = std::array::from_fn(|tap| &self.bins[(y + tap).saturating_sub(REACH).min(last) % TAPS][..]);
            down(around, &mut self.smooth, &mut self.slope);
            along(&self.smooth, &self.slope, &mut self.squares);
            let (row_sum, row_count) = sum_of_finite(&self.squares);
            sum += row_sum;
            count += row_count;
        }
        if count == 0 {
            return 0.0;
        }
        // The filters below leave out their divisors, 16 and 8.
        sum / count as f64 / (16.0 * 8.0 * 16.0 * 8.0) / (scale * scale)
    }

    /// Row `y` of bins of a plane's channel.
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

// Functions of slices, not of `self`: the compiler knows then that these do not overlap, and makes vector code of the loops.

/// Means of 2x2 pixels; where the width is odd the last column counts twice.
fn bin_rows<T: Sample>(upper: &[T], lower: &[T], value: impl Fn(T) -> f32, bins: &mut [f32]) {
    for (bin, (a, b)) in bins.iter_mut().zip(upper.chunks_exact(2).zip(lower.chunks_exact(2))) {
        *bin = 0.25 * ((value(a[0]) + value(a[1])) + (value(b[0]) + value(b[1])));
    }
    if let ([a], [b]) = (upper.chunks_exact(2).remainder(), lower.chunks_exact(2).remainder()) {
        bins[bins.len() - 1] = 0.5 * (value(*a) + value(*b));
    }
}

/// Both filters down the columns, without their divisors.
fn down(rows: [&[f32]; TAPS], smooth: &mut [f32], slope: &mut [f32]) {
    let width = smooth.len();
    let [a, b, c, d, e] = rows.map(|row| &row[..width]);
    for (x, (smooth, slope)) in smooth.iter_mut().zip(slope).enumerate() {
        *smooth = (a[x] + e[x]) + 4.0 * (b[x] + d[x]) + 6.0 * c[x];
        *slope = (e[x] - a[x]) + 2.0 * (d[x] - b[x]);
    }
}

/// The other filter of each along the row, and the sum of the squares.
fn along(smooth: &[f32], slope: &[f32], squares: &mut [f32]) {
    let width = squares.len();
    let (s, d) = (&smooth[..width + 2 * REACH], &slope[..width + 2 * REACH]);
    for (x, square) in squares.iter_mut().enumerate() {
        let across = (s[x + 4] - s[x]) + 2.0 * (s[x + 3] - s[x + 1]);
        let down = (d[x] + d[x + 4]) + 4.0 * (d[x + 1] + d[x + 3]) + 6.0 * d[x + 2];
        *square = across * across + down * down;
    }
}

fn sum_of_finite(values: &[f32]) -> (f64, usize) {
    let (mut sums, mut count) = ([0.0; LANES], 0);
    let mut add = |lane: usize, value: f32| {
        let finite = value.is_finite();
        sums[lane] += if finite { f64::from(value) } else { 0.0 };
        count += usize::from(finite);
    };
    let chunks = values.chunks_exact(LANES);
    chunks.remainder().iter().for_each(|&value| add(0, value));
    chunks.for_each(|chunk| chunk.iter().enumerate().for_each(|(lane, &value)| add(lane, value)));
    (sums.iter().sum(), count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{InPlace, Shape, Strides};

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
            .map(|i| at(i))
            .map(|(x, y)| {
                0.45 + 0.2 * (x * 0.7).sin() * (y * 0.5).cos() + 0.2 * (x * 0.05 + y * 0.04).sin() + 0.1 * noise()
            })
            .collect()
    }

    /// The definition, in double precision, pixel by pixel.
    fn naive(pixels: &[f64], width: usize) -> f64 {
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
            let used = taps.filter(|&(i, j)| across[i] * down[j] != 0.0);
            used.map(|(i, j)| across[i] * down[j] * bin(x + i as isize - 2, y + j as isize - 2)).sum::<f64>() / 128.0
        };
        let energies: Vec<f64> = (0..high)
            .flat_map(|y| (0..wide).map(move |x| (x, y)))
            .map(|(x, y)| filtered(x, y, &slope, &smooth).powi(2) + filtered(x, y, &smooth, &slope).powi(2))
            .filter(|energy| energy.is_finite())
            .collect();
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let finite: Vec<f64> = pixels.iter().copied().filter(|v| v.is_finite()).collect();
        let middle = mean(&finite);
        mean(&energies) / mean(&finite.iter().map(|v| (v - middle).powi(2)).collect::<Vec<_>>())
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

    #[test]
    fn blur_lowers_it() {
        let mut last = f64::INFINITY;
        let mut pixels = specimen(61, 47);
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

    #[test]
    fn gain_and_offset_do_not_change_it() {
        let steps: Vec<u16> = specimen(63, 40).iter().map(|v| (v * 200.0) as u16).collect();
        let expected = of(steps.clone(), 63);
        assert!(close(of(steps.iter().map(|&v| v as u8).collect(), 63), expected));
        for (gain, offset) in [(1, 1000), (7, 0), (150, 35_000)] {
            assert!(close(of(steps.iter().map(|&v| v * gain + offset).collect(), 63), expected), "{gain} {offset}");
        }
        // Also where squares leave the range of 32-bit floats, and where the offset leaves few digits.
        for (gain, offset) in [(1.0, 0.0), (-0.5, 3.0), (1e36, 0.0), (1e-36, 0.0), (1.0, 8e6)] {
            let scaled: Vec<f32> = steps.iter().map(|&v| f32::from(v) * gain + offset).collect();
            assert!(close(of(scaled, 63), expected), "{gain} {offset}");
        }
    }

    #[test]
    fn a_constant_plane_is_0() {
        for (width, height) in [(1, 1), (1, 7), (7, 1), (33, 21)] {
            assert_eq!(of(vec![65_535u16; width * height], width), 0.0);
            assert_eq!(of(vec![0.1f32; width * height], width), 0.0);
            assert_eq!(of(vec![f32::NAN; width * height], width), 0.0);
        }
        let mut holed = vec![f32::MAX; 77];
        holed[30] = f32::INFINITY;
        assert_eq!(of(holed, 11), 0.0);
        // Two pixels that make one bin differ, but there is no gradient at this scale.
        assert_eq!(of(vec![1u8, 2], 2), 0.0);
    }

    #[test]
    fn pixels_that_are_not_finite_are_left_out() {
        let (width, height) = (80, 60);
        let whole: Vec<f32> = specimen(width, height).iter().map(|&v| v as f32).collect();
        let as_f64 = |pixels: &[f32]| pixels.iter().map(|&v| f64::from(v)).collect::<Vec<_>>();
        let mut holed = whole.clone();
        for (at, value) in [(0, f32::INFINITY), (2017, f32::NAN), (2018, f32::NAN), (4799, f32::NEG_INFINITY)] {
            holed[at] = value;
        }
        assert!(close(of(holed.clone(), width), naive(&as_f64(&holed), width)));
        // A border of holes, as registration leaves one, makes no edge; one of zeros does.
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
    fn planes_strides_and_colours() {
        let (first, second) = (specimen(20, 15), specimen(15, 20));
        let pixel = |plane: usize, channel: usize, i: usize| match (plane, channel) {
            (_, 1) => 77.0,
            (0, _) => (first[i] * 30_000.0).floor(),
            _ => (second[i] * 100.0 * (channel + 1) as f64).floor(),
        };
        // Two planes, three colours and an alpha that is not looked at.
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
        for plane in 0..2 {
            assert_eq!(found[plane], score_plane(&stack, plane).unwrap());
            let grey: Vec<Vec<f64>> = [0, 2].map(|c| (0..300).map(|i| pixel(plane, c, i)).collect::<Vec<_>>()).into();
            let spread = |v: &[f64]| {
                let mean = v.iter().sum::<f64>() / 300.0;
                v.iter().map(|x| (x - mean).powi(2)).sum::<f64>()
            };
            let energy: f64 = grey.iter().map(|v| naive(v, 20) * spread(v)).sum();
            assert!(close(found[plane], energy / grey.iter().map(|v| spread(v)).sum::<f64>()), "{plane}");
        }
        let missing = score_plane(&stack, 2).unwrap_err();
        assert!(missing.status() == Status::InvalidArgument && missing.message().contains("expected 0 to 1"));
        task.cancel();
        assert_eq!(score(&stack, &task).unwrap_err().status(), Status::Cancelled);
    }
}
