//! The blur of a frame before it is restored: estimated from parts of it, and narrowed by told optics.

use crate::error::{Error, Result, Status};
use crate::image::frame::resize;
use crate::image::tile::{Plan, GRID};
use crate::network::session::Session;
use crate::optics::knowledge::{with_optics, Estimate, LARGEST_RADIUS_PX};
use crate::optics::scope::Scope;
use crate::restore::model::Model;
use crate::restore::options::{Optics, RunOptions};
use crate::task::Task;

/// Side of the parts of a frame that its blur is estimated from.
const PART: usize = 256;
/// Most parts along each side of a frame.
const MOST_ALONG: usize = 4;
/// A told distance that differs by so many standard deviations from what the image says is warned about.
const SURPRISE: f64 = 3.0;

/// What is reported of a plane's blur.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Blur {
    /// Radius of the blur disc in pixels, and its standard deviation.
    pub radius_px: (f64, f64),
    /// Distance from focus (its sign is unknown) and its standard deviation, where the optics were told.
    pub defocus_um: Option<(f64, f64)>,
}

/// Checks the optics of a run against the model. `None`: they do not suffice to know a curve, or none were told.
///
/// Errors: `BadOption` for a model that takes no optics, for a distance without the optics that give it a meaning, for
/// an aperture that the medium does not allow, and for a distance far beyond the model's range.
pub fn scope(model: &Model, options: &RunOptions) -> Result<Option<Scope>> {
    let Optics { na, wavelength_um, refractive_index, defocus_um, light: _ } = options.optics;
    let told = [
        ("na", na),
        ("wavelength_um", wavelength_um),
        ("refractive_index", refractive_index),
        ("defocus_um", defocus_um),
    ];
    let Some((name, value)) = told.into_iter().find_map(|(name, value)| Some((name, value?))) else {
        return Ok(None);
    };
    let bad = |sentence: String| Err(Error::new(Status::BadOption, sentence));
    if model.info().frequencies.is_empty() {
        return bad(format!(
            "{name}={value}: the model '{}' takes no optics; expected a model of format 2, or leave out na, \
             wavelength_um, refractive_index and defocus_um",
            model.info().name
        ));
    }
    let (Some(na), Some(wavelength), Some(pixel)) = (na, wavelength_um, options.pixel_size_um) else {
        let needed = [("na", na), ("wavelength_um", wavelength_um), ("pixel_size_um", options.pixel_size_um)];
        let absent: Vec<_> = needed.into_iter().filter(|(_, value)| value.is_none()).map(|(name, _)| name).collect();
        return bad(format!(
            "{name}={value}: the optics are not known without {}; expected na, wavelength_um and pixel_size_um \
             together",
            absent.join(" and ")
        ));
    };
    let scope = Scope::new(na, wavelength, refractive_index, pixel)?;
    let radius = scope.blur_radius_px(defocus_um.unwrap_or(0.0));
    if radius > 2.0 * LARGEST_RADIUS_PX {
        return bad(format!(
            "defocus_um={}: its blur disc has a radius of {radius:.0} pixels; expected at most {LARGEST_RADIUS_PX}, \
             which the model was trained for: check na, pixel_size_um and the unit",
            defocus_um.unwrap_or(0.0)
        ));
    }
    Ok(Some(scope))
}

/// A sentence for a told distance that is only just beyond what the model was trained for.
pub fn range_warning(scope: &Scope, options: &RunOptions) -> Option<String> {
    let told = options.optics.defocus_um?;
    let radius = scope.blur_radius_px(told);
    (radius > LARGEST_RADIUS_PX).then(|| {
        format!(
            "defocus_um={told}: its blur disc has a radius of {radius:.0} pixels; the model was trained for up to \
             {LARGEST_RADIUS_PX}: look at the result with care"
        )
    })
}

/// The condition of a plane, what is reported of its blur, and a sentence where a told distance contradicts the image.
pub struct Found {
    /// What the network takes.
    pub condition: Vec<f32>,
    /// For the report.
    pub blur: Blur,
    /// For the report.
    pub warning: Option<String>,
}

/// Estimates the blur of a frame, `[channel][y][x]`, normalised and padded as `plan` says.
///
/// Errors: those of `Session::estimate`, `OutOfMemory`.
pub fn of_frame(
    estimator: &Session,
    frequencies: &[f64],
    told: Option<(&Scope, Option<f64>)>,
    task: &Task,
    plan: &Plan,
    frame: &[f32],
) -> Result<Found> {
    let mut parts = Vec::new();
    let mut part = Vec::new();
    for channel in frame.chunks_exact(plan.width * plan.height) {
        for (top, height) in places(plan.height) {
            for (left, width) in places(plan.width) {
                resize(&mut part, height * width)?;
                for (row, to) in part.chunks_exact_mut(width).enumerate() {
                    let from = (top + row) * plan.width + left;
                    to.copy_from_slice(&channel[from..from + width]);
                }
                parts.push(Estimate::of_part(&estimator.estimate(task, (height, width), &part)?));
            }
        }
    }
    let estimate = Estimate::combined(&parts);
    let mut found = Found {
        condition: estimate.condition(),
        blur: Blur { radius_px: estimate.radius_px(), defocus_um: None },
        warning: None,
    };
    if let Some((scope, defocus_um)) = told {
        let known = with_optics(scope, frequencies, &estimate, defocus_um);
        found.blur.defocus_um = Some((known.defocus_um, known.defocus_error_um));
        found.condition = known.condition;
        if known.surprise > SURPRISE {
            let (radius, error) = found.blur.radius_px;
            let (near, far) = (scope.defocus_um((radius - error).max(0.0)), scope.defocus_um(radius + error));
            found.warning = Some(format!(
                "defocus_um={}: by its pixels the image lies {near:.2} to {far:.2} um from focus; check the distance \
                 and the optics",
                defocus_um.unwrap_or(0.0)
            ));
        }
    }
    Ok(found)
}

/// Where the parts begin along a side of a frame, and how long they are: evenly over it, on the grid.
fn places(size: usize) -> impl Iterator<Item = (usize, usize)> {
    let along = (size / PART).clamp(1, MOST_ALONG);
    let length = size.min(PART);
    (0..along).map(move |i| {
        let share = i as f64 / (along - 1).max(1) as f64;
        let start = (share * (size - length) as f64 / GRID as f64).round_ties_even() as usize * GRID;
        (start.min(size - length), length)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_lie_on_the_grid_and_inside() {
        assert_eq!(places(96).collect::<Vec<_>>(), [(0, 96)]);
        assert_eq!(places(528).collect::<Vec<_>>(), [(0, 256), (272, 256)]);
        let four: Vec<_> = places(2048).collect();
        assert_eq!(four.len(), MOST_ALONG);
        assert_eq!((four[0], four[3]), ((0, PART), (1792, PART)));
        assert!(four.iter().all(|(start, length)| start % GRID == 0 && start + length <= 2048));
    }
}
