//! The door for Rust programs that keep images in `ndarray` arrays (feature `ndarray`, on by default).
//!
//! Axes are never guessed: two are rows and columns, three are planes, rows and columns, four are planes, rows, columns
//! and channels. Any strides will do, also negative ones and views of every second pixel.
//!
//! ```
//! use ndarray::Array2;
//! use parfocal::arrays;
//!
//! let sharp = Array2::from_shape_fn((64, 80), |(y, x)| if (x / 8 + y / 8) % 2 == 0 { 200u8 } else { 40 });
//! let flat = Array2::from_elem((64, 80), 40u8);
//! let score = |image: &Array2<u8>| arrays::focus_score(image.view()).map(|scores| scores[0]);
//! assert!(score(&sharp)? > score(&flat)?);
//! # Ok::<(), parfocal::Error>(())
//! ```
//!
//! ```no_run
//! use ndarray::Array3;
//! use parfocal::{arrays, Model, OpenOptions, RunOptions, Task};
//!
//! let model = Model::open(None, &OpenOptions::default())?;
//! let stack = Array3::<u16>::zeros((20, 520, 696));           // planes, rows, columns
//! let options = RunOptions::parse("normalize=stack")?;
//! let (restored, report) = arrays::restore(&model, &Task::new(), stack.view(), &options)?;
//! assert_eq!(restored.dim(), stack.dim());
//! println!("{} planes were constant", report.constant_planes);
//! # Ok::<(), parfocal::Error>(())
//! ```

use ndarray::{Array, ArrayView, ArrayView1, ArrayView4, ArrayViewMut, ArrayViewMut4, Axis, Dimension, Ix2, Ix3, Ix4};

use crate::error::{Error, Result, Status};
use crate::image::focus;
use crate::image::frame::{resize, Planes, Rows, Sample, Shape};
use crate::restore::model::Model;
use crate::restore::options::RunOptions;
use crate::restore::report::Report;
use crate::restore::stack;
use crate::task::Task;

/// Numbers of axes that an image can have: `Ix2`, `Ix3` and `Ix4`.
pub trait ImageAxes: Dimension {
    /// A view of the same pixels with all four axes.
    fn four<T>(view: ArrayView<'_, T, Self>) -> ArrayView4<'_, T>;
    /// A writable view of the same pixels with all four axes.
    fn four_mut<T>(view: ArrayViewMut<'_, T, Self>) -> ArrayViewMut4<'_, T>;
}

macro_rules! image_axes {
    ($axes:ty, $view:ident => $four:expr) => {
        impl ImageAxes for $axes {
            fn four<T>($view: ArrayView<'_, T, Self>) -> ArrayView4<'_, T> {
                $four
            }

            fn four_mut<T>($view: ArrayViewMut<'_, T, Self>) -> ArrayViewMut4<'_, T> {
                $four
            }
        }
    };
}

image_axes!(Ix2, view => view.insert_axis(Axis(0)).insert_axis(Axis(3)));
image_axes!(Ix3, view => view.insert_axis(Axis(3)));
image_axes!(Ix4, view => view);

/// Restores every plane of `image` into a new array of the same shape, in standard (row-major) order.
///
/// # Errors
/// `InvalidArgument` for an array without elements; the errors of `stack::restore`.
pub fn restore<T: Sample, D: ImageAxes>(
    model: &Model,
    task: &Task,
    image: ArrayView<'_, T, D>,
    options: &RunOptions,
) -> Result<(Array<T, D>, Report)> {
    let mut pixels = Vec::new();
    resize(&mut pixels, image.len())?;
    let mut restored = Array::from_shape_vec(image.raw_dim(), pixels)
        .map_err(|e| Error::new(Status::Internal, format!("an array of {} elements: {e}", image.len())))?;
    let mut separate = Separate { source: D::four(image), target: D::four_mut(restored.view_mut()) };
    shape(&separate.source).check()?;
    let report = stack::restore(model, task, &mut separate, options)?;
    Ok((restored, report))
}

/// Restores every plane of `image` in place. Planes are written in order, each whole or not at all;
/// `task.planes_done()` counts them.
///
/// # Errors
/// As `restore`.
pub fn restore_in_place<T: Sample, D: ImageAxes>(
    model: &Model,
    task: &Task,
    image: ArrayViewMut<'_, T, D>,
    options: &RunOptions,
) -> Result<Report> {
    let mut pixels = InPlace(D::four_mut(image));
    shape(&pixels.0.view()).check()?;
    stack::restore(model, task, &mut pixels, options)
}

/// How sharp each plane is: larger is sharper, 0 is a constant plane. No model is needed.
///
/// # Errors
/// `InvalidArgument` for an array without elements; `OutOfMemory`.
pub fn focus_score<T: Sample, D: ImageAxes>(image: ArrayView<'_, T, D>) -> Result<Vec<f64>> {
    let image = Source(D::four(image));
    shape(&image.0).check()?;
    focus::score(&image, &Task::new())
}

fn shape<T>(image: &ArrayView4<'_, T>) -> Shape {
    let (planes, height, width, channels) = image.dim();
    Shape { width, height, channels, planes }
}

fn line<'a, T>(image: &ArrayView4<'a, T>, plane: usize, channel: usize, y: usize) -> ArrayView1<'a, T> {
    (*image).index_axis_move(Axis(0), plane).index_axis_move(Axis(0), y).index_axis_move(Axis(1), channel)
}

fn read<T: Sample>(line: ArrayView1<'_, T>, row: &mut [T]) {
    match line.as_slice() {
        Some(line) => row.copy_from_slice(line),
        None => row.iter_mut().zip(line).for_each(|(to, &from)| *to = from),
    }
}

fn write<T: Sample>(image: &mut ArrayViewMut4<'_, T>, plane: usize, channel: usize, y: usize, row: &[T]) {
    let image = image.view_mut().index_axis_move(Axis(0), plane).index_axis_move(Axis(0), y);
    let mut line = image.index_axis_move(Axis(1), channel);
    match line.as_slice_mut() {
        Some(line) => line.copy_from_slice(row),
        None => line.iter_mut().zip(row).for_each(|(to, &from)| *to = from),
    }
}

struct Source<'a, T>(ArrayView4<'a, T>);

impl<T: Sample> Rows<T> for Source<'_, T> {
    fn shape(&self) -> Shape {
        shape(&self.0)
    }

    fn read_row(&self, plane: usize, channel: usize, y: usize, row: &mut [T]) {
        read(line(&self.0, plane, channel, y), row);
    }
}

struct Separate<'a, 'b, T> {
    source: ArrayView4<'a, T>,
    target: ArrayViewMut4<'b, T>,
}

impl<T: Sample> Rows<T> for Separate<'_, '_, T> {
    fn shape(&self) -> Shape {
        shape(&self.source)
    }

    fn read_row(&self, plane: usize, channel: usize, y: usize, row: &mut [T]) {
        read(line(&self.source, plane, channel, y), row);
    }
}

impl<T: Sample> Planes<T> for Separate<'_, '_, T> {
    fn write_row(&mut self, plane: usize, channel: usize, y: usize, row: &[T]) {
        write(&mut self.target, plane, channel, y, row);
    }
}

struct InPlace<'a, T>(ArrayViewMut4<'a, T>);

impl<T: Sample> Rows<T> for InPlace<'_, T> {
    fn shape(&self) -> Shape {
        shape(&self.0.view())
    }

    fn read_row(&self, plane: usize, channel: usize, y: usize, row: &mut [T]) {
        read(line(&self.0.view(), plane, channel, y), row);
    }
}

impl<T: Sample> Planes<T> for InPlace<'_, T> {
    fn write_row(&mut self, plane: usize, channel: usize, y: usize, row: &[T]) {
        write(&mut self.0, plane, channel, y, row);
    }
}
