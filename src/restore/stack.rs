//! Restores a stack in memory: normalise, cut, run, blend, map back, write each plane once.

use std::time::Duration;

use crate::error::{Error, Result, Status};
use crate::image::frame::{resize, Planes, Rows, Sample, Shape};
use crate::image::normalise::{summarise, Accumulator, Range, Summary};
use crate::image::tile::Plan;
use crate::optics::scope::Scope;
use crate::restore::model::Model;
use crate::restore::options::{ErrorMap, Normalize, RunOptions};
use crate::restore::plane::{self, Buffers};
use crate::restore::report::Report;
use crate::restore::runner::Runner;
use crate::restore::{blur, errors};
use crate::task::Task;

/// Network runs for one plane, for a task's total. Errors: `BadOption`, `Model`.
pub fn runs_per_plane(model: &Model, shape: Shape, options: &RunOptions) -> Result<u64> {
    Ok(model.plan(shape, options)?.runs(shape.channels))
}

/// Adds all values of all planes to an accumulator, in one pass. Errors: `Cancelled`, `OutOfMemory`.
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

/// The plan with the next smaller tiles that need less memory; `error` if there are none.
fn smaller(model: &Model, plan: &Plan, shape: Shape, options: &RunOptions, error: Error) -> Result<Plan> {
    let mut next = plan.clone();
    while let Some(tile) = next.halved() {
        next = model.plan(shape, &RunOptions { tile: Some(tile), ..options.clone() })?;
        next.batch = next.batch.min(plan.batch);
        // Where the halo is most of a tile, half the tile may need no less.
        if next.largest_run() < plan.largest_run() {
            return Ok(next);
        }
    }
    Err(error)
}

/// Restores every plane, in order, each written whole or not at all; `task.planes_done()` counts them.
///
/// If the network runs out of memory on a frame or tile, tiles are halved, down to 64 pixels, with a warning in the
/// report.
///
/// Errors: `BadOption`, `OutOfMemory`, `Cancelled`, `Device`, `Model` (also for non-finite results), `Unsupported`
/// (results beyond 32-bit floats).
pub fn restore<T: Sample>(
    model: &Model,
    task: &Task,
    planes: &mut impl Planes<T>,
    options: &RunOptions,
) -> Result<Report> {
    let shape = planes.shape();
    let plan = model.plan(shape, options)?;
    task.expect(plan.runs(shape.channels) * shape.planes as u64);
    task.check()?;
    if let Some(warning) = options.pixel_size_um.and_then(|size| model.pixel_size_warning(size)) {
        model.note(warning);
    }
    let range = match options.normalize {
        Normalize::Frame => None,
        Normalize::Fixed(range) | Normalize::Measured(range) => Some(range),
        Normalize::Stack => Some(summary(model, task, planes)?).filter(|s| !s.constant).map(|s| s.range),
    };
    let scope = blur::scope(model, options)?;
    if let Some(warning) = scope.as_ref().and_then(|scope| blur::range_warning(scope, options)) {
        model.note(warning);
    }
    let error_factor = error_factor(model, options)?;
    let report = Report {
        tile: plan.tile,
        halo: model.halo(options)?,
        errors: error_factor.map(|_| Vec::new()),
        ..Report::default()
    };
    let buffers = Buffers::new(model.spare(), &plan, shape, error_factor.is_some())?;
    let mut run = Run { model, task, options, shape, range, scope, error_factor, plan, buffers, report };
    for plane in 0..shape.planes {
        task.check()?;
        let context = |e: Error| if shape.planes > 1 { e.context(format!("plane {plane}")) } else { e };
        run.plane(planes, plane, context)?;
        task.plane_done();
    }
    run.buffers.give_back(model.spare());
    Ok(run.report)
}

/// What the network's expected errors are multiplied with, where they are wanted.
///
/// Errors: `BadOption` for a model without a trust map, and for a file.
pub(super) fn error_factor(model: &Model, options: &RunOptions) -> Result<Option<f64>> {
    match &options.error_map {
        ErrorMap::Off => Ok(None),
        ErrorMap::On => model.error_factor(options.optics.light).map(Some),
        ErrorMap::File(path) => Err(Error::new(
            Status::BadOption,
            format!("error_map={}: pixels in memory have no file beside them; expected on", path.display()),
        )),
    }
}

/// The summary for `normalize=stack`: over all finite values of all planes, with the model's percentiles.
///
/// Errors: `Cancelled`, `OutOfMemory`; `InvalidArgument` if the pixels changed meanwhile.
pub fn summary<T: Sample>(model: &Model, task: &Task, planes: &impl Rows<T>) -> Result<Summary> {
    let (low, high) = model.info().percentiles;
    summarise(low, high, |accumulator| accumulate(accumulator, planes, task))
}

/// The state of one call of `restore`.
struct Run<'a, T> {
    model: &'a Model,
    task: &'a Task,
    options: &'a RunOptions,
    shape: Shape,
    /// One range for all planes; `None`: each plane's own.
    range: Option<Range>,
    /// The microscope, where the user tells it.
    scope: Option<Scope>,
    /// What expected errors are multiplied with, where they are wanted.
    error_factor: Option<f64>,
    plan: Plan,
    buffers: Buffers<T>,
    report: Report,
}

impl<T: Sample> Run<'_, T> {
    /// Restores one plane. `context` names it in errors of the network.
    fn plane(
        &mut self,
        planes: &mut impl Planes<T>,
        plane: usize,
        context: impl Fn(Error) -> Error + Copy,
    ) -> Result<()> {
        let (low, high) = self.model.info().percentiles;
        let summary = summarise(low, high, |a| {
            accumulate_plane(a, planes, plane, &mut self.buffers.row);
            Ok(())
        })?;
        // A host that fails to read its pixels cancels the task: the values it returned instead must not be written.
        self.task.check()?;
        let range = self.range.unwrap_or(summary.range);
        self.report.nonfinite += summary.nonfinite;
        self.report.ranges.push(range);
        if summary.constant {
            self.report.constant_planes += 1;
            self.report.blurs.push(None);
            self.task.runs_skipped(self.plan.runs(self.shape.channels));
            if let Some(errors) = &mut self.report.errors {
                errors::append_none(planes, plane, &mut self.buffers.row, errors)?;
            }
            plane::copy(planes, plane, &mut self.buffers.row);
            return Ok(());
        }
        if let Normalize::Fixed(range) = self.options.normalize {
            range.check_width(summary.range)?;
        }
        let mut work = Work { plane, range, summary, loaded: false, condition: None };
        while let Err(error) = self.network(planes, &mut work) {
            if error.status() != Status::OutOfMemory {
                return Err(context(error));
            }
            // The network's input is still there: only a complete result replaces it.
            self.use_smaller_tiles(plane, error).map_err(context)?;
        }
        self.store(planes, &work).map_err(context)
    }

    /// One attempt to run the network on a plane, in the tiles of the current plan.
    fn network(&mut self, planes: &impl Planes<T>, work: &mut Work) -> Result<()> {
        let Self { model, task, plan, buffers, report, .. } = self;
        let network = model.network();
        if let Some(session) = network.integers(T::PIXEL_TYPE).filter(|_| plan.tile.is_none() && plan.passes == 1) {
            report.network += plane::run_integers(session, task, planes, work.plane, work.range, plan, buffers)?;
            report.blurs.push(None);
            return Ok(());
        }
        if !work.loaded {
            plane::load(planes, work.plane, work.range, &work.summary, plan, buffers);
            work.loaded = true;
        }
        if work.condition.is_none() {
            work.condition = Some(self.condition()?);
        }
        let Self { model, task, plan, buffers, report, .. } = self;
        let condition = work.condition.as_deref().unwrap_or_default();
        let (session, turns) = (&network.session, model.turns());
        let mut runner = Runner { session, task, condition, turns, network: Duration::ZERO };
        let done = plane::run(&mut runner, plan, buffers);
        report.network += runner.network;
        done
    }

    /// What is known of the blur of the plane in the buffers; empty where the network takes no condition.
    fn condition(&mut self) -> Result<Vec<f32>> {
        let Some(estimator) = &self.model.network().estimator else {
            self.report.blurs.push(None);
            return Ok(Vec::new());
        };
        let frequencies = &self.model.info().frequencies;
        let told = self.scope.as_ref().map(|scope| (scope, self.options.optics.defocus_um));
        let frame = &self.buffers.frame;
        let found = blur::of_frame(estimator, frequencies, told, self.task, &self.plan, frame)?;
        self.report.blurs.push(Some(found.blur));
        self.report.warnings.extend(found.warning);
        Ok(found.condition)
    }

    /// Changes to smaller tiles from this plane on, with a warning; `error` if there are none.
    fn use_smaller_tiles(&mut self, plane: usize, error: Error) -> Result<()> {
        self.plan = smaller(self.model, &self.plan, self.shape, self.options, error)?;
        self.buffers.change_tiles(&self.plan)?;
        let Shape { width, height, channels, planes } = self.shape;
        let tile = self.plan.tile.unwrap_or_default();
        let advice = format!("in tiles of {tile}; tile={tile} spares the attempt");
        self.model.note(format!("out of memory on {width}x{height}: {advice}"));
        let place = if planes > 1 { format!(" at plane {plane}") } else { String::new() };
        self.report.warnings.push(format!("out of memory{place}: from here on {advice}"));
        self.report.tile = self.plan.tile;
        let to_come = self.plan.runs(channels) * (planes - plane) as u64;
        self.task.expect(self.task.progress().0 + to_come);
        Ok(())
    }

    /// Maps the result back and writes it.
    fn store(&mut self, planes: &mut impl Planes<T>, work: &Work) -> Result<()> {
        if work.loaded {
            plane::check_fits(&self.buffers, work.range)?;
            if let (Some(errors), Some(factor)) = (&mut self.report.errors, self.error_factor) {
                let unit = factor * work.range.width();
                errors::append(planes, work.plane, unit, &self.plan, &mut self.buffers, errors)?;
            }
            let keep_nonfinite = work.summary.nonfinite > 0;
            plane::store(planes, work.plane, work.range, keep_nonfinite, &self.plan, &mut self.buffers);
        } else {
            plane::store_integers(planes, work.plane, &self.plan, &self.buffers);
        }
        Ok(())
    }
}

/// The plane that the network runs on.
struct Work {
    plane: usize,
    range: Range,
    summary: Summary,
    /// Whether the plane is normalised in the buffers; a network on integers takes the pixels as they are.
    loaded: bool,
    /// What is known of its blur, once it is.
    condition: Option<Vec<f32>>,
}
