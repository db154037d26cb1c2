//! Restores one plane: normalises it into working memory, cuts tiles, runs the network, blends, writes the result.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::error::{Error, Result, Status};
use crate::image::blend;
use crate::image::frame::{resize, Planes, Sample, Shape};
use crate::image::normalise::{Range, Summary};
use crate::image::tile::{reflect, Plan};
use crate::network::session::Session;
use crate::restore::runner::{not_finite, Runner};
use crate::task::Task;

/// Working memory of a run, reused from plane to plane.
pub struct Buffers<T> {
    pub row: Vec<T>,
    old: Vec<T>,
    /// The plane, normalised and padded, `[channel][y][x]`; later the network's output.
    pub frame: Vec<f32>,
    /// The network's output, or the weighted sum of its tiles.
    result: Vec<f32>,
    /// The expected errors of `result`; empty where they are not wanted.
    pub errors: Vec<f32>,
    /// One tile of input; empty for whole frames.
    tile: Vec<f32>,
    /// For a device that takes integers, else empty: the padded pixels, and the restored ones.
    pixels: Vec<T>,
    restored: Vec<T>,
}

/// Working memory of earlier runs. Getting fresh memory from the system takes longer than the work that is done in it.
pub struct Spare {
    buffers: Mutex<Vec<Vec<f32>>>,
    most: usize,
}

impl Spare {
    /// Holds the buffers of up to `runs` runs, as many as can go on at once.
    pub fn new(runs: usize) -> Self {
        const BUFFERS_OF_A_RUN: usize = 3;
        Self { buffers: Mutex::default(), most: runs * BUFFERS_OF_A_RUN }
    }

    /// A buffer of `count` values with any content: the smallest spare one that is large enough, else a new one.
    fn take(&self, count: usize) -> Result<Vec<f32>> {
        if count == 0 {
            return Ok(Vec::new());
        }
        let mut buffers = self.buffers.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let fitting = buffers.iter().enumerate().filter(|(_, b)| b.capacity() >= count);
        let found = fitting.min_by_key(|(_, b)| b.capacity()).map(|(i, _)| i);
        let mut buffer = found.map(|i| buffers.swap_remove(i)).unwrap_or_default();
        drop(buffers);
        resize(&mut buffer, count)?;
        Ok(buffer)
    }

    /// Keeps a buffer; drops the smallest if there are too many.
    fn give_back(&self, buffer: Vec<f32>) {
        if buffer.capacity() == 0 {
            return;
        }
        let mut buffers = self.buffers.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        buffers.push(buffer);
        if buffers.len() > self.most {
            let smallest = buffers.iter().enumerate().min_by_key(|(_, b)| b.capacity()).map(|(i, _)| i);
            smallest.map(|i| buffers.swap_remove(i));
        }
    }
}

impl<T: Sample> Buffers<T> {
    /// Memory for one plane of `shape` under `plan`; `errors`: also for its expected errors. Errors: `OutOfMemory`.
    pub fn new(spare: &Spare, plan: &Plan, shape: Shape, errors: bool) -> Result<Self> {
        let frame = (plan.width * plan.height)
            .checked_mul(shape.channels)
            .ok_or_else(|| Error::new(Status::OutOfMemory, format!("a frame of {shape} is too large")))?;
        let tile = if plan.tile.is_some() { plan.largest_run() } else { 0 };
        let (mut row, mut old) = (Vec::new(), Vec::new());
        resize(&mut row, shape.width)?;
        resize(&mut old, shape.width)?;
        Ok(Self {
            row,
            old,
            frame: spare.take(frame)?,
            result: spare.take(frame)?,
            errors: spare.take(if errors { frame } else { 0 })?,
            tile: spare.take(tile)?,
            pixels: Vec::new(),
            restored: Vec::new(),
        })
    }

    /// Adapts the buffers to other tiles of the same frame. Errors: `OutOfMemory`.
    pub fn change_tiles(&mut self, plan: &Plan) -> Result<()> {
        resize(&mut self.tile, plan.largest_run())
    }

    /// Leaves the memory for the next run.
    pub fn give_back(self, spare: &Spare) {
        [self.tile, self.errors, self.result, self.frame].into_iter().for_each(|buffer| spare.give_back(buffer));
    }
}

/// Copies, and returns whether all values are finite. In chunks, so that the check finds the values in the cache.
fn copy_finite(to: &mut [f32], from: &[f32]) -> bool {
    to.chunks_mut(4096).zip(from.chunks(4096)).all(|(to, from)| {
        to.copy_from_slice(from);
        all_finite(from)
    })
}

fn all_finite(values: &[f32]) -> bool {
    // All exponent bits set means infinite or NaN. Integer arithmetic without an exit inside a chunk vectorises.
    const EXPONENT: u32 = 0x7f80_0000;
    values.chunks(4096).all(|chunk| !chunk.iter().fold(false, |bad, v| bad | (v.to_bits() & EXPONENT == EXPONENT)))
}

/// Writes a plane unchanged; a constant plane is restored to itself.
pub fn copy<T: Sample>(planes: &mut impl Planes<T>, plane: usize, row: &mut [T]) {
    let shape = planes.shape();
    for channel in 0..shape.channels {
        for y in 0..shape.height {
            planes.read_row(plane, channel, y, row);
            planes.write_row(plane, channel, y, row);
        }
    }
}

/// Fills `buffers.frame` with the network's input: normalised, non-finite values replaced by the median, padded.
pub fn load<T: Sample>(
    planes: &impl Planes<T>,
    plane: usize,
    range: Range,
    summary: &Summary,
    plan: &Plan,
    buffers: &mut Buffers<T>,
) {
    let shape = planes.shape();
    let scale = 1.0 / range.width();
    let median = ((summary.median - range.lo) * scale) as f32;
    for (channel, frame) in buffers.frame.chunks_exact_mut(plan.width * plan.height).enumerate() {
        for (y, to) in frame.chunks_exact_mut(plan.width).take(shape.height).enumerate() {
            planes.read_row(plane, channel, y, &mut buffers.row);
            let (inside, outside) = to.split_at_mut(shape.width);
            for (to, &value) in inside.iter_mut().zip(&buffers.row) {
                *to = value.normalised(range.lo, scale);
            }
            if summary.nonfinite > 0 {
                for (to, value) in inside.iter_mut().zip(&buffers.row) {
                    if !value.finite() {
                        *to = median;
                    }
                }
            }
            pad_row(inside, outside);
        }
        pad_rows(frame, shape.height, plan);
    }
}

/// Fills the padding right of a row by reflection.
fn pad_row<V: Copy>(inside: &[V], outside: &mut [V]) {
    for (x, to) in outside.iter_mut().enumerate() {
        *to = inside[reflect((inside.len() + x) as isize, inside.len())];
    }
}

/// Fills the padding below the `height` rows of a frame by reflection.
fn pad_rows<V: Copy>(frame: &mut [V], height: usize, plan: &Plan) {
    for y in height..plan.height {
        let from = reflect(y as isize, height) * plan.width;
        frame.copy_within(from..from + plan.width, y * plan.width);
    }
}

/// Replaces `buffers.frame` with the network's output, and fills `buffers.errors`.
///
/// Errors: those of `Runner::run`, after which `buffers.frame` is unchanged.
pub fn run<T: Sample>(runner: &mut Runner, plan: &Plan, buffers: &mut Buffers<T>) -> Result<()> {
    let area = plan.width * plan.height;
    let all = buffers.frame.len() / area;
    if plan.tile.is_some() {
        buffers.result.fill(0.0);
        buffers.errors.fill(0.0);
    }
    for first in (0..all).step_by(plan.batch) {
        let count = plan.batch.min(all - first);
        if plan.tile.is_some() {
            run_tiles(runner, plan, (first, count), buffers)?;
            continue;
        }
        let channels = first * area..(first + count) * area;
        let Buffers { frame, result, errors, .. } = buffers;
        runner.run((count, plan.height, plan.width), &frame[channels.clone()], |output| {
            if let (Some(found), false) = (output.error, errors.is_empty()) {
                errors[channels.clone()].copy_from_slice(found);
            }
            copy_finite(&mut result[channels], output.image)
        })?;
    }
    std::mem::swap(&mut buffers.frame, &mut buffers.result);
    Ok(())
}

/// All tiles of `count` channels from `first` on.
fn run_tiles<T: Sample>(
    runner: &mut Runner,
    plan: &Plan,
    (first, count): (usize, usize),
    buffers: &mut Buffers<T>,
) -> Result<()> {
    let area = plan.width * plan.height;
    let Buffers { frame, result, errors, tile, .. } = buffers;
    for row in &plan.rows {
        for column in &plan.columns {
            let size = column.length * row.length;
            let lines = (0..count).flat_map(|c| (row.start..row.start + row.length).map(move |y| (c, y)));
            for ((c, y), to) in lines.zip(tile.chunks_exact_mut(column.length)) {
                let from = (first + c) * area + y * plan.width + column.start;
                to.copy_from_slice(&frame[from..from + column.length]);
            }
            runner.run((count, row.length, column.length), &tile[..count * size], |output| {
                let blend = |into: &mut [f32], tiles: &[f32]| {
                    for (c, tile) in tiles.chunks_exact(size).enumerate() {
                        let channel = &mut into[(first + c) * area..(first + c + 1) * area];
                        blend::accumulate(channel, plan.width, tile, column, row);
                    }
                };
                blend(result, output.image);
                if let (Some(found), false) = (output.error, errors.is_empty()) {
                    blend(errors, found);
                }
                all_finite(output.image)
            })?;
        }
    }
    Ok(())
}

/// Checks that every result, mapped back, fits a 32-bit float pixel; integers saturate instead.
///
/// Errors: `Unsupported`.
pub fn check_fits<T: Sample>(buffers: &Buffers<T>, range: Range) -> Result<()> {
    if !T::PIXEL_TYPE.is_float() {
        return Ok(());
    }
    let largest = buffers.frame.iter().fold(0.0f32, |largest, v| largest.max(v.abs()));
    if f64::from(largest) * range.width() + range.lo.abs() <= f64::from(f32::MAX) {
        return Ok(());
    }
    Err(Error::new(
        Status::Unsupported,
        format!(
            "results of up to {largest} times the range {} to {} do not fit 32-bit floats; scale the image down",
            range.lo, range.hi
        ),
    ))
}

/// Maps `buffers.frame` back and writes the plane. It cannot fail, so a plane is never half written.
pub fn store<T: Sample>(
    planes: &mut impl Planes<T>,
    plane: usize,
    range: Range,
    keep_nonfinite: bool,
    plan: &Plan,
    buffers: &mut Buffers<T>,
) {
    let shape = planes.shape();
    for (channel, frame) in buffers.frame.chunks_exact(plan.width * plan.height).enumerate() {
        for (y, from) in frame.chunks_exact(plan.width).take(shape.height).enumerate() {
            for (to, &value) in buffers.row.iter_mut().zip(from) {
                *to = T::denormalised(value, range.width(), range.lo);
            }
            if keep_nonfinite {
                planes.read_row(plane, channel, y, &mut buffers.old);
                for (to, &old) in buffers.row.iter_mut().zip(&buffers.old) {
                    if !old.finite() {
                        *to = old;
                    }
                }
            }
            planes.write_row(plane, channel, y, &buffers.row);
        }
    }
}

/// Runs a whole plane of integers through a network on integers, into `buffers.restored`. Returns the time inside ONNX
/// Runtime.
///
/// Errors: those of `Session::run_integers`; `Model` for results that are not finite.
pub fn run_integers<T: Sample>(
    session: &Session,
    task: &Task,
    planes: &impl Planes<T>,
    plane: usize,
    range: Range,
    plan: &Plan,
    buffers: &mut Buffers<T>,
) -> Result<Duration> {
    let shape = planes.shape();
    let area = plan.width * plan.height;
    let (mut all, mut network) = (Vec::new(), Duration::ZERO);
    for first in (0..shape.channels).step_by(plan.batch) {
        let count = plan.batch.min(shape.channels - first);
        resize(&mut buffers.pixels, count * area)?;
        for (channel, frame) in buffers.pixels.chunks_exact_mut(area).enumerate() {
            for (y, to) in frame.chunks_exact_mut(plan.width).take(shape.height).enumerate() {
                let (inside, outside) = to.split_at_mut(shape.width);
                planes.read_row(plane, first + channel, y, inside);
                pad_row(inside, outside);
            }
            pad_rows(frame, shape.height, plan);
        }
        let started = Instant::now();
        let size = (count, plan.height, plan.width);
        let finite = session.run_integers(task, size, range, &buffers.pixels, &mut buffers.restored)?;
        network += started.elapsed();
        if !finite {
            return Err(not_finite());
        }
        // Collect all channels before anything is written.
        if count < shape.channels {
            all.try_reserve_exact(buffers.restored.len()).map_err(|_| {
                Error::new(Status::OutOfMemory, format!("no memory for the channels of a frame of {shape}"))
            })?;
            all.extend_from_slice(&buffers.restored);
        }
        task.run_done();
    }
    if !all.is_empty() {
        buffers.restored = all;
    }
    Ok(network)
}

/// Writes the result of `run_integers`.
pub fn store_integers<T: Sample>(planes: &mut impl Planes<T>, plane: usize, plan: &Plan, buffers: &Buffers<T>) {
    let shape = planes.shape();
    for (channel, frame) in buffers.restored.chunks_exact(plan.width * plan.height).enumerate() {
        for (y, row) in frame.chunks_exact(plan.width).take(shape.height).enumerate() {
            planes.write_row(plane, channel, y, &row[..shape.width]);
        }
    }
}
