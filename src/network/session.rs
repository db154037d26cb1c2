//! One inference session: the only options that runs the network.

use std::any::Any;
use std::sync::Arc;

use ort::memory::{AllocationDevice, Allocator, AllocatorType, MemoryInfo, MemoryType};
use ort::session::{RunOptions, Session as OrtSession};
use ort::value::{PrimitiveTensorElementType, Tensor, TensorElementType, TensorRef, ValueType};

use crate::error::{Error, Result, Status};
use crate::image::frame::{resize, PixelType, Sample};
use crate::image::normalise::Range;
use crate::network::device::Device;
use crate::network::pool::Pool;
use crate::network::runtime::Runtime;
use crate::onnx::edit::names;
use crate::task::Task;

/// How sessions of a network are made.
#[derive(Clone, Copy)]
pub struct SessionOptions {
    /// Never `Auto`.
    pub device: Device,
    /// Threads of one run, on the CPU.
    pub threads: usize,
    /// Runs that may go on at once.
    pub runs: usize,
}

/// A network that is ready to run, by several threads at once.
pub struct Session {
    /// ONNX Runtime's sessions run one batch at a time.
    sessions: Pool<OrtSession>,
    device: Device,
    input: String,
    output: String,
}

fn wrong(found: impl std::fmt::Display) -> Error {
    Error::new(Status::Model, found.to_string())
}

/// Refuses anything but float32 `[N, 1, H, W]` with free N, H and W.
fn check(kind: &str, outlets: &[ort::value::Outlet]) -> Result<String> {
    let [outlet] = outlets else {
        return Err(wrong(format!("the network has {} {kind}s; expected one", outlets.len())));
    };
    let expected = "expected float32 [N, 1, H, W] with free N, H and W";
    match outlet.dtype() {
        // Some exporters leave an output's shape open; what comes out is checked at every run.
        ValueType::Tensor { ty: TensorElementType::Float32, shape, .. }
            if matches!(shape[..], [-1, 1, -1, -1])
                || (kind == "output" && matches!(shape[..], [-1, 1 | -1, -1, -1])) =>
        {
            Ok(outlet.name().to_owned())
        }
        other => Err(wrong(format!("{kind} '{}' is {}; {expected}", outlet.name(), shown(other)))),
    }
}

fn shown(value: &ValueType) -> String {
    match value {
        ValueType::Tensor { ty, shape, .. } => {
            let sizes: Vec<_> = shape.iter().map(|&n| if n < 0 { "?".to_owned() } else { n.to_string() }).collect();
            format!("{ty} [{}]", sizes.join(", "))
        }
        other => format!("{other:?}"),
    }
}

fn make(runtime: &Runtime, bytes: &[u8], options: SessionOptions) -> Result<OrtSession> {
    let made = || -> ort::Result<OrtSession> {
        let builder = OrtSession::builder(&runtime.environment)?
            .with_intra_threads(options.threads)?
            // Planned from the first run, a block for all tensors would come on top of what that run had allocated:
            // measured at 2048x2048, base width 16: 906 bytes a pixel with, 526 without, and no faster.
            .with_memory_pattern(false)?;
        options.device.attach(builder)?.commit_from_memory(bytes)
    };
    made().map_err(|e| match options.device {
        Device::Cpu => wrong(format!("ONNX Runtime {} refuses it: {e}", runtime.version)),
        device => device.refused(&e.to_string()),
    })
}

/// Why a run failed: for want of memory, or otherwise.
fn failed(error: ort::Error, device: Device, (count, height, width): (usize, usize, usize)) -> Error {
    let text = error.to_string();
    let memory = ["bad_alloc", "Failed to allocate memory", "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"];
    if memory.iter().any(|words| text.contains(words)) {
        return Error::new(
            Status::OutOfMemory,
            format!("no memory for the network on {count} images of {width}x{height}: give a smaller tile or memory"),
        );
    }
    let status = if device == Device::Cpu { Status::Model } else { Status::Device };
    Error::new(status, format!("the network failed on {count} images of {width}x{height} (device={device}): {text}"))
}

impl Session {
    /// `bytes` must have passed `model::inspect`. The first session is made ready here, another, of the same bytes, when it is
    /// needed.
    ///
    /// Errors: `Model`; `Device` for what is not the CPU.
    pub fn new(runtime: &'static Runtime, bytes: Arc<[u8]>, options: SessionOptions) -> Result<Self> {
        Self::of(runtime, bytes, options, |first| {
            Ok((check("input", first.inputs())?, check("output", first.outputs())?))
        })
    }

    /// As `new`, for a network that `edit::on_integers` has made.
    pub fn on_integers(runtime: &'static Runtime, bytes: Arc<[u8]>, options: SessionOptions) -> Result<Self> {
        Self::of(runtime, bytes, options, |_| Ok((names::PIXELS.to_owned(), names::RESTORED.to_owned())))
    }

    /// `outlets` gives the names of input and output.
    fn of(
        runtime: &'static Runtime,
        bytes: Arc<[u8]>,
        options: SessionOptions,
        outlets: impl FnOnce(&OrtSession) -> Result<(String, String)>,
    ) -> Result<Self> {
        let first = make(runtime, &bytes, options)?;
        let (input, output) = outlets(&first)?;
        let sessions = Pool::new(first, options.runs, move || make(runtime, &bytes, options));
        Ok(Self { sessions, device: options.device, input, output })
    }

    /// How many runs can go on at once.
    pub fn most(&self) -> usize {
        self.sessions.most()
    }

    /// Runs a batch of `count` images of `height` x `width` and hands the result, of the same shape, to `take`.
    ///
    /// Errors: `Cancelled` when the task is cancelled before or during the run; `OutOfMemory`; `Model`; `Device` for what is not the CPU.
    pub fn run<R>(
        &self,
        task: &Task,
        size: (usize, usize, usize),
        images: &[f32],
        take: impl FnOnce(&[f32]) -> R,
    ) -> Result<R> {
        let fail = |e: ort::Error| failed(e, self.device, size);
        let (count, height, width) = size;
        let input = TensorRef::from_array_view(([count, 1, height, width], images)).map_err(fail)?;
        self.lend(task, size, |session, options| {
            let result = session.run_with_options(ort::inputs![self.input.as_str() => input], options);
            task.check()?;
            let outputs = result.map_err(fail)?;
            let (shape, data) = outputs[self.output.as_str()].try_extract_tensor::<f32>().map_err(fail)?;
            check_shape(shape, size)?;
            Ok(take(data))
        })
    }

    /// Runs a batch of 8 or 16-bit images as the camera gave them, and puts the restored ones into `into`, which it makes
    /// as long: only integers go to the device and back. For a session made by `on_integers` for this type.
    ///
    /// Errors: those of `run`; `Model` for results that are not finite is left to the caller: false stands for it.
    #[allow(clippy::ptr_arg)]
    pub fn run_integers<T: Sample>(
        &self,
        task: &Task,
        size: (usize, usize, usize),
        range: Range,
        pixels: &Vec<T>,
        into: &mut Vec<T>,
    ) -> Result<bool> {
        let (from, to): (&dyn Any, &mut dyn Any) = (pixels, into);
        let same = "two vectors of one type";
        match T::PIXEL_TYPE {
            PixelType::U8 => self.run_as::<u8>(
                task,
                size,
                range,
                from.downcast_ref::<Vec<u8>>().expect(same),
                to.downcast_mut().expect(same),
            ),
            PixelType::U16 => self.run_as::<u16>(
                task,
                size,
                range,
                from.downcast_ref::<Vec<u16>>().expect(same),
                to.downcast_mut().expect(same),
            ),
            other => Err(Error::new(Status::Internal, format!("{other} pixels do not go to a device as integers"))),
        }
    }

    fn run_as<T: Sample + PrimitiveTensorElementType + std::fmt::Debug>(
        &self,
        task: &Task,
        size: (usize, usize, usize),
        range: Range,
        pixels: &[T],
        into: &mut Vec<T>,
    ) -> Result<bool> {
        let fail = |e: ort::Error| failed(e, self.device, size);
        let (count, height, width) = size;
        // A tensor of its own: binding one that borrows never returns in this ort (it clones through a binding of its own).
        let mut images = Tensor::<T>::new(&Allocator::default(), [count, 1, height, width]).map_err(fail)?;
        images.extract_tensor_mut().1.copy_from_slice(pixels);
        let one = |value: f64| Tensor::from_array(([1usize], vec![value as f32])).map_err(fail);
        let (lo, scale, wide) = (one(range.lo)?, one(1.0 / range.width())?, one(range.width())?);
        self.lend(task, size, |session, options| {
            let mut bound = session.create_binding().map_err(fail)?;
            bound.bind_input(names::PIXELS, &images).map_err(fail)?;
            bound.bind_input(names::LO, &lo).map_err(fail)?;
            bound.bind_input(names::SCALE, &scale).map_err(fail)?;
            bound.bind_input(names::WIDTH, &wide).map_err(fail)?;
            let host = MemoryInfo::new(AllocationDevice::CPU, 0, AllocatorType::Device, MemoryType::CPUOutput);
            let host = host.map_err(fail)?;
            bound.bind_output_to_device(names::RESTORED, &host).map_err(fail)?;
            bound.bind_output_to_device(names::FINITE, &host).map_err(fail)?;
            let result = session.run_binding_with_options(&bound, options);
            task.check()?;
            let outputs = result.map_err(fail)?;
            let (shape, data) = outputs[names::RESTORED].try_extract_tensor::<T>().map_err(fail)?;
            check_shape(shape, size)?;
            let (_, nothing) = outputs[names::FINITE].try_extract_tensor::<f32>().map_err(fail)?;
            resize(into, data.len())?;
            into.copy_from_slice(data);
            Ok(nothing.iter().all(|v| *v == 0.0))
        })
    }

    /// Lends a session of ONNX Runtime for one run, which `Task::cancel` ends.
    fn lend<R>(
        &self,
        task: &Task,
        size: (usize, usize, usize),
        work: impl FnOnce(&mut OrtSession, &RunOptions) -> Result<R>,
    ) -> Result<R> {
        // One for each run: a terminated one stays so.
        let options = Arc::new(RunOptions::new().map_err(|e| failed(e, self.device, size))?);
        let terminate = Arc::clone(&options);
        let mut lent = self.sessions.take(task)?;
        let done = task.guarded(
            move || {
                // Nothing can be done about a failure here; the run then ends by itself.
                let _ = terminate.terminate();
            },
            || work(lent.get(), &options),
        )?;
        if done.as_ref().is_err_and(|e| e.status() == Status::OutOfMemory) {
            // Its arena keeps what it had got: a new session starts without.
            lent.discard();
        }
        done
    }
}

fn check_shape(found: &[i64], (count, height, width): (usize, usize, usize)) -> Result<()> {
    if found == [count as i64, 1, height as i64, width as i64] {
        return Ok(());
    }
    Err(wrong(format!("the network turned [{count}, 1, {height}, {width}] into {found:?}; expected the same shape")))
}
