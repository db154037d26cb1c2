//! A model and one stack in memory: normalise, cut, run, blend, map back, write each plane once.

use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::blend;
use crate::control::Task;
use crate::error::{Error, Result, Status};
use crate::frame::{Planes, Sample, Shape};
use crate::model::{self, Info};
use crate::normalise::{Accumulator, Range, Summary};
use crate::options::{Device, Halo, Normalize, OpenOptions, RunOptions};
use crate::runtime::{self, Runtime};
use crate::session::Session;
use crate::tile::{reflect, Limits, Plan};

/// An opened model. It may be used from several threads.
pub struct Model {
    info: Info,
    session: Session,
    runtime: &'static Runtime,
    options: OpenOptions,
    threads: usize,
    /// Working memory of earlier runs: fresh memory costs more time than all that is done in it.
    idle: Mutex<Vec<Vec<f32>>>,
}

impl Model {
    /// Opens a model file; `None` is the model inside the library.
    ///
    /// Errors: `NotFound`, `Io`, `Model`, `Runtime`; messages begin with the path.
    pub fn open(path: Option<&Path>, options: &OpenOptions) -> Result<Self> {
        match path {
            None => Self::open_memory(model::DEFAULT, options),
            Some(path) => {
                let bytes = model::read_file(path)?;
                let context = |e: Error| if e.status() == Status::Model { e.context(path.display()) } else { e };
                Self::open_memory(&bytes, options).map_err(context)
            }
        }
    }

    /// Opens a model from the bytes of an ONNX file.
    pub fn open_memory(bytes: &[u8], options: &OpenOptions) -> Result<Self> {
        let info = model::inspect(bytes)?;
        let runtime = runtime::load(options.runtime.as_deref())?;
        let threads = options.threads.unwrap_or_else(physical_cores);
        let session = Session::new(runtime, bytes, threads)?;
        // A small probe, not square: a graph that fits on paper may still fail or change the shape.
        let (height, width) = (2 * info.multiple, 3 * info.multiple);
        let probe: Vec<f32> = (0..height * width).map(|i| (i % 7) as f32 / 7.0).collect();
        session.run(&Task::new(), (1, height, width), &probe, |_| ()).map_err(|e| {
            Error::new(Status::Model, format!("a probe run on {width}x{height} pixels failed: {}", e.message()))
        })?;
        Ok(Self { info, session, runtime, options: options.clone(), threads, idle: Mutex::default() })
    }

    pub fn info(&self) -> &Info {
        &self.info
    }

    /// What runs, and how: the keys that every host shows.
    pub fn describe(&self) -> serde_json::Value {
        serde_json::json!({
            "name": self.info.name,
            "version": self.info.version,
            "sha256": self.info.sha256,
            "license": self.info.license,
            "description": self.info.description,
            "device": "cpu",
            "device_requested": match self.options.device { Device::Auto => "auto", Device::Cpu => "cpu" },
            "provider": "CPUExecutionProvider",
            "runtime_version": self.runtime.version,
            "runtime_path": self.runtime.path.display().to_string(),
            "precision": "fp32",
            "threads": self.threads,
            "memory_mib": self.options.memory_mib,
            "tile": "auto",
            "halo": self.info.halo,
            "multiple": self.info.multiple,
            "percentiles": [self.info.percentiles.0, self.info.percentiles.1],
            "modalities": self.info.modalities,
            "pixel_size_um": self.info.pixel_size_um.map(|(low, high)| [low, high]),
            "warnings": self.info.assumed,
        })
    }

    /// A sentence if the image's sampling is outside what the model was trained for.
    pub fn pixel_size_warning(&self, pixel_size_um: f64) -> Option<String> {
        let (low, high) = self.info.pixel_size_um?;
        (pixel_size_um < low || pixel_size_um > high).then(|| {
            format!("pixel size {pixel_size_um} um: the model was trained for {low} to {high} um; look at the result with care")
        })
    }

    /// A buffer of `count` values, zero or left from an earlier run.
    fn buffer(&self, count: usize) -> Result<Vec<f32>> {
        let idle = self.idle.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).pop();
        let mut buffer = idle.filter(|b| b.capacity() >= count).unwrap_or_default();
        grow(&mut buffer, count)?;
        Ok(buffer)
    }

    fn give_back(&self, buffer: Vec<f32>) {
        let mut idle = self.idle.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if idle.len() < IDLE {
            idle.push(buffer);
        }
    }

    fn halo(&self, options: &RunOptions) -> Result<usize> {
        match options.halo {
            Halo::Auto => Ok(self.info.halo),
            Halo::Pixels(halo) => Ok(halo),
            Halo::Exact if self.info.assumed.is_empty() => Ok(model::EXACT_HALO),
            Halo::Exact => Err(Error::new(
                Status::BadOption,
                "halo=exact: the receptive field of a foreign model is not known; give it in pixels".to_owned(),
            )),
        }
    }

    fn plan(&self, shape: Shape, options: &RunOptions) -> Result<Plan> {
        let limits = Limits {
            memory_bytes: self.options.memory_mib << 20,
            bytes_per_pixel: self.info.bytes_per_pixel,
            multiple: self.info.multiple,
        };
        Plan::new(shape.width, shape.height, shape.channels, options.tile, self.halo(options)?, limits)
    }
}

/// Threads that share a core slow the network down rather than up.
fn physical_cores() -> usize {
    let allowed = std::thread::available_parallelism().map_or(1, usize::from);
    num_cpus::get_physical().clamp(1, allowed)
}

/// What was done.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// Samples that were not finite and came back as they were.
    pub nonfinite: u64,
    /// Planes that were constant and came back as they were.
    pub constant_planes: u64,
    /// Input values that the network saw as 0 and 1, a pair for each plane.
    pub ranges: Vec<Range>,
    /// Side that a tile contributed; `None` for whole frames.
    pub tile: Option<usize>,
    /// Context around a tile; meaningless for whole frames.
    pub halo: usize,
    /// Time inside ONNX Runtime.
    pub network: Duration,
}

/// Runs of the network for one plane of a shape, for a task's total.
pub fn runs_per_plane(model: &Model, shape: Shape, options: &RunOptions) -> Result<u64> {
    Ok(model.plan(shape, options)?.runs(shape.channels))
}

/// Takes all values of all planes into an accumulator: one pass.
pub fn accumulate<T: Sample>(accumulator: &mut Accumulator<T>, planes: &impl Planes<T>, task: &Task) -> Result<()> {
    let shape = planes.shape();
    let mut row = vec![T::default(); shape.width];
    for plane in 0..shape.planes {
        task.check()?;
        accumulate_plane(accumulator, planes, plane, &mut row);
    }
    Ok(())
}

fn accumulate_plane<T: Sample>(accumulator: &mut Accumulator<T>, planes: &impl Planes<T>, plane: usize, row: &mut [T]) {
    let shape = planes.shape();
    for channel in 0..shape.channels {
        for y in 0..shape.height {
            planes.read_row(plane, channel, y, row);
            accumulator.add(row);
        }
    }
}

/// Restores every plane. Each is written whole or not at all, in order; `task` tells how many are.
///
/// Errors: `BadOption`, `OutOfMemory`, `Cancelled`, `Model` (non-finite results).
pub fn restore<T: Sample>(
    model: &Model,
    task: &Task,
    planes: &mut impl Planes<T>,
    options: &RunOptions,
) -> Result<Report> {
    let shape = planes.shape();
    let plan = model.plan(shape, options)?;
    let runs = plan.runs(shape.channels);
    task.expect(runs * shape.planes as u64);
    task.check()?;
    let (low, high) = model.info.percentiles;
    let fixed = match options.normalize {
        Normalize::Frame => None,
        Normalize::Fixed(range) => Some(range),
        Normalize::Stack => {
            let mut accumulator = Accumulator::new(low, high);
            accumulate(&mut accumulator, planes, task)?;
            if accumulator.another_pass() {
                accumulate(&mut accumulator, planes, task)?;
            }
            Some(accumulator.summary()).filter(|s| !s.constant).map(|s| s.range)
        }
    };
    let mut report = Report { tile: plan.tile, halo: model.halo(options)?, ..Report::default() };
    let mut buffers = Buffers::new(model, &plan, shape)?;
    for plane in 0..shape.planes {
        task.check()?;
        let mut accumulator = Accumulator::new(low, high);
        accumulate_plane(&mut accumulator, planes, plane, &mut buffers.row);
        if accumulator.another_pass() {
            accumulate_plane(&mut accumulator, planes, plane, &mut buffers.row);
        }
        let summary = accumulator.summary();
        let range = fixed.unwrap_or(summary.range);
        report.nonfinite += summary.nonfinite;
        report.ranges.push(range);
        if summary.constant {
            report.constant_planes += 1;
            task.runs_skipped(runs);
            copy_plane(planes, plane, &mut buffers.row);
        } else {
            load_plane(planes, plane, range, &summary, &plan, &mut buffers);
            run_plane(model, task, &plan, shape, &mut buffers, &mut report.network).map_err(|e| {
                if shape.planes > 1 {
                    e.context(format!("plane {plane}"))
                } else {
                    e
                }
            })?;
            store_plane(planes, plane, range, summary.nonfinite > 0, &plan, &mut buffers);
        }
        task.plane_done();
    }
    let Buffers { frame, result, tile, .. } = buffers;
    [tile, result, frame].into_iter().for_each(|buffer| model.give_back(buffer));
    Ok(report)
}

/// Working memory of a run, reused from plane to plane.
struct Buffers<T> {
    row: Vec<T>,
    old: Vec<T>,
    /// Normalised and padded, `[channel][y][x]`; replaced by the network's output.
    frame: Vec<f32>,
    /// The network's output, or the weighted sum of its tiles.
    result: Vec<f32>,
    /// One tile of input; empty for whole frames.
    tile: Vec<f32>,
}

/// Buffers kept between runs: those of one run.
const IDLE: usize = 3;

fn grow<T: Copy + Default>(buffer: &mut Vec<T>, count: usize) -> Result<()> {
    buffer.truncate(count);
    buffer.try_reserve_exact(count - buffer.len()).map_err(|_| {
        let bytes = count.saturating_mul(std::mem::size_of::<T>());
        Error::new(Status::OutOfMemory, format!("no memory for a buffer of {bytes} bytes: the frame is too large here"))
    })?;
    buffer.resize(count, T::default());
    Ok(())
}

fn row<T: Copy + Default>(count: usize) -> Result<Vec<T>> {
    let mut row = Vec::new();
    grow(&mut row, count)?;
    Ok(row)
}

impl<T: Sample> Buffers<T> {
    fn new(model: &Model, plan: &Plan, shape: Shape) -> Result<Self> {
        let frame = (plan.width * plan.height)
            .checked_mul(shape.channels)
            .ok_or_else(|| Error::new(Status::OutOfMemory, format!("a frame of {shape} is too large")))?;
        let largest = |spans: &[crate::tile::Span]| spans.iter().map(|s| s.length).max().unwrap_or(0);
        let tile = match plan.tile {
            None => 0,
            Some(_) => plan.batch * largest(&plan.columns) * largest(&plan.rows),
        };
        Ok(Self {
            row: row(shape.width)?,
            old: row(shape.width)?,
            frame: model.buffer(frame)?,
            result: model.buffer(frame)?,
            tile: model.buffer(tile)?,
        })
    }
}

/// Copies and tells whether all values are finite: an estimate with holes is none. In chunks that stay in the cache.
fn copy_finite(to: &mut [f32], from: &[f32]) -> bool {
    to.chunks_mut(4096).zip(from.chunks(4096)).all(|(to, from)| {
        to.copy_from_slice(from);
        all_finite(from)
    })
}

fn all_finite(values: &[f32]) -> bool {
    // Integer arithmetic and no exit within a chunk: this vectorises. All exponent bits set: infinite or NaN.
    const EXPONENT: u32 = 0x7f80_0000;
    values.chunks(4096).all(|chunk| !chunk.iter().fold(false, |bad, v| bad | (v.to_bits() & EXPONENT == EXPONENT)))
}

fn not_finite() -> Error {
    Error::new(
        Status::Model,
        "the network returned values that are not finite; expected none: the frame may have values far outside its \
         percentiles (set normalize=LO:HI), or the model is damaged",
    )
}

fn copy_plane<T: Sample>(planes: &mut impl Planes<T>, plane: usize, row: &mut [T]) {
    let shape = planes.shape();
    for channel in 0..shape.channels {
        for y in 0..shape.height {
            planes.read_row(plane, channel, y, row);
            planes.write_row(plane, channel, y, row);
        }
    }
}

/// Fills `buffers.frame` with what the network sees.
fn load_plane<T: Sample>(
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
            for (x, to) in outside.iter_mut().enumerate() {
                *to = inside[reflect((shape.width + x) as isize, shape.width)];
            }
        }
        for y in shape.height..plan.height {
            let from = reflect(y as isize, shape.height) * plan.width;
            frame.copy_within(from..from + plan.width, y * plan.width);
        }
    }
}

/// Replaces `buffers.frame` by the network's output.
fn run_plane<T: Sample>(
    model: &Model,
    task: &Task,
    plan: &Plan,
    shape: Shape,
    buffers: &mut Buffers<T>,
    network: &mut Duration,
) -> Result<()> {
    let area = plan.width * plan.height;
    if plan.tile.is_some() {
        buffers.result.fill(0.0);
    }
    for first in (0..shape.channels).step_by(plan.batch) {
        let count = plan.batch.min(shape.channels - first);
        let channels = first * area..(first + count) * area;
        if plan.tile.is_none() {
            let started = Instant::now();
            let size = (count, plan.height, plan.width);
            let result = &mut buffers.result[channels.clone()];
            let finite = model.session.run(task, size, &buffers.frame[channels], |output| {
                *network += started.elapsed();
                copy_finite(result, output)
            })?;
            if !finite {
                return Err(not_finite());
            }
            task.run_done();
            continue;
        }
        for row in &plan.rows {
            for column in &plan.columns {
                let size = column.length * row.length;
                let lines = (0..count).flat_map(|c| (row.start..row.start + row.length).map(move |y| (c, y)));
                for ((c, y), to) in lines.zip(buffers.tile.chunks_exact_mut(column.length)) {
                    let from = (first + c) * area + y * plan.width + column.start;
                    to.copy_from_slice(&buffers.frame[from..from + column.length]);
                }
                let input = &buffers.tile[..count * size];
                let result = &mut buffers.result;
                let started = Instant::now();
                let finite = model.session.run(task, (count, row.length, column.length), input, |output| {
                    *network += started.elapsed();
                    for (c, tile) in output.chunks_exact(size).enumerate() {
                        let frame = &mut result[(first + c) * area..(first + c + 1) * area];
                        blend::accumulate(frame, plan.width, tile, column, row);
                    }
                    all_finite(output)
                })?;
                if !finite {
                    return Err(not_finite());
                }
                task.run_done();
            }
        }
    }
    std::mem::swap(&mut buffers.frame, &mut buffers.result);
    Ok(())
}

fn store_plane<T: Sample>(
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
