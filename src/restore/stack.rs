//! A model and one stack in memory: normalise, cut, run, blend, map back, write each plane once.

use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use crate::control::Task;
use crate::device::{self, Placed};
use crate::error::{Error, Result, Status};
use crate::frame::{resize, Planes, Rows, Sample, Shape};
use crate::model::{self, Info};
use crate::normalise::{summarise, Accumulator, Range};
use crate::options::{Halo, Normalize, OpenOptions, RunOptions};
use crate::plane::{self, Buffers, Spare};
use crate::provider;
use crate::runtime::{self, Runtime};
use crate::tile::{Limits, Plan};

/// An opened model. It may be used from several threads.
pub struct Model {
    info: Info,
    placed: Placed,
    runtime: &'static Runtime,
    options: OpenOptions,
    threads: usize,
    spare: Spare,
    /// What went otherwise than planned in runs so far.
    notes: Mutex<Vec<String>>,
}

impl Model {
    /// More are not kept: each tells the same as one before.
    const MOST_NOTES: usize = 16;

    /// Opens a model file; `None` is the model inside the library.
    ///
    /// Errors: `NotFound`, `Io`, `Model`, `Runtime`; those about the file begin with its path.
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

    /// Opens a model from the bytes of an ONNX file. Errors: `Model`, `Runtime`.
    pub fn open_memory(bytes: &[u8], options: &OpenOptions) -> Result<Self> {
        let info = model::inspect(bytes)?;
        let runtime = runtime::load(options.runtime.as_deref())?;
        let threads = options.threads.unwrap_or_else(physical_cores);
        let runs = (physical_cores() / threads).max(1);
        let placed = device::open(runtime, bytes, options, threads, runs)?;
        Ok(Self {
            info,
            placed,
            runtime,
            options: options.clone(),
            threads,
            spare: Spare::new(runs),
            notes: Mutex::default(),
        })
    }

    /// For tests without a device: the network as it would run on one, in half precision or not, on the CPU.
    #[doc(hidden)]
    pub fn open_as_on_a_device(bytes: &[u8], options: &OpenOptions, half: bool) -> Result<Self> {
        let info = model::inspect(bytes)?;
        let runtime = runtime::load(options.runtime.as_deref())?;
        let threads = options.threads.unwrap_or_else(physical_cores);
        let placed = device::open_as_on_a_device(runtime, bytes, half, threads)?;
        Ok(Self {
            info,
            placed,
            runtime,
            options: options.clone(),
            threads,
            spare: Spare::new(1),
            notes: Mutex::default(),
        })
    }

    /// What the file says of itself, or what is assumed.
    pub fn info(&self) -> &Info {
        &self.info
    }

    /// Sentences on devices that were tried and do not work here; `describe` has them among its warnings.
    pub fn device_warnings(&self) -> &[String] {
        &self.placed.warnings
    }

    /// Keeps a sentence for `describe`, once.
    fn note(&self, sentence: String) {
        let mut notes = self.notes.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if notes.len() < Self::MOST_NOTES && !notes.contains(&sentence) {
            notes.push(sentence);
        }
    }

    /// What runs, and how: the keys that every host shows. Its warnings grow with what happens in runs.
    pub fn describe(&self) -> serde_json::Value {
        let notes = self.notes.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).clone();
        let warnings: Vec<_> = self.info.assumed.iter().chain(&self.placed.warnings).chain(&notes).collect();
        serde_json::json!({
            "name": self.info.name,
            "version": self.info.version,
            "sha256": self.info.sha256,
            "license": self.info.license,
            "description": self.info.description,
            "device": self.placed.device.to_string(),
            "device_requested": self.options.device.to_string(),
            "provider": provider::name(self.placed.device),
            "runtime_version": self.runtime.version,
            "runtime_path": self.runtime.path.display().to_string(),
            "precision": self.placed.precision,
            "threads": self.threads,
            "memory_mib": self.options.memory_mib,
            "tile": "auto",
            "halo": self.info.halo,
            "multiple": self.info.multiple,
            "percentiles": [self.info.percentiles.0, self.info.percentiles.1],
            "modalities": self.info.modalities,
            "pixel_size_um": self.info.pixel_size_um.map(|(low, high)| [low, high]),
            "warnings": warnings,
        })
    }

    /// A sentence if the image's sampling is outside what the model was trained for.
    pub fn pixel_size_warning(&self, pixel_size_um: f64) -> Option<String> {
        let (low, high) = self.info.pixel_size_um?;
        (pixel_size_um < low || pixel_size_um > high).then(|| {
            format!("pixel size {pixel_size_um} um: the model was trained for {low} to {high} um; look at the result with care")
        })
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
    /// Time inside ONNX Runtime, waiting for other threads' runs included.
    pub network: Duration,
    /// Sentences on what went otherwise than planned.
    pub warnings: Vec<String>,
}

impl Report {
    /// The keys that every host shows.
    pub fn describe(&self) -> serde_json::Value {
        serde_json::json!({
            "nonfinite": self.nonfinite,
            "constant_planes": self.constant_planes,
            "ranges": self.ranges.iter().map(|range| [range.lo, range.hi]).collect::<Vec<_>>(),
            "tile": self.tile,
            "halo": self.halo,
            "network_ms": self.network.as_secs_f64() * 1e3,
            "warnings": self.warnings,
        })
    }
}

/// Runs of the network for one plane of a shape, for a task's total. Errors: `BadOption`, `Model`.
pub fn runs_per_plane(model: &Model, shape: Shape, options: &RunOptions) -> Result<u64> {
    Ok(model.plan(shape, options)?.runs(shape.channels))
}

/// Takes all values of all planes into an accumulator: one pass. Errors: `Cancelled`, `OutOfMemory`.
pub fn accumulate<T: Sample>(accumulator: &mut Accumulator<T>, planes: &impl Rows<T>, task: &Task) -> Result<()> {
    let shape = planes.shape();
    let mut row = Vec::new();
    resize(&mut row, shape.width)?;
    for plane in 0..shape.planes {
        task.check()?;
        accumulate_plane(accumulator, planes, plane, &mut row);
    }
    Ok(())
}

fn accumulate_plane<T: Sample>(accumulator: &mut Accumulator<T>, planes: &impl Rows<T>, plane: usize, row: &mut [T]) {
    let shape = planes.shape();
    for channel in 0..shape.channels {
        for y in 0..shape.height {
            planes.read_row(plane, channel, y, row);
            accumulator.add(row);
        }
    }
}

/// The plan with the next smaller tiles that ask less of the network at once; `error` if there are none.
fn smaller(model: &Model, plan: &Plan, shape: Shape, options: &RunOptions, error: Error) -> Result<Plan> {
    let mut next = plan.clone();
    while let Some(tile) = next.halved() {
        next = model.plan(shape, &RunOptions { tile: Some(tile), ..options.clone() })?;
        next.batch = next.batch.min(plan.batch);
        // Where the halo is most of a tile, half the tile may be no less.
        if next.largest_run() < plan.largest_run() {
            return Ok(next);
        }
    }
    Err(error)
}

/// Restores every plane. Each is written whole or not at all, in order; `task` tells how many are.
///
/// Where the network gets no memory for a frame or tile, the tile is halved, down to 64 pixels; the report's warnings tell.
///
/// Errors: `BadOption`, `OutOfMemory`, `Cancelled`, `Model` (non-finite results), `Unsupported` (results beyond 32-bit floats).
pub fn restore<T: Sample>(
    model: &Model,
    task: &Task,
    planes: &mut impl Planes<T>,
    options: &RunOptions,
) -> Result<Report> {
    let shape = planes.shape();
    let mut plan = model.plan(shape, options)?;
    task.expect(plan.runs(shape.channels) * shape.planes as u64);
    task.check()?;
    if let Some(warning) = options.pixel_size_um.and_then(|size| model.pixel_size_warning(size)) {
        model.note(warning);
    }
    let (low, high) = model.info.percentiles;
    let fixed = match options.normalize {
        Normalize::Frame => None,
        Normalize::Fixed(range) | Normalize::Measured(range) => Some(range),
        Normalize::Stack => {
            let summary = summarise(low, high, |a| accumulate(a, planes, task))?;
            Some(summary).filter(|s| !s.constant).map(|s| s.range)
        }
    };
    let mut report = Report { tile: plan.tile, halo: model.halo(options)?, ..Report::default() };
    let mut buffers = Buffers::new(&model.spare, &plan, shape)?;
    for plane in 0..shape.planes {
        task.check()?;
        let summary = summarise(low, high, |a| {
            accumulate_plane(a, planes, plane, &mut buffers.row);
            Ok(())
        })?;
        // A host whose pixels could not be read has cancelled: what it gave instead is not to be written.
        task.check()?;
        let range = fixed.unwrap_or(summary.range);
        report.nonfinite += summary.nonfinite;
        report.ranges.push(range);
        if summary.constant {
            report.constant_planes += 1;
            task.runs_skipped(plan.runs(shape.channels));
            plane::copy(planes, plane, &mut buffers.row);
        } else {
            if let Normalize::Fixed(range) = options.normalize {
                range.check_width(summary.range)?;
            }
            let mut loaded = false;
            let context = |e: Error| if shape.planes > 1 { e.context(format!("plane {plane}")) } else { e };
            loop {
                let network = &mut report.network;
                let done = match model.placed.integers(T::PIXEL_TYPE).filter(|_| plan.tile.is_none()) {
                    Some(session) => plane::run_integers(session, task, planes, plane, range, &plan, &mut buffers)
                        .map(|inside| *network += inside),
                    None => {
                        if !std::mem::replace(&mut loaded, true) {
                            plane::load(planes, plane, range, &summary, &plan, &mut buffers);
                        }
                        plane::run(&model.placed.session, task, &plan, shape, &mut buffers, network)
                    }
                };
                match done {
                    Err(error) if error.status() == Status::OutOfMemory => {
                        // What the network saw is still there: it is replaced only by a complete result.
                        plan = smaller(model, &plan, shape, options, error).map_err(context)?;
                        buffers.cut_anew(&plan).map_err(context)?;
                        let place = if shape.planes > 1 { format!(" at plane {plane}") } else { String::new() };
                        let tile = plan.tile.unwrap_or_default();
                        let told = format!("in tiles of {tile}; tile={tile} spares the attempt");
                        model.note(format!("out of memory on {}x{}: {told}", shape.width, shape.height));
                        report.warnings.push(format!("out of memory{place}: from here on {told}"));
                        report.tile = plan.tile;
                        let to_come = plan.runs(shape.channels) * (shape.planes - plane) as u64;
                        task.expect(task.progress().0 + to_come);
                    }
                    done => break done.map_err(context)?,
                }
            }
            if loaded {
                plane::check_fits(&buffers, range).map_err(context)?;
                plane::store(planes, plane, range, summary.nonfinite > 0, &plan, &mut buffers);
            } else {
                plane::store_integers(planes, plane, &plan, &buffers);
            }
        }
        task.plane_done();
    }
    buffers.give_back(&model.spare);
    Ok(report)
}
