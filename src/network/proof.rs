//! Proves a device when a model is opened: a probe run must agree with the CPU's.

use std::sync::Arc;

use once_cell::sync::OnceCell;

use crate::error::{Error, Result, Status};
use crate::guest::leaving;
use crate::guest::threads::Priority;
use crate::image::frame::{resize, PixelType};
use crate::image::normalise::Range;
use crate::image::tile::GRID;
use crate::network::adapters::Adapter;
use crate::network::device::{Device, Precision};
use crate::network::plugin::Choice;
use crate::network::runtime::Runtime;
use crate::network::session::{Session, SessionOptions, ERROR, ESTIMATE, RESTORED};
use crate::onnx::model_file::Info;
use crate::onnx::{edit, prune};
use crate::task::Task;

/// Largest difference between a device's results and the CPU's, as a fraction of the range of the CPU's.
pub const TOLERANCE: f32 = 2e-3;
/// The probe's range of pixels: a 12-bit camera's.
const PROBE_RANGE: Range = Range { lo: 0.0, hi: 4095.0 };

/// A network on its device.
pub struct Network {
    /// Takes and returns float32.
    pub session: Session,
    /// The device that passed the probe; never `Auto`.
    pub device: Device,
    /// `fp32` or `fp16`.
    pub precision: &'static str,
    /// What WebGPU runs on.
    pub adapter: Option<&'static Adapter>,
    /// Why `auto` chose the device, in a sentence; `None` for a device that was requested by name.
    pub reason: Option<String>,
    /// A sentence for each thing that was tried and did not work.
    pub warnings: Vec<String>,
    pub(super) integers: Option<Integers>,
    /// Estimates the blur of an image, always on the CPU; `None` for a network that takes no condition.
    pub estimator: Option<Session>,
}

/// The parts of a model file.
pub struct Parts {
    /// The network that restores.
    pub(super) restorer: Arc<Vec<u8>>,
    /// The network that estimates the blur.
    estimator: Option<Arc<Vec<u8>>>,
    /// Frequencies of the condition; 0: the network takes none.
    pub(super) frequencies: usize,
}

impl Parts {
    /// Of a file that has passed `model_file::inspect`. Errors: `Model`, `OutOfMemory`.
    pub fn of(bytes: &[u8], info: &Info) -> Result<Self> {
        let frequencies = info.frequencies.len();
        if frequencies == 0 {
            return Ok(Self { restorer: copied(bytes)?, estimator: None, frequencies });
        }
        // The cutter asks for memory in a way that cannot fail, so there must be some: a cut file is not larger
        // than the whole one, and is put together from a graph that is not either.
        Vec::<u8>::new().try_reserve_exact(2 * bytes.len()).map_err(|_| {
            let needed = 2 * bytes.len();
            Error::new(
                Status::OutOfMemory,
                format!("no memory for the {needed} bytes of a model: close other programs"),
            )
        })?;
        let cut = |outputs: &[&str]| {
            prune::keep(bytes, outputs)
                .map(Arc::new)
                .map_err(|why| Error::new(Status::Model, format!("a file of format 2 is expected to estimate: {why}")))
        };
        let restorer = cut(if !info.error_factors.is_empty() { &[RESTORED, ERROR] } else { &[RESTORED] })?;
        Ok(Self { restorer, estimator: Some(cut(&[ESTIMATE])?), frequencies })
    }

    /// The condition of an image in focus.
    pub(super) fn focused(&self) -> Vec<f32> {
        let mut condition = vec![1.0; self.frequencies];
        condition.resize(2 * self.frequencies, 0.0);
        condition
    }

    /// The session of the estimator.
    pub(super) fn estimator(&self, runtime: &'static Runtime, options: SessionOptions) -> Result<Option<Session>> {
        let numbers = 2 * self.frequencies + 2;
        let made = |bytes: &Arc<Vec<u8>>| Session::estimator(runtime, Arc::clone(bytes), options, numbers);
        self.estimator.as_ref().map(made).transpose()
    }
}

/// Networks that take a camera's integers, made on first use.
pub(super) struct Integers {
    runtime: &'static Runtime,
    bytes: Arc<Vec<u8>>,
    options: SessionOptions,
    /// For 8 and 16 bits; `None` inside if making it failed.
    sessions: [OnceCell<Option<Session>>; 2],
}

impl Integers {
    fn get(&self, bits: u32) -> Option<&Session> {
        let made = self.sessions[usize::from(bits == 16)].get_or_init(|| {
            let bytes = edit::on_integers(&self.bytes, bits).ok()?;
            Session::on_integers(self.runtime, bytes.into(), self.options).ok()
        });
        made.as_ref()
    }
}

impl Network {
    /// The network for whole frames of integers, if the device has one: integers are transferred and normalised on the
    /// device. Tiles are always cut and blended on the host, in float32.
    pub fn integers(&self, pixel_type: PixelType) -> Option<&Session> {
        let integers = self.integers.as_ref()?;
        match pixel_type {
            PixelType::U8 => integers.get(8),
            PixelType::U16 => integers.get(16),
            _ => None,
        }
    }
}

/// A small input, and the CPU's output for it.
pub(super) struct Probe {
    pub(super) size: (usize, usize, usize),
    pixels: Vec<u16>,
    pub(super) condition: Vec<f32>,
    expected: Vec<f32>,
}

impl Probe {
    /// Runs the probe on the CPU.
    pub(super) fn new(cpu: &Session, condition: Vec<f32>) -> Result<Self> {
        // In multiples of the grid, as frames are. Not square, to catch a graph that swaps or changes the shape.
        let (height, width) = (2 * GRID, 3 * GRID);
        let pixels: Vec<u16> = (0..height * width).map(|i| (i % 7 * 500 + i / width % 5 * 200) as u16).collect();
        let mut probe = Self { size: (1, height, width), pixels, condition, expected: Vec::new() };
        probe.expected = probe.run(cpu).map_err(|e| {
            let status =
                if matches!(e.status(), Status::OutOfMemory | Status::Closed) { e.status() } else { Status::Model };
            Error::new(status, format!("a probe run on {width}x{height} pixels failed: {}", e.message()))
        })?;
        Ok(probe)
    }

    fn run(&self, session: &Session) -> Result<Vec<f32>> {
        let images: Vec<f32> = self.pixels.iter().map(|&v| f32::from(v) / PROBE_RANGE.width() as f32).collect();
        session.run(&Task::new(), self.size, &images, &self.condition, |output| output.image.to_vec())
    }

    /// Fails unless `found` agrees with the CPU's output.
    fn check(&self, device: Device, found: &[f32]) -> Result<()> {
        let (least, most) =
            self.expected.iter().fold((f32::MAX, f32::MIN), |(least, most), v| (least.min(*v), most.max(*v)));
        let range = (most - least).max(f32::MIN_POSITIVE);
        let worst = self.expected.iter().zip(found).map(|(a, b)| (a - b).abs());
        // Not `max`, which ignores NaN.
        let worst = worst.fold(0.0f32, |worst, d| if d <= worst { worst } else { d }) / range;
        if worst <= TOLERANCE {
            return Ok(());
        }
        Err(Error::new(
            Status::Device,
            format!(
                "device={device}: a probe run differs from the CPU's by {worst} of its range; expected at most \
                 {TOLERANCE}: update its driver, or give device=cpu"
            ),
        ))
    }

    /// The same check for a network on integers; it allows for the rounding to a whole count.
    fn check_integers(&self, device: Device, session: &Session) -> Result<()> {
        let mut found = Vec::new();
        if !session.run_integers(&Task::new(), self.size, PROBE_RANGE, &self.pixels, &mut found)? {
            return Err(Error::new(Status::Device, format!("device={device}: a probe run is not finite")));
        }
        let width = PROBE_RANGE.width() as f32;
        // Differences from saturation and rounding do not count.
        let found: Vec<f32> = found
            .iter()
            .zip(&self.expected)
            .map(|(&count, &expected)| {
                let exact = (expected * width).clamp(0.0, f32::from(u16::MAX));
                let off = f32::from(count) - exact;
                expected + off.signum() * (off.abs() - 0.51).max(0.0) / width
            })
            .collect();
        self.check(device, &found)
    }
}

/// What the options ask of a network when a model is opened.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The requested device.
    pub device: Device,
    /// The requested precision.
    pub precision: Precision,
    /// Threads of one run, on the CPU.
    pub threads: usize,
    /// Concurrent runs, on the CPU.
    pub runs: usize,
    /// Whether idle threads wait in a loop, on the CPU.
    pub spin: bool,
    /// Of the network's threads.
    pub priority: Priority,
    /// Of libraries and adapters.
    pub choice: Choice<'a>,
}

impl Request<'_> {
    pub(super) fn sessions(&self, device: Device) -> SessionOptions {
        let (threads, runs) = match device {
            Device::Cpu => (self.threads, self.runs),
            // Concurrent runs on one device would only take memory from each other.
            _ => (1, 1),
        };
        SessionOptions { device, threads, runs, spin: self.spin, priority: self.priority }
    }
}

/// A copy that may fail. Errors: `OutOfMemory`.
fn copied(bytes: &[u8]) -> Result<Arc<Vec<u8>>> {
    let mut copy = Vec::new();
    resize(&mut copy, bytes.len())?;
    copy.copy_from_slice(bytes);
    Ok(copy.into())
}

/// A network without anything that is not said.
pub(super) fn on(session: Session, device: Device, precision: &'static str) -> Network {
    Network {
        session,
        device,
        precision,
        adapter: None,
        reason: None,
        warnings: Vec::new(),
        integers: None,
        estimator: None,
    }
}

/// Whether a device computes in half precision by default.
fn likes_half(device: Device, adapter: Option<&Adapter>) -> bool {
    matches!(device, Device::Cuda(_)) || adapter.is_some_and(|adapter| adapter.half)
}

pub(super) fn no_half(why: &str) -> Error {
    Error::new(Status::Unsupported, format!("precision=fp16: {why}; give precision=auto or fp32"))
}

/// Puts the whole network on a device and compares its results with the CPU's.
pub(super) fn prove(
    runtime: &'static Runtime,
    bytes: &Arc<Vec<u8>>,
    probe: &Probe,
    request: Request,
    device: Device,
    adapter: Option<&'static Adapter>,
) -> Result<Network> {
    let (options, precision) = (request.sessions(device), request.precision);
    let mut warnings = Vec::new();
    if let (Precision::Fp16, Some(Adapter { name, half: false, .. })) = (precision, adapter) {
        return Err(no_half(&format!("{name} computes in fp32 (it has no shader-f16)")));
    }
    if precision == Precision::Fp16 || (precision == Precision::Auto && likes_half(device, adapter)) {
        let half = edit::to_half(bytes)
            .map_err(|why| Error::new(Status::Unsupported, format!("precision=fp16: not for this model: {why}")))
            .and_then(|half| proved_session(runtime, half.into(), probe, options));
        match half {
            Ok((session, bytes)) => {
                let integers = integers(runtime, bytes, probe, options, &mut warnings);
                return Ok(Network { adapter, warnings, integers, ..on(session, device, "fp16") });
            }
            Err(error) if precision == Precision::Fp16 => return Err(error),
            Err(error) => warnings.push(format!("fp32 is used: {}", error.message())),
        }
    }
    let (session, bytes) = proved_session(runtime, Arc::clone(bytes), probe, options)?;
    let integers = integers(runtime, bytes, probe, options, &mut warnings);
    Ok(Network { adapter, warnings, integers, ..on(session, device, "fp32") })
}

/// A session that passed the probe.
fn proved_session(
    runtime: &'static Runtime,
    bytes: Arc<Vec<u8>>,
    probe: &Probe,
    options: SessionOptions,
) -> Result<(Session, Arc<Vec<u8>>)> {
    let session = Session::new(runtime, Arc::clone(&bytes), options, probe.condition.len())?;
    // What a GPU's driver registers for the end of the process in its first run comes before our handler.
    let found = match options.device {
        Device::Cpu => probe.run(&session),
        _ => leaving::ahead_of_drivers(|| probe.run(&session)),
    };
    probe.check(options.device, &found?)?;
    Ok((session, bytes))
}

/// Networks on integers, on CUDA, if they pass the probe. WebGPU has no 16-bit integers.
fn integers(
    runtime: &'static Runtime,
    bytes: Arc<Vec<u8>>,
    probe: &Probe,
    options: SessionOptions,
    warnings: &mut Vec<String>,
) -> Option<Integers> {
    // A network that takes a condition needs the frame on the host, to estimate its blur.
    if !matches!(options.device, Device::Cuda(_)) || !probe.condition.is_empty() {
        return None;
    }
    let integers = Integers { runtime, bytes, options, sessions: Default::default() };
    let proved = match integers.get(16) {
        Some(session) => probe.check_integers(options.device, session),
        None => Err(Error::new(Status::Device, "the network on integers cannot be made")),
    };
    match proved {
        Ok(()) => Some(integers),
        Err(error) => {
            warnings.push(format!("frames are transferred as float32: {}", error.message()));
            None
        }
    }
}

/// For tests without a GPU: runs on the CPU the networks that a GPU would run.
#[doc(hidden)]
pub fn open_as_on_a_device(runtime: &'static Runtime, bytes: &[u8], half: bool, request: Request) -> Result<Network> {
    let options = SessionOptions { runs: 1, ..request.sessions(Device::Cpu) };
    let probe = Probe::new(&Session::new(runtime, copied(bytes)?, options, 0)?, Vec::new())?;
    let refused = |why: String| Error::new(Status::Unsupported, why);
    let bytes = if half { edit::to_half(bytes).map_err(refused)?.into() } else { copied(bytes)? };
    let (session, bytes) = proved_session(runtime, bytes, &probe, options)?;
    let integers = Integers { runtime, bytes, options, sessions: Default::default() };
    let sixteen = integers.get(16).ok_or_else(|| refused("no network on integers".into()))?;
    probe.check_integers(options.device, sixteen)?;
    let precision = if half { "fp16" } else { "fp32" };
    Ok(Network { integers: Some(integers), ..on(session, Device::Cpu, precision) })
}
