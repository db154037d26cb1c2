//! A microscope, as far as it decides what defocus does to an image.

use crate::error::{Error, Result, Status};

/// Objective and sampling. Lengths in micrometres.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scope {
    /// Numerical aperture.
    pub na: f64,
    /// Of the light that forms the image, in vacuum.
    pub wavelength_um: f64,
    /// Of the medium between specimen and objective.
    pub index: f64,
    /// Of the image's pixels, in the specimen.
    pub pixel_um: f64,
}

/// Refractive indices of air, water, glycerol's mixture and oil: the media that objectives are made for.
const MEDIA: [f64; 4] = [1.0, 1.333, 1.406, 1.515];
/// An aperture is at most this share of its medium's index; above it, light would have to enter at a right angle.
const STEEPEST: f64 = 0.985;

impl Scope {
    /// Errors: `BadOption` for an aperture that the medium does not allow. The other numbers must be above 0.
    pub fn new(na: f64, wavelength_um: f64, index: Option<f64>, pixel_um: f64) -> Result<Self> {
        let index = index.unwrap_or_else(|| usual_index(na));
        if na >= index {
            return Err(Error::new(
                Status::BadOption,
                format!(
                    "na={na}: expected less than the refractive index, which is {index}; give refractive_index of the \
                     medium between specimen and objective"
                ),
            ));
        }
        Ok(Self { na, wavelength_um, index, pixel_um })
    }

    /// Radius of the geometric blur disc in pixels at `defocus_um` from focus: |z| tan(asin(NA / n)) / pixel size.
    pub fn blur_radius_px(&self, defocus_um: f64) -> f64 {
        let sine = self.na / self.index;
        defocus_um.abs() * sine / (1.0 - sine * sine).sqrt() / self.pixel_um
    }

    /// The distance from focus whose blur disc has this radius.
    pub fn defocus_um(&self, radius_px: f64) -> f64 {
        radius_px / self.blur_radius_px(1.0)
    }
}

/// The index of the thinnest medium that an objective of this aperture is made for.
pub fn usual_index(na: f64) -> f64 {
    MEDIA.into_iter().find(|index| na < STEEPEST * index).unwrap_or(MEDIA[3])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_medium_follows_from_the_aperture_where_it_is_not_given() {
        for (na, index) in [(0.3, 1.0), (0.95, 1.0), (1.2, 1.333), (1.35, 1.406), (1.45, 1.515)] {
            assert_eq!(Scope::new(na, 0.5, None, 0.1).unwrap().index, index, "{na}");
        }
    }

    #[test]
    fn an_aperture_above_the_index_is_refused() {
        let message = Scope::new(1.2, 0.5, Some(1.0), 0.1).unwrap_err().message().to_owned();
        assert!(message.contains("na=1.2: expected less than the refractive index, which is 1;"), "{message}");
        assert!(Scope::new(1.6, 0.5, None, 0.1).is_err());
    }

    #[test]
    fn the_blur_disc_is_a_cone_of_light() {
        let scope = Scope::new(0.75, 0.55, None, 0.325).unwrap();
        assert!((scope.blur_radius_px(1.0) - 3.489).abs() < 1e-3);
        assert!((scope.defocus_um(scope.blur_radius_px(-2.5)) - 2.5).abs() < 1e-12);
    }
}
