//! The contrast that defocus leaves at each frequency, R(f) = H(z) / H(0), from the optics.
//!
//! The transfer function in incoherent light is an integral over the overlap of two shifted pupils (H. H. Hopkins, The
//! frequency response of a defocused optical system, Proc. R. Soc. A 231 (1955) 91-103), with the exact phase of
//! defocus (B. M. Hanser et al., J. Microscopy 216 (2004) 32-48, eq. 2). In the ratio the overlap's area cancels.

use std::f64::consts::PI;

use crate::optics::scope::Scope;

/// Of the quadrature, along each axis of a quarter of the overlap.
const NODES: usize = 20;
/// A transfer function below this passes nothing.
const NOTHING: f64 = 1e-3;

/// The contrast curves of a microscope: what does not depend on the distance is computed once.
pub struct Curves {
    /// For each frequency the points of the overlap: difference of the path through the two pupils in 1/um, and weight.
    /// Empty beyond the cut-off, where the focused image has no contrast either.
    points: Vec<Vec<(f64, f64)>>,
}

impl Curves {
    /// `frequencies` in cycles per pixel.
    pub fn new(scope: &Scope, frequencies: &[f64]) -> Self {
        let nodes = gauss_legendre();
        let points = frequencies.iter().map(|&frequency| overlap(scope, frequency, &nodes)).collect();
        Self { points }
    }

    /// R at each frequency, `defocus_um` from focus on either side.
    pub fn at(&self, defocus_um: f64) -> Vec<f64> {
        let mean =
            |points: &Vec<(f64, f64)>| points.iter().map(|(path, weight)| weight * (path * defocus_um).cos()).sum();
        self.points.iter().map(mean).collect()
    }
}

fn overlap(scope: &Scope, frequency: f64, nodes: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let limit = scope.na / scope.wavelength_um;
    let medium = scope.index / scope.wavelength_um;
    let half = (frequency / scope.pixel_um / limit).min(2.0) / 2.0;
    let height = (1.0 - half * half).max(0.0).sqrt();
    let axial = |u: f64, y: f64| (medium * medium - limit * limit * (u * u + y * y).min(1.0)).max(0.0).sqrt();
    let mut points = Vec::with_capacity(NODES * NODES);
    let mut area = 0.0;
    for &(t, weight_y) in nodes {
        // With y = height sin(angle) the root at the end of the overlap becomes smooth, and the rule converges fast.
        let angle = t * PI / 2.0;
        let y = height * angle.sin();
        let width = ((1.0 - y * y).max(0.0).sqrt() - half).max(0.0);
        for &(s, weight_x) in nodes {
            let x = width * s;
            let weight = width * height * angle.cos() * weight_y * PI / 2.0 * weight_x;
            points.push((2.0 * PI * (axial(x + half, y) - axial(x - half, y)), weight));
            area += weight;
        }
    }
    // The share of a circle that two shifted ones overlap in is the transfer function in focus; the pixel's area also
    // lowers it (J. W. Goodman, Introduction to Fourier Optics, 3rd ed. 2005, section 6.4).
    let focused = area * 4.0 / PI * sinc(frequency);
    if focused <= NOTHING {
        return Vec::new();
    }
    points.iter_mut().for_each(|(_, weight)| *weight /= area);
    points
}

fn sinc(x: f64) -> f64 {
    if x == 0.0 {
        1.0
    } else {
        (PI * x).sin() / (PI * x)
    }
}

/// Points and weights of Gauss's rule on 0 to 1: roots of the Legendre polynomial by Newton's method.
fn gauss_legendre() -> Vec<(f64, f64)> {
    (0..NODES)
        .map(|i| {
            let n = NODES as f64;
            let mut x = (PI * (i as f64 + 0.75) / (n + 0.5)).cos();
            let mut slope = 0.0;
            for _ in 0..20 {
                let (mut before, mut value) = (1.0, x);
                for k in 2..=NODES {
                    let k = k as f64;
                    (before, value) = (value, ((2.0 * k - 1.0) * x * value - (k - 1.0) * before) / k);
                }
                slope = n * (x * value - before) / (x * x - 1.0);
                x -= value / slope;
            }
            ((x + 1.0) / 2.0, 1.0 / ((1.0 - x * x) * slope * slope))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FREQUENCIES: [f64; 6] = [0.008, 0.03, 0.08, 0.15, 0.3, 0.5];

    fn scope() -> Scope {
        Scope::new(0.75, 0.55, Some(1.0), 0.325).unwrap()
    }

    #[test]
    fn weights_sum_to_one_and_integrate_polynomials() {
        let nodes = gauss_legendre();
        let integral = |power: i32| nodes.iter().map(|(x, w)| w * x.powi(power)).sum::<f64>();
        for power in 0..8 {
            assert!((integral(power) - 1.0 / f64::from(power + 1)).abs() < 1e-12, "{power}");
        }
    }

    #[test]
    fn focus_keeps_everything_and_both_sides_are_alike() {
        let curves = Curves::new(&scope(), &FREQUENCIES);
        assert!(curves.at(0.0).iter().all(|r| (r - 1.0).abs() < 1e-12));
        assert_eq!(curves.at(2.0), curves.at(-2.0));
        assert!(curves.at(2.0)[1] < curves.at(1.0)[1]);
    }

    #[test]
    fn a_geometric_disc_is_the_limit_of_large_defocus() {
        // At low frequencies and far from focus H(z) is that of a disc, 2 J1(x) / x with x = 2 pi r f. Its first zero
        // is at x = 3.8317. Paraxial: the exact phase differs by a few per cent at this aperture.
        let scope = Scope::new(0.25, 0.55, Some(1.0), 1.0).unwrap();
        let radius = 12.0;
        let zero = 3.8317 / (2.0 * PI * radius);
        let curves = Curves::new(&scope, &[zero * 0.9, zero * 1.15]);
        let r = curves.at(scope.defocus_um(radius));
        assert!(r[0] > 0.0 && r[1] < 0.0, "{r:?}");
    }

    #[test]
    fn nothing_is_kept_beyond_the_cut_off() {
        let scope = Scope::new(1.4, 0.52, Some(1.515), 0.065).unwrap();
        assert_eq!(Curves::new(&scope, &[0.4]).at(0.0), [0.0]);
    }
}
