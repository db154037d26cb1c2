//! Chooses the device when a model is opened.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::guest::leaving;
use crate::image::frame::resize;
use crate::image::tile::GRID;
use crate::network::adapters::{self, Kind};
use crate::network::device::{Device, Precision};
use crate::network::plugin;
use crate::network::proof::{no_half, on, prove, Network, Parts, Probe, Request};
use crate::network::provider::cuda_is_in_runtime;
use crate::network::runtime::Runtime;
use crate::network::session::Session;
use crate::task::Task;

/// Opens a network on the requested device.
///
/// Errors: `Model`; `Device` if a device requested by name does not work; `Unsupported` if half precision is requested
/// and not available.
pub fn open(runtime: &'static Runtime, parts: &Parts, request: Request) -> Result<Network> {
    let Request { device, precision, .. } = request;
    // One copy, shared by all its sessions.
    let bytes = Arc::clone(&parts.restorer);
    let cpu_options = request.sessions(Device::Cpu);
    let first = || {
        let session = Session::new(runtime, Arc::clone(&bytes), cpu_options, 2 * parts.frequencies)?;
        Ok((Probe::new(&session, parts.focused())?, session))
    };
    // The first run of the process is this one.
    static WATCHED: AtomicBool = AtomicBool::new(false);
    let watched = WATCHED.swap(true, Ordering::Relaxed);
    let (probe, session) = if watched { first() } else { leaving::watching_exit(first) }?;
    let cpu = |session, reason, warnings| Network { reason, warnings, ..on(session, Device::Cpu, "fp32") };
    let network = match device {
        Device::Cpu if precision == Precision::Fp16 => Err(no_half("the CPU computes in fp32")),
        Device::Cpu => Ok(cpu(session, None, Vec::new())),
        Device::Auto => match auto(runtime, &bytes, &probe, &session, request)? {
            Ok(network) => Ok(network),
            Err(Why { reason, warnings }) => Ok(cpu(session, Some(reason), warnings)),
        },
        Device::Cuda(_) if !cuda_is_in_runtime() => Err(device.not_in_runtime(&runtime.version)),
        device => {
            let adapter = plugin::prepare(runtime, device, request.choice)?;
            prove(runtime, &bytes, &probe, request, device, adapter)
        }
    }?;
    Ok(Network { estimator: parts.estimator(runtime, cpu_options)?, ..network })
}

/// Why `auto` is the CPU.
struct Why {
    reason: String,
    /// What is worth a warning: a GPU that was tried and does not work.
    warnings: Vec<String>,
}

/// CUDA if it passes the probe, else a hardware GPU through WebGPU if it does and is fast; `Err` inside `Ok` means the
/// CPU.
///
/// Errors: `Unsupported` if half precision is requested and not available.
fn auto(
    runtime: &'static Runtime,
    bytes: &Arc<Vec<u8>>,
    probe: &Probe,
    cpu: &Session,
    request: Request,
) -> Result<std::result::Result<Network, Why>> {
    let half = request.precision == Precision::Fp16;
    let mut warnings = Vec::new();
    if cuda_is_in_runtime() {
        match prove(runtime, bytes, probe, request, Device::cuda(), None) {
            Ok(network) => {
                let reason = Some("CUDA works here and passed the probe".to_owned());
                return Ok(Ok(Network { reason, ..network }));
            }
            Err(why) => warnings.push(format!("the CPU is used, CUDA does not work here: {}", why.message())),
        }
    }
    let reason = match webgpu(runtime, bytes, probe, cpu, request) {
        Ok(network) => return Ok(Ok(Network { warnings: [warnings, network.warnings].concat(), ..network })),
        Err(NoGpu::Absent(reason)) => format!("the CPU is used: {reason}"),
        Err(NoGpu::Unfit(reason)) => {
            let reason = format!("the CPU is used, WebGPU was tried: {reason}");
            warnings.push(reason.clone());
            reason
        }
    };
    if !half {
        return Ok(Err(Why { reason, warnings }));
    }
    let why = warnings.first().unwrap_or(&reason);
    Err(no_half(&format!("the CPU computes in fp32, and no GPU works here: {why}")))
}

/// Why WebGPU is not chosen.
enum NoGpu {
    /// There is none: nothing to warn about.
    Absent(String),
    /// There is one, and it does not work or is slow.
    Unfit(String),
}

/// WebGPU on a hardware adapter, if it passes the probe and is at least `FASTER` times as fast as the CPU.
fn webgpu(
    runtime: &'static Runtime,
    bytes: &Arc<Vec<u8>>,
    probe: &Probe,
    cpu: &Session,
    request: Request,
) -> std::result::Result<Network, NoGpu> {
    let device = Device::webgpu();
    match plugin::locate(runtime, request.choice.library) {
        Ok(Some(_)) => {}
        Ok(None) => return Err(NoGpu::Absent("WebGPU's library does not lie beside ONNX Runtime".to_owned())),
        Err(error) => return Err(NoGpu::Unfit(error.message().to_owned())),
    }
    let adapter = adapters::list().map_err(|why| NoGpu::Absent(why.to_owned()))?.first();
    let adapter = adapter.ok_or_else(|| NoGpu::Absent("Vulkan lists no adapter".to_owned()))?;
    if adapter.kind == Kind::Software {
        let reason = format!("the only graphics adapter is {}, a program on the processor", adapter.name);
        return Err(NoGpu::Absent(reason));
    }
    let unfit = |error: Error| NoGpu::Unfit(error.message().to_owned());
    plugin::prepare(runtime, device, request.choice).map_err(unfit)?;
    let network = prove(runtime, bytes, probe, request, device, Some(adapter)).map_err(unfit)?;
    let faster = speed_up(cpu, &network.session, probe).map_err(unfit)?;
    if faster < FASTER {
        let found = format!("{} runs the network {faster:.2} times as fast as the CPU", adapter.name);
        return Err(NoGpu::Unfit(format!("{found}; expected at least {FASTER} times")));
    }
    let reason = format!("WebGPU on {} ran a probe {faster:.1} times as fast as the CPU", adapter.name);
    Ok(Network { reason: Some(reason), ..network })
}

/// How much faster than the CPU a GPU must be for `auto` to choose it.
const FASTER: f64 = 2.0;

/// How many times as fast as the CPU a device runs an image for which the CPU takes about 50 ms. A device that is slow
/// at the small probe already is not asked.
fn speed_up(cpu: &Session, device: &Session, probe: &Probe) -> Result<f64> {
    const TIME: Duration = Duration::from_millis(50);
    let (_, height, width) = probe.size;
    let small = |session| time(session, (height, width), &probe.condition);
    let (processor, other) = (small(cpu)?, small(device)?);
    if other > 4 * TIME {
        return Ok(processor.as_secs_f64() / other.as_secs_f64());
    }
    let pixels = (height * width) as f64 * TIME.as_secs_f64() / processor.as_secs_f64();
    let side = (pixels.sqrt() as usize / GRID).clamp(3, 64) * GRID;
    let large = |session| time(session, (side, side), &probe.condition);
    // Once to get memory and compile, once for the time.
    large(device)?;
    let other = large(device)?;
    Ok(large(cpu)?.as_secs_f64() / other.as_secs_f64().max(1e-6))
}

/// The time of a run on a plain image.
fn time(session: &Session, (height, width): (usize, usize), condition: &[f32]) -> Result<Duration> {
    let mut image = Vec::new();
    resize(&mut image, height * width)?;
    image.fill(0.5);
    let started = Instant::now();
    session.run(&Task::new(), (1, height, width), &image, condition, |_| ())?;
    Ok(started.elapsed())
}
