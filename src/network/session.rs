//! Runs the network: sessions of ONNX Runtime, from a batch of images to a batch of images.

use std::any::Any;
use std::sync::{Arc, Mutex, Weak};

use ort::memory::{AllocationDevice, Allocator, AllocatorType, MemoryInfo, MemoryType};
use ort::session::{RunOptions, Session as OrtSession};
use ort::value::{DynValue, PrimitiveTensorElementType, Tensor, TensorRef};

use crate::error::{Error, Result, Status};
use crate::guest::leaving::{self, Held, Inside};
use crate::guest::threads::Priority;
use crate::image::frame::{resize, PixelType, Sample};
use crate::image::normalise::Range;
use crate::network::apart;
use crate::network::device::Device;
pub use crate::network::made::SessionOptions;
use crate::network::made::{failed, has_turns, late, make, spoiled, Own};
use crate::network::outlets::{check, check_numbers, check_shape, take_condition, wrong, CONDITION};
pub use crate::network::outlets::{ERROR, ESTIMATE, RESTORED};
use crate::network::pool::{Lent, Pool};
use crate::network::runtime::{fault, Runtime};
use crate::onnx::edit::names;
use crate::task::Task;

/// A network that is ready to run; several threads may run it at once.
pub struct Session {
    /// Several, because each of ONNX Runtime's sessions runs one batch at a time.
    sessions: Held<Arc<Pool<Own>>>,
    device: Device,
    priority: Priority,
    input: String,
    output: String,
    /// Numbers of the condition that it takes beside the images; 0: it takes none.
    condition: usize,
    /// Whether it also returns the expected error of each pixel.
    error: bool,
}

/// What a run of the network returns, in the shape of its input.
pub struct Restored<'a> {
    /// The restored images, normalised as the input.
    pub image: &'a [f32],
    /// The expected absolute error of each of their pixels, in the same units, where the network has a trust map.
    pub error: Option<&'a [f32]>,
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
        let mut error = false;
        let mut session = Self::of(runtime, bytes, options, |first| {
            let input = check("input", &take_condition(first.inputs(), condition)?)?;
            let (errors, images): (Vec<_>, Vec<_>) =
                first.outputs().iter().partition(|output| condition > 0 && output.name() == ERROR);
            error = !errors.is_empty();
            if error {
                check("output", &errors)?;
            }
            Ok((input, check("output", &images)?))
        })?;
        session.condition = condition;
        session.error = error;
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
        let mut first = make(runtime, &bytes, options)?;
        let (input, output) = outlets(first.get())?;
        let sessions = Arc::new(Pool::new(first, options.runs, move || make(runtime, &bytes, options)));
        if has_turns(options.device) {
            share(&sessions);
        }
        let sessions = Held::new(sessions);
        Ok(Self {
            sessions,
            device: options.device,
            priority: options.priority,
            input,
            output,
            condition: 0,
            error: false,
        })
    }

    /// Most runs that can go on at once.
    pub fn most(&self) -> usize {
        self.sessions.most()
    }

    /// Whether it also returns the expected error of each pixel.
    pub fn has_error(&self) -> bool {
        self.error
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
        take: impl FnOnce(Restored) -> R,
    ) -> Result<R> {
        let inside = leaving::enter()?;
        let fail = |e: ort::Error| failed(e, self.device, size);
        let (count, height, width) = size;
        if has_turns(self.device) {
            let (image, error) = self.run_apart(&inside, task, size, images, condition)?;
            let error = error.as_ref().map(|error| self.numbers(error, size)).transpose()?;
            return Ok(take(Restored { image: self.numbers(&image, size)?, error }));
        }
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
            let error = self.error.then(|| self.numbers(&outputs[ERROR], size)).transpose()?;
            Ok(take(Restored { image: self.numbers(&outputs[self.output.as_str()], size)?, error }))
        })
    }

    /// The values of an output of this size.
    fn numbers<'a>(&self, output: &'a DynValue, size: (usize, usize, usize)) -> Result<&'a [f32]> {
        let (shape, data) = output.try_extract_tensor::<f32>().map_err(|e| failed(e, self.device, size))?;
        check_shape(shape, size).map(|()| data)
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

    /// As `run`, on a thread that the caller can leave; so everything that the run touches is its own.
    fn run_apart(
        &self,
        inside: &Inside,
        task: &Task,
        size: (usize, usize, usize),
        images: &[f32],
        condition: &[f32],
    ) -> Result<(DynValue, Option<DynValue>)> {
        let device = self.device;
        let (count, height, width) = size;
        let owned = |shape: Vec<usize>, values: &[f32]| -> Result<Tensor<f32>> {
            let tensor = Tensor::<f32>::new(&Allocator::default(), shape);
            let mut tensor = tensor.map_err(|e| failed(e, device, size))?;
            tensor.extract_tensor_mut().1.copy_from_slice(values);
            Ok(tensor)
        };
        let mut inputs = vec![(self.input.clone(), owned(vec![count, 1, height, width], images)?)];
        if self.condition > 0 {
            inputs.push((CONDITION.to_owned(), owned(vec![1, self.condition], condition)?));
        }
        let options = Arc::new(RunOptions::new().map_err(|e| failed(e, device, size))?);
        let ended = Arc::clone(&options);
        let output = self.output.clone();
        let mut lent = self.sessions.take(task)?;
        let turn = apart::turn(task)?;
        let mut own = lent.take_out();
        let end = apart::run(inside, task, self.priority, Arc::new(move || drop(ended.terminate())), move || {
            let inputs = inputs.into_iter().map(|(name, value)| (name, value.into_dyn())).collect::<Vec<_>>();
            let result = own.get().run_with_options(inputs, &options);
            let result = result.map(|mut outputs| Some((outputs.remove(&output)?, outputs.remove(ERROR))));
            let fault = fault();
            drop(turn);
            (own, result, fault)
        })?;
        match end {
            apart::End::Done((own, result, fault)) => {
                lent.put_back(own);
                let done = task.check().and_then(|()| leaving::check());
                let done = done.and_then(|()| result.map_err(|e| failed(e, device, size)));
                let done = done.and_then(|found| match fault {
                    Some(text) => Err(spoiled(text, device, size)),
                    None => Ok(found),
                });
                let done = done.and_then(|found| found.ok_or_else(|| wrong("the network has no such output")));
                after(done, lent, device)
            }
            apart::End::Left => {
                task.check().and_then(|()| leaving::check()).and_then(|()| Err(late(device, size, None)))
            }
            apart::End::Late(time) => {
                renew();
                Err(late(device, size, Some(time)))
            }
        }
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
            || work(lent.get().get(), &options),
        )?;
        after(done, lent, self.device)
    }
}

/// The sessions on WebGPU of all models. Its library has one device for the process, which goes with the last of them.
static SHARED: Mutex<Vec<Weak<Pool<Own>>>> = Mutex::new(Vec::new());

/// Ends the loan of a session by how its run ended.
fn after<R>(done: Result<R>, lent: Lent<Own>, device: Device) -> Result<R> {
    let failed = done.as_ref().err().map(Error::status);
    // The session's arena keeps the memory it got; a new session starts with none.
    if matches!(failed, Some(Status::OutOfMemory | Status::Device)) {
        lent.discard();
        if has_turns(device) {
            // A buffer that could not be made stays with the device, and would be used again.
            renew();
        }
    }
    done
}

fn share(sessions: &Arc<Pool<Own>>) {
    let mut shared = SHARED.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    shared.retain(|pool| pool.strong_count() > 0);
    shared.push(Arc::downgrade(sessions));
}

/// After a device is lost: drops the idle sessions of all models, so that the next ones get a new device.
fn renew() {
    let shared = SHARED.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let pools: Vec<_> = shared.iter().filter_map(Weak::upgrade).collect();
    drop(shared);
    pools.iter().for_each(|pool| pool.drop_idle());
}
