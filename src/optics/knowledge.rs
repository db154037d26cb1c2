//! From estimates of a frame's parts and from known optics to the condition that the network takes.

use crate::optics::contrast::Curves;
use crate::optics::scope::Scope;

/// The errors of a frame's parts are alike: a mean over many of them is only so much better than one.
const ALIKE: f64 = 0.4;
/// Relative standard deviation of a distance that is told.
const TOLD_ERROR: f64 = 0.1;
/// Of the blur discs that networks are trained for.
pub const LARGEST_RADIUS_PX: f64 = 26.0;
/// From focus to `LARGEST_RADIUS_PX`, where no distance is told.
const DISTANCES: usize = 49;
/// Steps of the told distance's standard deviation, to three on either side.
const TOLD_STEPS: usize = 13;
/// Curves of neighbouring distances differ smoothly, so that their frequencies count as few independent measurements.
const MEASUREMENTS: f64 = 4.0;
/// Standard deviation of a curve without aberration, thickness or coherence beside the true one.
const MODEL_ERROR: f64 = 0.08;

/// The blur of a frame, or of a part of one, estimated from its pixels.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// The contrast that defocus left at each frequency.
    pub mean: Vec<f64>,
    /// Its standard deviation.
    pub spread: Vec<f64>,
    /// log(1 + radius of the blur disc in pixels).
    pub size: f64,
    /// Its standard deviation.
    pub size_spread: f64,
}

impl Estimate {
    /// From what the network returns for one part: mean and spread at each frequency, then both of the size.
    pub fn of_part(values: &[f32]) -> Self {
        let values: Vec<f64> = values.iter().map(|&v| f64::from(v)).collect();
        let count = values.len() / 2 - 1;
        Self {
            mean: values[..count].to_vec(),
            spread: values[count..2 * count].to_vec(),
            size: values[2 * count],
            size_spread: values[2 * count + 1],
        }
    }

    /// One estimate from those of the parts of a frame; there is at least one.
    ///
    /// Each number is a mean weighted by its certainty. Its variance is that of the parts (the harmonic mean), smaller
    /// by what averaging helps, and larger by how much they contradict each other.
    pub fn combined(parts: &[Self]) -> Self {
        let of = |value: &dyn Fn(&Self) -> (f64, f64)| weighted(parts.iter().map(value));
        let (mean, spread) = (0..parts[0].mean.len()).map(|i| of(&|p| (p.mean[i], p.spread[i]))).unzip();
        let (size, size_spread) = of(&|p| (p.size, p.size_spread));
        Self { mean, spread, size, size_spread }
    }

    /// Radius of the blur disc in pixels, and its standard deviation.
    pub fn radius_px(&self) -> (f64, f64) {
        (self.size.exp_m1(), self.size.exp() * self.size_spread)
    }

    /// What the network takes: the means, then the spreads.
    pub fn condition(&self) -> Vec<f32> {
        self.mean.iter().chain(&self.spread).map(|&v| v as f32).collect()
    }
}

/// Mean and standard deviation of the values of several parts, each with its own standard deviation.
fn weighted(values: impl Iterator<Item = (f64, f64)> + Clone) -> (f64, f64) {
    let count = values.clone().count() as f64;
    let weights = values.clone().map(|(_, spread)| spread.powi(-2)).sum::<f64>();
    let mean = values.clone().map(|(value, spread)| value * spread.powi(-2)).sum::<f64>() / weights;
    let typical = count / weights;
    let apart = values.map(|(value, spread)| (value - mean).powi(2) * spread.powi(-2)).sum::<f64>() / weights;
    // Parts that differ by more than they say are not parts of one blur (a tilted specimen): that is not averaged away.
    (mean, (typical.max(apart) * (ALIKE + (1.0 - ALIKE) / count)).sqrt())
}

/// What known optics make of an estimate.
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    /// What the network takes.
    pub condition: Vec<f32>,
    /// Distance from focus, its sign unknown.
    pub defocus_um: f64,
    /// Its standard deviation.
    pub defocus_error_um: f64,
    /// By how many standard deviations the told distance differs from what the image alone says; 0 if none was told.
    pub surprise: f64,
}

/// The estimate, narrowed by known optics, and by the distance from focus where it is told (its sign does not matter).
///
/// The posterior over distances is the prior (a normal distribution around the told one, else even in the root) times
/// the likelihood of each distance's curve. The condition is the mean and the spread of the curves under it.
pub fn with_optics(scope: &Scope, frequencies: &[f64], estimate: &Estimate, told_um: Option<f64>) -> Known {
    let (distances, prior) = match told_um {
        Some(told) => around(told.abs()),
        None => everywhere(scope.defocus_um(LARGEST_RADIUS_PX)),
    };
    let curves = Curves::new(scope, frequencies);
    let curves: Vec<Vec<f64>> = distances.iter().map(|&z| curves.at(z)).collect();
    let misses: Vec<f64> = curves.iter().map(|curve| miss(curve, estimate)).collect();
    let least = misses.iter().copied().fold(f64::INFINITY, f64::min);
    let mut weights: Vec<f64> =
        prior.iter().zip(&misses).map(|(p, miss)| p * (-0.5 * MEASUREMENTS * (miss - least)).exp()).collect();
    let total: f64 = weights.iter().sum();
    weights.iter_mut().for_each(|w| *w /= total);

    let mean_of = |value: &dyn Fn(usize) -> f64| weights.iter().enumerate().map(|(i, w)| w * value(i)).sum::<f64>();
    let spread_of = |value: &dyn Fn(usize) -> f64, mean: f64| mean_of(&|i| (value(i) - mean).powi(2)).sqrt();
    let (mut condition, spreads): (Vec<f32>, Vec<f32>) = (0..frequencies.len())
        .map(|f| {
            let mean = mean_of(&|i| curves[i][f]);
            (mean as f32, spread_of(&|i| curves[i][f], mean) as f32)
        })
        .unzip();
    condition.extend(spreads);
    let defocus_um = mean_of(&|i| distances[i]);
    let surprise = told_um.map_or(0.0, |told| {
        (scope.blur_radius_px(told).ln_1p() - estimate.size).abs() / estimate.size_spread.hypot(TOLD_ERROR)
    });
    Known { condition, defocus_um, defocus_error_um: spread_of(&|i| distances[i], defocus_um), surprise }
}

/// Mean squared difference of a curve from the estimate, in standard deviations.
fn miss(curve: &[f64], estimate: &Estimate) -> f64 {
    let variance = |spread: f64| spread * spread + MODEL_ERROR * MODEL_ERROR;
    let terms = curve.iter().zip(&estimate.mean).zip(&estimate.spread);
    terms.map(|((r, mean), spread)| (r - mean).powi(2) / variance(*spread)).sum::<f64>() / curve.len() as f64
}

/// Distances around a told one, and the prior of each.
fn around(told: f64) -> (Vec<f64>, Vec<f64>) {
    let step = |i: usize| 6.0 * i as f64 / (TOLD_STEPS - 1) as f64 - 3.0;
    (0..TOLD_STEPS).map(|i| (told * (1.0 + TOLD_ERROR * step(i)), (-0.5 * step(i).powi(2)).exp())).unzip()
}

/// Distances up to the largest, even in the square root (small ones are frequent), and the prior of each.
fn everywhere(largest: f64) -> (Vec<f64>, Vec<f64>) {
    (0..DISTANCES).map(|i| (largest * (i as f64 / (DISTANCES - 1) as f64).powi(2), 1.0)).unzip()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FREQUENCIES: [f64; 8] = [0.01, 0.02, 0.04, 0.08, 0.12, 0.2, 0.3, 0.45];

    fn scope() -> Scope {
        Scope::new(0.75, 0.55, Some(1.0), 0.325).unwrap()
    }

    /// What an estimator that is nearly right says of `defocus_um`.
    fn estimate(defocus_um: f64, spread: f64) -> Estimate {
        let mean = Curves::new(&scope(), &FREQUENCIES).at(defocus_um);
        let size = scope().blur_radius_px(defocus_um).ln_1p();
        Estimate { spread: vec![spread; mean.len()], mean, size, size_spread: spread }
    }

    #[test]
    fn parts_are_weighed_by_their_certainty() {
        let part = |size, size_spread| Estimate { mean: vec![size], spread: vec![size_spread], size, size_spread };
        let one = Estimate::combined(&[part(1.0, 0.1)]);
        assert!((one.size - 1.0).abs() < 1e-12 && (one.size_spread - 0.1).abs() < 1e-12);
        let two = Estimate::combined(&[part(1.0, 0.1), part(3.0, 1000.0)]);
        assert!((two.size - 1.0).abs() < 1e-3, "an uncertain part has no say");
        let four = Estimate::combined(&vec![part(1.0, 0.1); 4]);
        assert!(four.size_spread < 0.08 && four.size_spread > 0.1 * ALIKE.sqrt());
        let apart = Estimate::combined(&[part(1.0, 0.1), part(3.0, 0.1)]);
        assert!(apart.size_spread > 0.8, "contradiction is not averaged away");
    }

    #[test]
    fn a_radius_has_the_error_of_its_logarithm() {
        let (radius, error) = estimate(1.0, 0.1).radius_px();
        assert!((radius - 3.489).abs() < 1e-3 && (error - 0.4489).abs() < 1e-3);
    }

    #[test]
    fn optics_alone_find_the_distance_of_a_good_estimate() {
        for z in [0.5, 1.0, 2.0, 4.0] {
            let known = with_optics(&scope(), &FREQUENCIES, &estimate(z, 0.1), None);
            assert!((known.defocus_um - z).abs() < 0.15 * z + 0.1, "{z}: {}", known.defocus_um);
            assert!(known.defocus_error_um < 0.4 * z + 0.2 && known.surprise == 0.0);
        }
    }

    #[test]
    fn a_told_distance_wins_over_a_vague_estimate_and_is_moved_by_a_certain_one() {
        let vague = with_optics(&scope(), &FREQUENCIES, &estimate(1.0, 1.0), Some(-2.0));
        assert!((vague.defocus_um - 2.0).abs() < 0.05, "{}", vague.defocus_um);
        let certain = with_optics(&scope(), &FREQUENCIES, &estimate(2.0, 0.02), Some(2.4));
        assert!(certain.defocus_um < 2.35, "{}", certain.defocus_um);
        let far = with_optics(&scope(), &FREQUENCIES, &estimate(1.0, 0.05), Some(6.0));
        assert!(far.surprise > 5.0);
    }

    #[test]
    fn a_condition_has_means_and_spreads() {
        let known = with_optics(&scope(), &FREQUENCIES, &estimate(1.0, 0.2), Some(1.0));
        assert_eq!(known.condition.len(), 2 * FREQUENCIES.len());
        assert!(known.condition[FREQUENCIES.len()..].iter().all(|s| (0.0..0.5).contains(s)));
        assert!((f64::from(known.condition[0]) - 1.0).abs() < 0.02);
    }
}
