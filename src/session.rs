//! One inference session: the only place that runs the network.

use std::sync::Arc;

use ort::session::{RunOptions, Session as OrtSession};
use ort::value::{TensorElementType, TensorRef, ValueType};

use crate::control::Task;
use crate::error::{Error, Result, Status};
use crate::pool::Pool;
use crate::runtime::Runtime;

/// A network that is ready to run, on the CPU, by several threads at once.
pub struct Session {
    /// ONNX Runtime's sessions run one batch at a time.
    sessions: Pool<OrtSession>,
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

fn make(runtime: &Runtime, bytes: &[u8], threads: usize) -> Result<OrtSession> {
    let fail = |e: &dyn std::fmt::Display| wrong(format!("ONNX Runtime {} refuses it: {e}", runtime.version));
    OrtSession::builder(&runtime.environment)
        .map_err(|e| fail(&e))?
        .with_intra_threads(threads)
        .map_err(|e| fail(&e))?
        // Planned from the first run, a block for all tensors would come on top of what that run had allocated:
        // measured at 2048x2048, base width 16: 906 bytes a pixel with, 526 without, and no faster.
        .with_memory_pattern(false)
        .map_err(|e| fail(&e))?
        .commit_from_memory(bytes)
        .map_err(|e| fail(&e))
}

/// Why a run failed: for want of memory, or otherwise.
fn failed(error: ort::Error, (count, height, width): (usize, usize, usize)) -> Error {
    let text = error.to_string();
    let memory = ["bad_alloc", "Failed to allocate memory", "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"];
    if memory.iter().any(|words| text.contains(words)) {
        return Error::new(
            Status::OutOfMemory,
            format!("no memory for the network on {count} images of {width}x{height}: give a smaller tile or memory"),
        );
    }
    Error::new(Status::Internal, format!("the network failed on {count} images of {width}x{height}: {text}"))
}

impl Session {
    /// `bytes` must have passed `model::inspect`. Up to `most` runs go on at once, on `threads` threads each; the first
    /// is made ready here, another when it is needed. Errors: `Model`.
    pub fn new(runtime: &'static Runtime, bytes: &[u8], threads: usize, most: usize) -> Result<Self> {
        let first = make(runtime, bytes, threads)?;
        let input = check("input", first.inputs())?;
        let output = check("output", first.outputs())?;
        let bytes: Arc<[u8]> = bytes.into();
        Ok(Self { sessions: Pool::new(first, most, move || make(runtime, &bytes, threads)), input, output })
    }

    /// How many runs can go on at once.
    pub fn most(&self) -> usize {
        self.sessions.most()
    }

    /// Runs a batch of `count` images of `height` x `width` and hands the result, of the same shape, to `take`.
    ///
    /// Errors: `Cancelled` when the task is cancelled before or during the run; `OutOfMemory`; `Model`.
    pub fn run<R>(
        &self,
        task: &Task,
        (count, height, width): (usize, usize, usize),
        images: &[f32],
        take: impl FnOnce(&[f32]) -> R,
    ) -> Result<R> {
        let fail = |e: ort::Error| failed(e, (count, height, width));
        let input = TensorRef::from_array_view(([count, 1, height, width], images)).map_err(fail)?;
        // One for each run: a terminated one stays so.
        let options = Arc::new(RunOptions::new().map_err(fail)?);
        let terminate = Arc::clone(&options);
        let mut lent = self.sessions.take(task)?;
        let done = task.guarded(
            move || {
                // Nothing can be done about a failure here; the run then ends by itself.
                let _ = terminate.terminate();
            },
            || {
                let result = lent.get().run_with_options(ort::inputs![self.input.as_str() => input], &options);
                task.check()?;
                let outputs = result.map_err(fail)?;
                let (shape, data) = outputs[self.output.as_str()].try_extract_tensor::<f32>().map_err(fail)?;
                if shape[..] != [count as i64, 1, height as i64, width as i64] {
                    return Err(wrong(format!(
                        "the network turned [{count}, 1, {height}, {width}] into {:?}; expected the same shape",
                        &shape[..]
                    )));
                }
                Ok(take(data))
            },
        )?;
        if done.as_ref().is_err_and(|e| e.status() == Status::OutOfMemory) {
            // Its arena keeps what it had got: a new session starts without.
            lent.discard();
        }
        done
    }
}
