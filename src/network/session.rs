//! Runs the network: sessions of ONNX Runtime, from a batch of images to a batch of images.

use std::any::Any;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;

use ort::environment::ThreadManager;
use ort::memory::{AllocationDevice, Allocator, AllocatorType, MemoryInfo, MemoryType};
use ort::session::builder::SessionBuilder;
use ort::session::{RunOptions, Session as OrtSession};
use ort::value::{PrimitiveTensorElementType, Tensor, TensorElementType, TensorRef, ValueType};

use crate::error::{Error, Result, Status};
use crate::guest::leaving::{self, Held, Inside};
use crate::guest::threads::{self, Priority, Running};
use crate::image::frame::{resize, PixelType, Sample};
use crate::image::normalise::Range;
use crate::network::device::Device;
use crate::network::pool::Pool;
use crate::network::provider;
use crate::network::runtime::{is_memory, Runtime};
use crate::onnx::edit::names;
use crate::task::Task;

/// How the sessions of a network are created.
#[derive(Clone, Copy)]
pub struct SessionOptions {
    /// Never `Auto`.
    pub device: Device,
    /// Threads of one run, on the CPU.
    pub threads: usize,
    /// Concurrent runs.
    pub runs: usize,
    /// Whether idle threads of a run wait in a loop, for some milliseconds after each step.
    pub spin: bool,
    /// Of the threads of a run.
    pub priority: Priority,
}

/// A network that is ready to run; several threads may run it at once.
pub struct Session {
    /// Several, because each of ONNX Runtime's sessions runs one batch at a time.
    sessions: Held<Pool<OrtSession>>,
    device: Device,
    input: String,
    output: String,
    /// Numbers of the condition that it takes beside the images; 0: it takes none.
    condition: usize,
}

/// Name of the input for what is known of the blur.
const CONDITION: &str = "condition";
/// Name of the output that restores.
pub const RESTORED: &str = "restored";
/// Name of the output that estimates the blur.
pub const ESTIMATE: &str = "estimate";

fn wrong(found: impl std::fmt::Display) -> Error {
    Error::new(Status::Model, found.to_string())
}

/// Finds the input for a condition of `count` numbers, and returns the others. Errors: `Model`.
fn take_condition(inputs: &[ort::value::Outlet], count: usize) -> Result<Vec<&ort::value::Outlet>> {
    let (found, others): (Vec<_>, Vec<_>) = inputs.iter().partition(|input| count > 0 && input.name() == CONDITION);
    match found.first().map(|input| input.dtype()) {
        None if count > 0 => {
            Err(wrong(format!("the network has no input '{CONDITION}'; expected float32 [1, {count}]")))
        }
        Some(ValueType::Tensor { ty: TensorElementType::Float32, shape, .. }) if shape[..] == [1, count as i64] => {
            Ok(others)
        }
        Some(other) => Err(wrong(format!("input '{CONDITION}' is {}; expected float32 [1, {count}]", shown(other)))),
        None => Ok(others),
    }
}

/// Refuses an output that is not float32 `[N, count]` with free N.
fn check_numbers(outlets: &[ort::value::Outlet], count: usize) -> Result<String> {
    match outlets {
        [outlet] => match outlet.dtype() {
            ValueType::Tensor { ty: TensorElementType::Float32, shape, .. } if shape[..] == [-1, count as i64] => {
                Ok(outlet.name().to_owned())
            }
            other => Err(wrong(format!("output '{ESTIMATE}' is {}; expected float32 [?, {count}]", shown(other)))),
        },
        _ => Err(wrong(format!("the network has {} outputs; expected one", outlets.len()))),
    }
}

/// Refuses anything but float32 `[N, 1, H, W]` with free N, H and W.
fn check(kind: &str, outlets: &[&ort::value::Outlet]) -> Result<String> {
    let [outlet] = outlets else {
        return Err(wrong(format!("the network has {} {kind}s; expected one", outlets.len())));
    };
    let expected = "expected float32 [N, 1, H, W] with free N, H and W";
    match outlet.dtype() {
        // Some exporters leave the output's channels open; the result's shape is checked at every run.
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

/// Starts the threads of ONNX Runtime's sessions as the library starts its own.
struct Workers {
    priority: Priority,
    /// Set when a thread could not be had.
    refused: Arc<AtomicBool>,
}

impl ThreadManager for Workers {
    type Thread = Running;

    fn create(&self, work: impl FnOnce() + Send + 'static) -> ort::Result<Self::Thread> {
        threads::spawn(c"parfocal-net", self.priority, work).map_err(|e| {
            self.refused.store(true, Ordering::Relaxed);
            ort::Error::new(e.to_string())
        })
    }

    fn join(thread: Self::Thread) -> ort::Result<()> {
        thread.join();
        Ok(())
    }
}

fn make(runtime: &Runtime, bytes: &[u8], options: SessionOptions) -> Result<OrtSession> {
    let _inside = leaving::enter()?;
    let refused = Arc::new(AtomicBool::new(false));
    let made = || -> ort::Result<OrtSession> {
        let mut builder = OrtSession::builder(&runtime.environment)?
            .with_intra_threads(options.threads)?
            .with_intra_op_spinning(options.spin)?
            // A memory pattern is one block for all tensors, on top of what the first run had already allocated.
            // Measured at 2048x2048, base width 16: 906 bytes a pixel with it, 526 without, and it was no faster.
            .with_memory_pattern(false)?;
        if options.threads > 1 {
            builder =
                builder.with_thread_manager(Workers { priority: options.priority, refused: Arc::clone(&refused) })?;
        }
        attach(runtime, options.device, builder)?.commit_from_memory(bytes)
    };
    made().map_err(|e| {
        let text = e.to_string();
        if refused.load(Ordering::Relaxed) {
            return no_thread(options.threads);
        }
        if is_memory(&text) {
            return Error::new(
                Status::OutOfMemory,
                "no memory for the network itself; expected some tens of MiB: close other models, or raise the limit",
            );
        }
        match options.device {
            Device::Cpu => wrong(format!("ONNX Runtime {} refuses it: {text}", runtime.version)),
            device => device.refused(&text),
        }
    })
}

/// Puts the whole network of a session on the device, or fails.
fn attach(runtime: &Runtime, device: Device, builder: SessionBuilder) -> ort::Result<SessionBuilder> {
    let builder = match device {
        Device::Cpu | Device::Auto => return Ok(builder),
        Device::Cuda(index) => builder.with_execution_providers([provider::cuda(index)])?,
        Device::WebGpu(_) | Device::Plugin(_) => {
            let mut offered = runtime.environment.devices();
            let chosen = offered.find(|found| found.ep().is_ok_and(|name| device.is_provider(name)));
            builder.with_devices(chosen, None)?
        }
    };
    // Otherwise operators that the device cannot run would silently go to the CPU.
    Ok(builder.with_disable_cpu_fallback()?)
}

fn no_thread(threads: usize) -> Error {
    Error::new(
        Status::OutOfMemory,
        format!(
            "threads={threads}: the system gives no thread for the network; expected {} more: give threads=1, or raise \
             the limit on threads or memory",
            threads - 1
        ),
    )
}

/// The error of a failed run: out of memory, or another.
fn failed(error: ort::Error, device: Device, (count, height, width): (usize, usize, usize)) -> Error {
    let text = error.to_string();
    if is_memory(&text) {
        return Error::new(
            Status::OutOfMemory,
            format!("no memory for the network on {count} images of {width}x{height}: give a smaller tile or memory"),
        );
    }
    let status = if device == Device::Cpu { Status::Model } else { Status::Device };
    Error::new(status, format!("the network failed on {count} images of {width}x{height} (device={device}): {text}"))
}

impl Session {
    /// `bytes` must have passed `model_file::inspect`; `condition`: numbers of the condition that the network takes, 0
    /// for none. Makes the first session now, further ones when they are needed.
    ///
    /// Errors: `Model` on the CPU, `Device` elsewhere.
    pub fn new(
        runtime: &'static Runtime,
        bytes: Arc<Vec<u8>>,
        options: SessionOptions,
        condition: usize,
    ) -> Result<Self> {
        let mut session = Self::of(runtime, bytes, options, |first| {
            let input = check("input", &take_condition(first.inputs(), condition)?)?;
            Ok((input, check("output", &first.outputs().iter().collect::<Vec<_>>())?))
        })?;
        session.condition = condition;
        Ok(session)
    }

    /// As `new`, for a network that estimates the blur of each image as `count` numbers.
    pub fn estimator(
        runtime: &'static Runtime,
        bytes: Arc<Vec<u8>>,
        options: SessionOptions,
        count: usize,
    ) -> Result<Self> {
        Self::of(runtime, bytes, options, |first| {
            let input = check("input", &first.inputs().iter().collect::<Vec<_>>())?;
            Ok((input, check_numbers(first.outputs(), count)?))
        })
    }

    /// As `new`, for a network made by `edit::on_integers`.
    pub fn on_integers(runtime: &'static Runtime, bytes: Arc<Vec<u8>>, options: SessionOptions) -> Result<Self> {
        Self::of(runtime, bytes, options, |_| Ok((names::PIXELS.to_owned(), names::RESTORED.to_owned())))
    }

    /// `outlets` returns the names of input and output.
    fn of(
        runtime: &'static Runtime,
        bytes: Arc<Vec<u8>>,
        options: SessionOptions,
        outlets: impl FnOnce(&OrtSession) -> Result<(String, String)>,
    ) -> Result<Self> {
        let _inside = leaving::enter()?;
        let first = make(runtime, &bytes, options)?;
        let (input, output) = outlets(&first)?;
        let sessions = Held::new(Pool::new(first, options.runs, move || make(runtime, &bytes, options)));
        Ok(Self { sessions, device: options.device, input, output, condition: 0 })
    }

    /// Most runs that can go on at once.
    pub fn most(&self) -> usize {
        self.sessions.most()
    }

    /// Runs a batch of `count` images of `height` x `width` and calls `take` with the result, which has the same shape.
    /// `condition`: what is known of their blur, as many numbers as the network takes.
    ///
    /// Errors: `Cancelled` if the task is cancelled before or during the run; `OutOfMemory`; `Model` on the CPU,
    /// `Device` elsewhere.
    pub fn run<R>(
        &self,
        task: &Task,
        size: (usize, usize, usize),
        images: &[f32],
        condition: &[f32],
        take: impl FnOnce(&[f32]) -> R,
    ) -> Result<R> {
        let inside = leaving::enter()?;
        let fail = |e: ort::Error| failed(e, self.device, size);
        let (count, height, width) = size;
        let input = TensorRef::from_array_view(([count, 1, height, width], images)).map_err(fail)?;
        self.lend(&inside, task, size, |session, options| {
            let mut inputs = ort::inputs![self.input.as_str() => input];
            if self.condition > 0 {
                let told = TensorRef::from_array_view(([1, self.condition], condition)).map_err(fail)?;
                inputs.push((CONDITION.into(), told.into()));
            }
            let result = session.run_with_options(inputs, options);
            task.check()?;
            leaving::check()?;
            let outputs = result.map_err(fail)?;
            let (shape, data) = outputs[self.output.as_str()].try_extract_tensor::<f32>().map_err(fail)?;
            check_shape(shape, size)?;
            Ok(take(data))
        })
    }

    /// Estimates the blur of one image of `height` x `width`. The session must come from `estimator`.
    ///
    /// Errors: those of `run`.
    pub fn estimate(&self, task: &Task, (height, width): (usize, usize), image: &[f32]) -> Result<Vec<f32>> {
        let inside = leaving::enter()?;
        let size = (1, height, width);
        let fail = |e: ort::Error| failed(e, self.device, size);
        let input = TensorRef::from_array_view(([1, 1, height, width], image)).map_err(fail)?;
        self.lend(&inside, task, size, |session, options| {
            let result = session.run_with_options(ort::inputs![self.input.as_str() => input], options);
            task.check()?;
            leaving::check()?;
            let outputs = result.map_err(fail)?;
            let (_, numbers) = outputs[self.output.as_str()].try_extract_tensor::<f32>().map_err(fail)?;
            Ok(numbers.to_vec())
        })
    }

    /// Runs a batch of 8 or 16-bit images and stores the restored ones in `into`, resized to fit: only integers go to
    /// the device and back. The session must come from `on_integers`, for this type.
    ///
    /// Returns `Ok(false)` if any result is NaN or infinite. Errors: those of `run`.
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
        let inside = leaving::enter()?;
        let fail = |e: ort::Error| failed(e, self.device, size);
        let (count, height, width) = size;
        // An owned tensor: in this version of ort, binding a borrowed one never returns (it clones through its own
        // binding).
        let mut images = Tensor::<T>::new(&Allocator::default(), [count, 1, height, width]).map_err(fail)?;
        images.extract_tensor_mut().1.copy_from_slice(pixels);
        let one = |value: f64| Tensor::from_array(([1usize], vec![value as f32])).map_err(fail);
        let (lo, scale, wide) = (one(range.lo)?, one(1.0 / range.width())?, one(range.width())?);
        self.lend(&inside, task, size, |session, options| {
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
            leaving::check()?;
            let outputs = result.map_err(fail)?;
            let (shape, data) = outputs[names::RESTORED].try_extract_tensor::<T>().map_err(fail)?;
            check_shape(shape, size)?;
            let (_, nothing) = outputs[names::FINITE].try_extract_tensor::<f32>().map_err(fail)?;
            resize(into, data.len())?;
            into.copy_from_slice(data);
            Ok(nothing.iter().all(|v| *v == 0.0))
        })
    }

    /// Calls `work` with a session of ONNX Runtime for one run, which `Task::cancel` and the end of the process end.
    fn lend<R>(
        &self,
        inside: &Inside,
        task: &Task,
        size: (usize, usize, usize),
        work: impl FnOnce(&mut OrtSession, &RunOptions) -> Result<R>,
    ) -> Result<R> {
        // New for each run: once terminated, run options stay terminated.
        let options = Arc::new(RunOptions::new().map_err(|e| failed(e, self.device, size))?);
        let terminate = Arc::clone(&options);
        let ended = Arc::clone(&options);
        let _cancellable = inside.cancellable(move || {
            let _ = ended.terminate();
        })?;
        let mut lent = self.sessions.take(task)?;
        let done = task.guarded(
            move || {
                // If this fails, the run ends by itself.
                let _ = terminate.terminate();
            },
            || work(lent.get(), &options),
        )?;
        if done.as_ref().is_err_and(|e| e.status() == Status::OutOfMemory) {
            // The session's arena keeps the memory it got; a new session starts with none.
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
