//! Percentiles as NumPy computes them, and the range that maps pixels to the network and back.

use crate::error::{Error, Result, Status};
use crate::image::frame::{resize, Sample};

/// Input values `lo` and `hi` that the network sees as 0 and 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    /// The value that becomes 0, in input units.
    pub lo: f64,
    /// The value that becomes 1, in input units.
    pub hi: f64,
}

impl Range {
    /// A range that the user gives, in input units. Errors: `BadOption`.
    pub fn new(lo: f64, hi: f64) -> Result<Self> {
        if lo.is_finite() && hi.is_finite() && lo < hi && (hi - lo).is_finite() {
            return Ok(Self { lo, hi });
        }
        Err(Error::new(
            Status::BadOption,
            format!(
                "normalize={lo}:{hi}: expected two finite numbers, the first below the second, and their difference \
                 finite"
            ),
        ))
    }

    /// Fails if this range is so wide that a frame with values in `own` would be nearly constant in 32-bit floats.
    pub fn check_width(self, own: Range) -> Result<()> {
        const WIDEST: f64 = 1e6;
        if self.width() <= WIDEST * own.width() {
            return Ok(());
        }
        Err(Error::new(
            Status::BadOption,
            format!(
                "normalize={}:{}: more than {WIDEST:e} times as wide as the frame's own values, {} to {}; expected a \
                 range near these",
                self.lo, self.hi, own.lo, own.hi
            ),
        ))
    }

    /// `hi - lo`, never 0.
    pub fn width(self) -> f64 {
        (self.hi - self.lo).max(f64::MIN_POSITIVE)
    }
}

/// Statistics of the values of a frame or a stack.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// All finite values are the same, or there are none.
    pub constant: bool,
    /// How many values were finite.
    pub finite: u64,
    /// How many values were infinite or NaN.
    pub nonfinite: u64,
    /// Median of the finite values, in input units.
    pub median: f64,
    /// The requested percentiles; minimum and maximum where the percentiles coincide.
    pub range: Range,
}

/// Exact percentiles without storing the values: histograms over an order-preserving key. 8 and 16-bit values need one
/// pass. 32-bit values need two: the second resolves the lower half of the key in the bins that hold the percentiles.
pub struct Accumulator<T> {
    counts: Vec<u64>,
    finite: u64,
    nonfinite: u64,
    least: Option<T>,
    greatest: Option<T>,
    percentiles: [f64; 3],
    /// In the second pass: each refined bin with its histogram of the lower key halves.
    refined: Option<Vec<(u32, Vec<u64>)>>,
}

const FINE_BITS: u32 = 16;

fn histogram(bins: usize) -> Result<Vec<u64>> {
    let mut counts = Vec::new();
    resize(&mut counts, bins)?;
    Ok(counts)
}

/// Summary of the values that `pass` adds to the accumulator. `pass` runs once or twice and must add the same values
/// each time. `low` and `high` are percentiles, 0 to 100.
///
/// Errors: those of `pass`; `InvalidArgument` if the second pass added other values.
pub fn summarise<T: Sample>(
    low: f64,
    high: f64,
    mut pass: impl FnMut(&mut Accumulator<T>) -> Result<()>,
) -> Result<Summary> {
    let mut accumulator = Accumulator::new(low, high)?;
    loop {
        pass(&mut accumulator)?;
        if !accumulator.another_pass()? {
            return accumulator.summary();
        }
    }
}

impl<T: Sample> Accumulator<T> {
    /// `low` and `high` are percentiles (0 to 100) of the finite values. Errors: `OutOfMemory`.
    pub fn new(low: f64, high: f64) -> Result<Self> {
        Ok(Self {
            counts: histogram(1 << T::KEY_BITS.min(16))?,
            finite: 0,
            nonfinite: 0,
            least: None,
            greatest: None,
            percentiles: [low, 50.0, high],
            refined: None,
        })
    }

    /// Bits of the key below the first pass's bins.
    fn shift() -> u32 {
        T::KEY_BITS.saturating_sub(16)
    }

    /// Adds values. A second pass must add the same values as the first.
    pub fn add(&mut self, values: &[T]) {
        if let Some(refined) = &mut self.refined {
            for value in values.iter().filter(|v| v.finite()) {
                let key = value.key();
                if let Some((_, counts)) = refined.iter_mut().find(|(bin, _)| *bin == key >> FINE_BITS) {
                    counts[(key & ((1 << FINE_BITS) - 1)) as usize] += 1;
                }
            }
            return;
        }
        if Self::shift() == 0 {
            for value in values {
                self.counts[value.key() as usize] += 1;
            }
            self.finite += values.len() as u64;
            return;
        }
        for &value in values {
            if !value.finite() {
                self.nonfinite += 1;
                continue;
            }
            self.finite += 1;
            self.counts[(value.key() >> Self::shift()) as usize] += 1;
            self.least = Some(self.least.map_or(value, |l| if value < l { value } else { l }));
            self.greatest = Some(self.greatest.map_or(value, |g| if value > g { value } else { g }));
        }
    }

    /// Ends a pass. If true, `add` the same values once more, then call this again. Errors: `OutOfMemory`.
    pub fn another_pass(&mut self) -> Result<bool> {
        if Self::shift() == 0 || self.refined.is_some() || self.finite == 0 {
            return Ok(false);
        }
        let mut bins: Vec<u32> = self
            .percentiles
            .iter()
            .flat_map(|&q| {
                let (index, _) = self.position(q);
                [index, (index + 1).min(self.finite - 1)]
            })
            .filter_map(|index| Some(Self::find(&self.counts, index)?.0))
            .collect();
        bins.sort_unstable();
        bins.dedup();
        let refined = bins.into_iter().map(|bin| Ok((bin, histogram(1 << FINE_BITS)?)));
        self.refined = Some(refined.collect::<Result<_>>()?);
        Ok(true)
    }

    /// Index of the order statistic below a percentile, and the fraction of the way to the next: NumPy's "linear"
    /// method.
    fn position(&self, percentile: f64) -> (u64, f64) {
        let position = (self.finite - 1) as f64 * (percentile / 100.0);
        (position.floor() as u64, position.fract())
    }

    /// The bin that holds the order statistic `index` (from 0), and the count of values in the bins before it.
    /// `None` if there are not that many values.
    fn find(counts: &[u64], index: u64) -> Option<(u32, u64)> {
        let mut before = 0;
        for (bin, &count) in counts.iter().enumerate() {
            if before + count > index {
                return Some((bin as u32, before));
            }
            before += count;
        }
        None
    }

    fn order_statistic(&self, index: u64) -> Result<f64> {
        // A value can only be missing if the second pass added other values than the first.
        let changed = || {
            Error::new(
                Status::InvalidArgument,
                "the pixels changed while they were read; expected them to stay until the call ends: give a copy",
            )
        };
        let (bin, before) = Self::find(&self.counts, index).ok_or_else(changed)?;
        let key = match &self.refined {
            None => bin << Self::shift(),
            Some(refined) => {
                // `another_pass` has refined the bins of all order statistics in use.
                let counts = &refined.iter().find(|(b, _)| *b == bin).ok_or_else(changed)?.1;
                bin << FINE_BITS | Self::find(counts, index - before).ok_or_else(changed)?.0
            }
        };
        Ok(T::from_key(key).as_f64())
    }

    fn percentile(&self, percentile: f64) -> Result<f64> {
        let (index, fraction) = self.position(percentile);
        let below = self.order_statistic(index)?;
        if fraction == 0.0 || index + 1 >= self.finite {
            return Ok(below);
        }
        let above = self.order_statistic(index + 1)?;
        Ok(below + (above - below) * fraction)
    }

    /// Minimum and maximum of the finite values.
    fn extremes(&self) -> Result<(f64, f64)> {
        match (self.least, self.greatest) {
            (Some(least), Some(greatest)) => Ok((least.as_f64(), greatest.as_f64())),
            _ => Ok((self.order_statistic(0)?, self.order_statistic(self.finite - 1)?)),
        }
    }

    /// The result, after the last pass. Errors: `InvalidArgument` if the second pass added other values than the first.
    pub fn summary(&self) -> Result<Summary> {
        if self.finite == 0 {
            let range = Range { lo: 0.0, hi: 1.0 };
            return Ok(Summary { constant: true, finite: 0, nonfinite: self.nonfinite, median: 0.0, range });
        }
        let (least, greatest) = self.extremes()?;
        let [lo, median, hi] = self.percentiles;
        let [lo, median, hi] = [self.percentile(lo)?, self.percentile(median)?, self.percentile(hi)?];
        // A few bright beads on a dark field: the percentiles coincide although the frame is not constant.
        let range = if hi > lo { Range { lo, hi } } else { Range { lo: least, hi: greatest } };
        Ok(Summary { constant: least == greatest, finite: self.finite, nonfinite: self.nonfinite, median, range })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary<T: Sample>(values: &[T]) -> Summary {
        let pass = |a: &mut Accumulator<T>| {
            values.chunks(7).for_each(|row| a.add(row));
            Ok(())
        };
        summarise(0.1, 99.9, pass).unwrap()
    }

    /// NumPy's definition, by sorting.
    fn sorted_percentile(values: &[f64], q: f64) -> f64 {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let position = (sorted.len() - 1) as f64 * q / 100.0;
        let below = position.floor() as usize;
        let above = (below + 1).min(sorted.len() - 1);
        sorted[below] + (sorted[above] - sorted[below]) * position.fract()
    }

    #[test]
    fn percentiles_of_every_type_agree_with_sorting() {
        let mut state = 1u32;
        let mut random = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state >> 8
        };
        for n in [1usize, 2, 3, 17, 1000, 20_001] {
            let u8s: Vec<u8> = (0..n).map(|_| random() as u8).collect();
            let u16s: Vec<u16> = (0..n).map(|_| random() as u16).collect();
            let f32s: Vec<f32> = (0..n).map(|_| (random() as f32 - 8e6) * 1.7e-3).collect();
            let check = |values: Vec<f64>, s: Summary| {
                for (q, found) in [(0.1, s.range.lo), (50.0, s.median), (99.9, s.range.hi)] {
                    if n > 1 {
                        assert!((found - sorted_percentile(&values, q)).abs() < 1e-9 * 1e4, "{n} {q} {found}");
                    }
                }
            };
            check(u8s.iter().map(|&v| v.into()).collect(), summary(&u8s));
            check(u16s.iter().map(|&v| v.into()).collect(), summary(&u16s));
            check(f32s.iter().map(|&v| v.into()).collect(), summary(&f32s));
        }
    }

    /// Printed by `i = numpy.arange(1500); numpy.percentile((i * i * 7 + 3 * i) % 65521, (0.1, 50, 99.9))`.
    #[test]
    fn numpy_agrees() {
        let values: Vec<u16> = (0..1500u32).map(|i| ((i * i * 7 + 3 * i) % 65521) as u16).collect();
        let s = summary(&values);
        let close = |found: f64, expected: f64| (found - expected).abs() < 1e-6;
        assert!(close(s.range.lo, 19.481) && close(s.median, 31434.5) && close(s.range.hi, 65424.044), "{s:?}");
    }

    #[test]
    fn values_that_change_between_the_passes_are_an_error() {
        let mut passes = 0;
        let result = summarise(0.1, 99.9, |a: &mut Accumulator<f32>| {
            passes += 1;
            let values: Vec<f32> = (0..1000).map(|i| (i * passes * passes) as f32).collect();
            a.add(&values);
            Ok(())
        });
        let error = result.unwrap_err();
        assert_eq!(error.status(), Status::InvalidArgument);
        assert!(error.message().contains("the pixels changed while they were read"), "{error}");
    }

    #[test]
    fn non_finite_values_are_counted_and_ignored() {
        let s = summary(&[f32::NAN, 3.0, f32::INFINITY, 1.0, f32::NEG_INFINITY, 2.0]);
        assert_eq!((s.nonfinite, s.median, s.constant), (3, 2.0, false));
        assert!((s.range.lo - 1.002).abs() < 1e-6 && (s.range.hi - 2.998).abs() < 1e-6, "{s:?}");
        assert!(summary(&[f32::NAN; 4]).constant);
        assert!(summary(&[f32::NAN, 5.0, 5.0]).constant);
    }

    #[test]
    fn few_beads_on_a_dark_field_use_the_extremes() {
        let mut values = vec![10u16; 100_000];
        values[77] = 900;
        let s = summary(&values);
        assert_eq!((s.constant, s.range), (false, Range { lo: 10.0, hi: 900.0 }));
    }

    #[test]
    fn a_bad_range_is_refused() {
        for (lo, hi) in [(2.0, 2.0), (3.0, 1.0), (f64::NAN, 1.0), (0.0, f64::INFINITY), (-1e308, 1e308)] {
            let message = Range::new(lo, hi).unwrap_err().message().to_owned();
            assert!(
                message.contains(&format!("normalize={lo}:{hi}")) && message.contains("the first below"),
                "{message}"
            );
        }
    }
}
