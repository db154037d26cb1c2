//! Where the network runs: decided when a model is opened, proved by a run that is compared with the CPU's.

use std::sync::Arc;

use once_cell::sync::OnceCell;

use crate::error::{Error, Result, Status};
use crate::image::frame::PixelType;
use crate::image::normalise::Range;
use crate::image::tile::GRID;
use crate::network::device::{Device, Precision};
use crate::network::runtime::Runtime;
use crate::network::session::{Session, SessionOptions};
use crate::onnx::edit;
use crate::task::Task;

/// How far a device's results may be from the CPU's, as a share of the range of these.
pub const TOLERANCE: f32 = 2e-3;
/// The probe's greatest value, that of a 12-bit camera.
const PROBE_RANGE: Range = Range { lo: 0.0, hi: 4095.0 };

/// A network where it runs.
pub struct Network {
    /// Takes and returns float32.
    pub session: Session,
    /// What proved itself; never `Auto`.
    pub device: Device,
    /// `fp32` or `fp16`.
    pub precision: &'static str,
    /// Sentences on what was tried and did not work.
    pub warnings: Vec<String>,
    integers: Option<Integers>,
}

/// Networks that take a camera's integers, made when they are first needed.
struct Integers {
    runtime: &'static Runtime,
    bytes: Arc<[u8]>,
    options: SessionOptions,
    /// `None`: could not be made.
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
    /// The network for whole frames of integers, where the device has one: integers go over, normalisation happens there.
    /// Tiles are cut and blended on the host, in float32, whatever the device.
    pub fn integers(&self, pixel_type: PixelType) -> Option<&Session> {
        let integers = self.integers.as_ref()?;
        match pixel_type {
            PixelType::U8 => integers.get(8),
            PixelType::U16 => integers.get(16),
            _ => None,
        }
    }
}

/// What the probe feeds, and what the CPU makes of it.
struct Probe {
    size: (usize, usize, usize),
    pixels: Vec<u16>,
    expected: Vec<f32>,
}

impl Probe {
    /// Not square: a graph that fits on paper may still change the shape.
    fn new(cpu: &Session) -> Result<Self> {
        // Frames come in multiples of this, whatever the model asks for.
        let (height, width) = (2 * GRID, 3 * GRID);
        let pixels: Vec<u16> = (0..height * width).map(|i| (i % 7 * 500 + i / width % 5 * 200) as u16).collect();
        let mut probe = Self { size: (1, height, width), pixels, expected: Vec::new() };
        probe.expected = probe.run(cpu).map_err(|e| {
            Error::new(Status::Model, format!("a probe run on {width}x{height} pixels failed: {}", e.message()))
        })?;
        Ok(probe)
    }

    fn run(&self, session: &Session) -> Result<Vec<f32>> {
        let images: Vec<f32> = self.pixels.iter().map(|&v| f32::from(v) / PROBE_RANGE.width() as f32).collect();
        session.run(&Task::new(), self.size, &images, |output| output.to_vec())
    }

    /// An error unless `found` is what the CPU returned.
    fn check(&self, device: Device, found: &[f32]) -> Result<()> {
        let (least, most) =
            self.expected.iter().fold((f32::MAX, f32::MIN), |(least, most), v| (least.min(*v), most.max(*v)));
        let range = (most - least).max(f32::MIN_POSITIVE);
        let worst = self.expected.iter().zip(found).map(|(a, b)| (a - b).abs());
        // Not `max`, which leaves NaN out.
        let worst = worst.fold(0.0f32, |worst, d| if d <= worst { worst } else { d }) / range;
        if worst <= TOLERANCE {
            return Ok(());
        }
        Err(Error::new(
            Status::Device,
            format!(
                "device={device}: a probe run differs from the CPU's by {worst} of its range; expected at most {TOLERANCE}: \
                 update its driver, or give device=cpu"
            ),
        ))
    }

    /// The same for a network on integers, whose rounding may cost another count.
    fn check_integers(&self, device: Device, session: &Session) -> Result<()> {
        let mut found = Vec::new();
        if !session.run_integers(&Task::new(), self.size, PROBE_RANGE, &self.pixels, &mut found)? {
            return Err(Error::new(Status::Device, format!("device={device}: a probe run is not finite")));
        }
        let width = PROBE_RANGE.width() as f32;
        // Compared where they did not saturate, and within the rounding.
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

/// What is asked of a network when a model is opened.
#[derive(Clone, Copy)]
pub struct Request {
    /// Where it is to run.
    pub device: Device,
    /// Numbers inside the network.
    pub precision: Precision,
    /// Threads of one run, on the CPU.
    pub threads: usize,
    /// Runs that may go on at once, on the CPU.
    pub runs: usize,
}

/// Opens a network on the device that is asked for. `bytes` must have passed `model_file::inspect`.
///
/// Errors: `Model`; `Device` for a device asked for by name that does not work; `Unsupported` for half precision where
/// there is none.
pub fn open(runtime: &'static Runtime, bytes: &[u8], request: Request) -> Result<Network> {
    let Request { device, precision, threads, runs } = request;
    // One copy, shared by all sessions that are made of it.
    let bytes: Arc<[u8]> = bytes.into();
    let session = Session::new(runtime, Arc::clone(&bytes), SessionOptions { device: Device::Cpu, threads, runs })?;
    let probe = Probe::new(&session)?;
    let cpu = |session, warnings| Network { session, device: Device::Cpu, precision: "fp32", warnings, integers: None };
    match device {
        Device::Cpu if precision == Precision::Fp16 => Err(no_half("the CPU computes in fp32")),
        Device::Cpu => Ok(cpu(session, Vec::new())),
        Device::Auto => match auto(runtime, &bytes, &probe, precision)? {
            Auto::Device(network) => Ok(network),
            Auto::Cpu(warnings) => Ok(cpu(session, warnings)),
        },
        device if device.is_in_runtime() => prove(runtime, &bytes, &probe, precision, device),
        device => Err(device.not_in_runtime(&runtime.version)),
    }
}

/// What `device=auto` comes to.
enum Auto {
    Device(Network),
    /// With a sentence for each device that was tried.
    Cpu(Vec<String>),
}

/// CUDA where it proves itself, else the CPU. Errors: `Unsupported` where half precision is asked for and there is none.
fn auto(runtime: &'static Runtime, bytes: &Arc<[u8]>, probe: &Probe, precision: Precision) -> Result<Auto> {
    let device = Device::cuda();
    if !device.is_in_runtime() {
        return match precision {
            Precision::Fp16 => Err(no_half("the CPU computes in fp32, and this ONNX Runtime has no CUDA")),
            _ => Ok(Auto::Cpu(Vec::new())),
        };
    }
    match prove(runtime, bytes, probe, precision, device) {
        Ok(network) => Ok(Auto::Device(network)),
        Err(why) if precision == Precision::Fp16 => {
            Err(no_half(&format!("the CPU computes in fp32, and CUDA does not work here: {}", why.message())))
        }
        Err(why) => Ok(Auto::Cpu(vec![format!("the CPU is used, CUDA does not work here: {}", why.message())])),
    }
}

fn is_fast(device: Device) -> bool {
    device.provider().is_some_and(|provider| provider.fast)
}

fn no_half(why: &str) -> Error {
    Error::new(Status::Unsupported, format!("precision=fp16: {why}; give precision=auto or fp32"))
}

/// Puts a network on a device, all of it, and compares what it computes.
fn prove(
    runtime: &'static Runtime,
    bytes: &Arc<[u8]>,
    probe: &Probe,
    precision: Precision,
    device: Device,
) -> Result<Network> {
    // Runs share the device: they would only take memory from each other.
    let options = SessionOptions { device, threads: 1, runs: 1 };
    let mut warnings = Vec::new();
    if precision == Precision::Fp16 || (precision == Precision::Auto && is_fast(device)) {
        let half = edit::to_half(bytes)
            .map_err(|why| Error::new(Status::Unsupported, format!("precision=fp16: not for this model: {why}")))
            .and_then(|half| on(runtime, half.into(), probe, options));
        match half {
            Ok((session, bytes)) => {
                let integers = integers(runtime, bytes, probe, options, &mut warnings);
                return Ok(Network { session, device, precision: "fp16", warnings, integers });
            }
            Err(error) if precision == Precision::Fp16 => return Err(error),
            Err(error) => warnings.push(format!("fp32 is used: {}", error.message())),
        }
    }
    let (session, bytes) = on(runtime, Arc::clone(bytes), probe, options)?;
    let integers = integers(runtime, bytes, probe, options, &mut warnings);
    Ok(Network { session, device, precision: "fp32", warnings, integers })
}

/// A session that the probe has shown to compute what the CPU computes.
fn on(
    runtime: &'static Runtime,
    bytes: Arc<[u8]>,
    probe: &Probe,
    options: SessionOptions,
) -> Result<(Session, Arc<[u8]>)> {
    let session = Session::new(runtime, Arc::clone(&bytes), options)?;
    probe.check(options.device, &probe.run(&session)?)?;
    Ok((session, bytes))
}

/// Networks on integers for a fast device, if the probe finds that they work.
fn integers(
    runtime: &'static Runtime,
    bytes: Arc<[u8]>,
    probe: &Probe,
    options: SessionOptions,
    warnings: &mut Vec<String>,
) -> Option<Integers> {
    if !is_fast(options.device) {
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
            warnings.push(format!("frames go over as float32: {}", error.message()));
            None
        }
    }
}

/// For tests without a device: what would run on one, on the CPU.
#[doc(hidden)]
pub fn open_as_on_a_device(runtime: &'static Runtime, bytes: &[u8], half: bool, threads: usize) -> Result<Network> {
    let options = SessionOptions { device: Device::Cpu, threads, runs: 1 };
    let probe = Probe::new(&Session::new(runtime, bytes.into(), options)?)?;
    let refused = |why: String| Error::new(Status::Unsupported, why);
    let bytes: Arc<[u8]> = if half { edit::to_half(bytes).map_err(refused)?.into() } else { bytes.into() };
    let (session, bytes) = on(runtime, bytes, &probe, options)?;
    let integers = Integers { runtime, bytes, options, sessions: Default::default() };
    let sixteen = integers.get(16).ok_or_else(|| refused("no network on integers".into()))?;
    probe.check_integers(options.device, sixteen)?;
    let precision = if half { "fp16" } else { "fp32" };
    Ok(Network { session, device: Device::Cpu, precision, warnings: Vec::new(), integers: Some(integers) })
}
