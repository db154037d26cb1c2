//! Image comparison: peak signal-to-noise ratio, structural similarity, gain and offset.

use crate::error::{Error, Result, Status};
use crate::image::normalise::summarise;

/// The data range for the measures below: from the reference's 0.1 to its 99.9 percentile.
///
/// Errors: `InvalidArgument` for a constant reference.
pub fn data_range(reference: &[f32]) -> Result<f64> {
    let summary = summarise(0.1, 99.9, |accumulator| {
        accumulator.add(reference);
        Ok(())
    })?;
    if summary.constant || summary.nonfinite > 0 {
        return Err(Error::new(
            Status::InvalidArgument,
            "the reference is constant or has values that are not finite: nothing can be compared with it",
        ));
    }
    Ok(summary.range.width())
}

/// `10 log10(range^2 / MSE)` in dB; infinite for equal images.
pub fn psnr(image: &[f32], reference: &[f32], range: f64) -> f64 {
    let sum: f64 = image.iter().zip(reference).map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2)).sum();
    10.0 * (range * range * reference.len() as f64 / sum).log10()
}

/// `gain` and `offset` that fit `image` to `reference` by least squares. A constant image has a gain of 0.
pub fn fit(image: &[f32], reference: &[f32]) -> (f64, f64) {
    let n = image.len() as f64;
    let mean = |values: &[f32]| values.iter().map(|&v| f64::from(v)).sum::<f64>() / n;
    let (from, to) = (mean(image), mean(reference));
    let (mut with, mut own) = (0.0, 0.0);
    for (&a, &b) in image.iter().zip(reference) {
        let a = f64::from(a) - from;
        with += a * (f64::from(b) - to);
        own += a * a;
    }
    let gain = if own > 0.0 { with / own } else { 0.0 };
    (gain, to - gain * from)
}

const SIGMA: f64 = 1.5;
const RADIUS: usize = 5;

/// Structural similarity, the mean over all pixels whose window lies inside; Gaussian window of sigma 1.5 over 11x11
/// pixels, K1 = 0.01, K2 = 0.03 (Wang, Bovik, Sheikh, Simoncelli 2004, IEEE Trans. Image Process. 13, 600-612).
///
/// `None` where the images are smaller than the window.
pub fn ssim(image: &[f32], reference: &[f32], width: usize, range: f64) -> Option<f64> {
    let height = reference.len() / width;
    if width <= 2 * RADIUS || height <= 2 * RADIUS {
        return None;
    }
    let smooth = |value: &dyn Fn(f64, f64) -> f64| {
        let field: Vec<f64> = image.iter().zip(reference).map(|(&a, &b)| value(f64::from(a), f64::from(b))).collect();
        gaussian(&field, width, height)
    };
    let (a, b) = (smooth(&|a, _| a), smooth(&|_, b| b));
    let (aa, bb, ab) = (smooth(&|a, _| a * a), smooth(&|_, b| b * b), smooth(&|a, b| a * b));
    let (c1, c2) = ((0.01 * range).powi(2), (0.03 * range).powi(2));
    let sum: f64 = (0..a.len())
        .map(|i| {
            let (va, vb, vab) = (aa[i] - a[i] * a[i], bb[i] - b[i] * b[i], ab[i] - a[i] * b[i]);
            (2.0 * a[i] * b[i] + c1) * (2.0 * vab + c2) / ((a[i] * a[i] + b[i] * b[i] + c1) * (va + vb + c2))
        })
        .sum();
    Some(sum / a.len() as f64)
}

/// Separable Gaussian filter; returns only the pixels whose window lies inside.
fn gaussian(field: &[f64], width: usize, height: usize) -> Vec<f64> {
    let mut kernel: Vec<f64> =
        (0..=2 * RADIUS).map(|i| (-((i as f64 - RADIUS as f64) / SIGMA).powi(2) / 2.0).exp()).collect();
    let total: f64 = kernel.iter().sum();
    kernel.iter_mut().for_each(|k| *k /= total);
    let (wide, high) = (width - 2 * RADIUS, height - 2 * RADIUS);
    let mut across = Vec::with_capacity(wide * height);
    for row in field.chunks_exact(width) {
        across.extend(row.windows(kernel.len()).map(|w| w.iter().zip(&kernel).map(|(v, k)| v * k).sum::<f64>()));
    }
    let mut result = vec![0.0; wide * high];
    for (y, to) in result.chunks_exact_mut(wide).enumerate() {
        for (i, k) in kernel.iter().enumerate() {
            to.iter_mut().zip(&across[(y + i) * wide..]).for_each(|(to, v)| *to += v * k);
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `r = (i * i * 7 + 3 * i) % 101`, `a = r + (i % 5) * 4`, `i` the index into 24 rows of 32 pixels.
    fn images() -> (Vec<f32>, Vec<f32>) {
        let reference: Vec<f32> = (0..768u32).map(|i| ((i * i * 7 + 3 * i) % 101) as f32).collect();
        let image = reference.iter().enumerate().map(|(i, r)| r + (i % 5) as f32 * 4.0).collect();
        (image, reference)
    }

    /// Expected values printed by scikit-image 0.26 (`structural_similarity` with `gaussian_weights=True, sigma=1.5,
    /// use_sample_covariance=False`) and NumPy on the same images.
    #[test]
    fn other_software_agrees() {
        let (image, reference) = images();
        let range = data_range(&reference).unwrap();
        assert!((range - RANGE).abs() < 1e-9, "{range}");
        assert!((psnr(&image, &reference, range) - PSNR).abs() < 1e-6, "{}", psnr(&image, &reference, range));
        let s = ssim(&image, &reference, 32, range).unwrap();
        assert!((s - SSIM).abs() < 1e-6, "{s}");
        let (gain, offset) = fit(&image, &reference);
        assert!((gain - GAIN).abs() < 1e-6 && (offset - OFFSET).abs() < 1e-5, "{gain} {offset}");
    }

    const RANGE: f64 = 100.000000000000;
    const PSNR: f64 = 20.189557216535;
    const SSIM: f64 = 0.970206279832;
    const GAIN: f64 = 0.960939243107;
    const OFFSET: f64 = -5.839135852879;

    #[test]
    fn equal_images_are_equal() {
        let (_, reference) = images();
        assert_eq!(psnr(&reference, &reference, 50.0), f64::INFINITY);
        assert!((ssim(&reference, &reference, 32, 50.0).unwrap() - 1.0).abs() < 1e-12);
        assert_eq!(ssim(&reference[..100], &reference[..100], 10, 50.0), None);
        assert!(data_range(&[3.0; 9]).unwrap_err().message().contains("constant"));
    }
}
