//! Making sessions of ONNX Runtime on a device, and what it means when one, or a run of it, fails.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::time::Duration;

use ort::environment::ThreadManager;
use ort::session::builder::SessionBuilder;
use ort::session::Session as OrtSession;

use crate::error::{Error, Result, Status};
use crate::guest::leaving;
use crate::guest::threads::{self, Priority, Running};
use crate::network::apart;
use crate::network::device::Device;
use crate::network::outlets::wrong;
use crate::network::provider;
use crate::network::runtime::{fault, is_device_memory, is_memory, Runtime};
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

/// A session of ONNX Runtime. On a device that has turns it is closed in one.
pub(super) struct Own {
    session: Option<OrtSession>,
    turns: bool,
}

impl Own {
    pub(super) fn get(&mut self) -> &mut OrtSession {
        // Only `drop` takes it out.
        self.session.as_mut().expect("there until it is dropped")
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        let turn = if self.turns { apart::turn(&Task::new()).map(Some) } else { Ok(None) };
        // Without a turn the device hangs, or the process is ending: then it stays.
        match turn {
            Ok(_turn) => drop(self.session.take()),
            Err(_) => std::mem::forget(self.session.take()),
        }
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

pub(super) fn make(runtime: &Runtime, bytes: &[u8], options: SessionOptions) -> Result<Own> {
    let _inside = leaving::enter()?;
    let turns = has_turns(options.device);
    let turn = if turns { Some(apart::turn(&Task::new())?) } else { None };
    fault();
    // It may load a GPU's driver, whose threads must not run behind its destructors.
    let session = match turns {
        true => leaving::ahead_of_drivers(|| made(runtime, bytes, options)),
        false => made(runtime, bytes, options),
    };
    let fault = fault().filter(|_| turns);
    // Closed within the turn if there was a fault.
    let session = session.and_then(|session| match fault {
        Some(text) => Err(unmade(options.device, &text)),
        None => Ok(session),
    });
    drop(turn);
    Ok(Own { session: Some(session?), turns })
}

/// The error of a session that cannot be made, from ONNX Runtime's message.
fn unmade(device: Device, text: &str) -> Error {
    if is_memory(text) || (device != Device::Cpu && is_device_memory(text)) {
        return Error::new(
            Status::OutOfMemory,
            "no memory for the network itself; expected some tens of MiB: close other models, or raise the limit",
        );
    }
    device.refused(text)
}

/// Whether the device's sessions must not be used at once, and a run on it may not come back.
pub(super) fn has_turns(device: Device) -> bool {
    matches!(device, Device::WebGpu(_) | Device::Plugin(_))
}

fn made(runtime: &Runtime, bytes: &[u8], options: SessionOptions) -> Result<OrtSession> {
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
        match options.device {
            Device::Cpu if !is_memory(&text) => wrong(format!("ONNX Runtime {} refuses it: {text}", runtime.version)),
            device => unmade(device, &text),
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
pub(super) fn failed(error: ort::Error, device: Device, size: (usize, usize, usize)) -> Error {
    spoiled(error.to_string(), device, size)
}

/// As `failed`, from the message.
pub(super) fn spoiled(text: String, device: Device, (count, height, width): (usize, usize, usize)) -> Error {
    if is_memory(&text) || (device != Device::Cpu && is_device_memory(&text)) {
        return Error::new(
            Status::OutOfMemory,
            format!("no memory for the network on {count} images of {width}x{height}: give a smaller tile or memory"),
        );
    }
    let what = format!("the network failed on {count} images of {width}x{height} (device={device})");
    if device == Device::Cpu {
        return Error::new(Status::Model, format!("{what}: {text}"));
    }
    if text.contains("evice] is lost") || text.contains("evice lost") || text.contains("VK_ERROR_DEVICE_LOST") {
        let advice = "run it again, which takes a new device; if that repeats, update the driver or give device=cpu";
        return Error::new(Status::Device, format!("{what}: the device was lost: {advice}. {}", text.trim()));
    }
    Error::new(Status::Device, format!("{what}: {}; run it again, or give device=cpu", text.trim()))
}

/// The error of a run that did not come back.
pub(super) fn late(device: Device, (count, height, width): (usize, usize, usize), time: Option<Duration>) -> Error {
    let time = time.map_or(String::new(), |time| format!(" within {} s", time.as_secs_f32().round()));
    let advice = "it hangs, or is far too slow: start another process with device=cpu, or update its driver";
    let what = format!("the network did not come back{time} on {count} images of {width}x{height}");
    Error::new(Status::Device, format!("device={device}: {what}: {advice}"))
}
