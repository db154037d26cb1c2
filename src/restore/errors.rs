//! The expected errors of a plane, in its units.

use crate::error::{Error, Result, Status};
use crate::image::frame::{Planes, Sample, Shape};
use crate::image::tile::Plan;
use crate::restore::plane::Buffers;

/// The expected errors of the plane, in its units, for each channel one row after another, added to `to`; NaN where
/// the pixel is not finite. To be called before the plane is stored, with the pixels as they were.
///
/// Errors: `OutOfMemory`.
pub fn append<T: Sample>(
    planes: &impl Planes<T>,
    plane: usize,
    unit: f64,
    plan: &Plan,
    buffers: &mut Buffers<T>,
    to: &mut Vec<f32>,
) -> Result<()> {
    let shape = planes.shape();
    make_room(to, shape)?;
    for (channel, errors) in buffers.errors.chunks_exact(plan.width * plan.height).enumerate() {
        for (y, from) in errors.chunks_exact(plan.width).take(shape.height).enumerate() {
            planes.read_row(plane, channel, y, &mut buffers.row);
            let in_units = |(&error, pixel): (&f32, &T)| match pixel.finite() {
                true => (f64::from(error) * unit) as f32,
                false => f32::NAN,
            };
            to.extend(from.iter().zip(&buffers.row).map(in_units));
        }
    }
    Ok(())
}

/// As `append`, of a constant plane, which is returned as it is: 0.
pub fn append_none<T: Sample>(planes: &impl Planes<T>, plane: usize, row: &mut [T], to: &mut Vec<f32>) -> Result<()> {
    let shape = planes.shape();
    make_room(to, shape)?;
    for channel in 0..shape.channels {
        for y in 0..shape.height {
            planes.read_row(plane, channel, y, row);
            to.extend(row.iter().map(|pixel| if pixel.finite() { 0.0 } else { f32::NAN }));
        }
    }
    Ok(())
}

fn make_room(to: &mut Vec<f32>, shape: Shape) -> Result<()> {
    to.try_reserve(shape.width * shape.height * shape.channels).map_err(|_| {
        Error::new(Status::OutOfMemory, format!("no memory for the error map of {shape}: restore fewer planes at once"))
    })
}
