//! The doctor's report: what works on this machine, and what is missing. The same for every host.

use serde_json::{json, Value};

use crate::error::Result;
use crate::network::adapters::{self, Adapter};
use crate::network::plugin;
use crate::network::provider::{cuda_is_in_runtime, Provider, CUDA, WEBGPU};
use crate::network::runtime::{self, Runtime};
use crate::onnx::model_file;
use crate::onnx::models;
use crate::restore::model::Model;
use crate::restore::options::OpenOptions;

/// Versions, runtime, model and device. `problems` are sentences on what is missing; `ok` is true if there are none.
/// `opened` opens the model if there is a runtime, `inspected` reads its metadata if there is none.
pub fn report(
    options: &OpenOptions,
    model_file: &str,
    opened: impl FnOnce() -> Result<Model>,
    inspected: impl FnOnce() -> Result<model_file::Info>,
) -> Value {
    let mut problems: Vec<String> = Vec::new();
    let loaded = runtime::load(options.runtime.as_deref());
    let (runtime_path, runtime_version) = match &loaded {
        Ok(runtime) => (json!(runtime.path.display().to_string()), json!(runtime.version)),
        Err(error) => {
            problems.push(error.message().to_owned());
            (Value::Null, Value::Null)
        }
    };
    // Without a runtime the model's metadata can still be read.
    let described = match &loaded {
        Ok(_) => opened().map(|model| model.describe()),
        Err(_) => inspected().map(|info| json!({ "name": info.name, "sha256": info.sha256 })),
    };
    let model = described.unwrap_or_else(|error| {
        problems.push(error.message().to_owned());
        Value::Null
    });
    let graphics = adapters::list();
    json!({
        "ok": problems.is_empty(),
        "version": env!("CARGO_PKG_VERSION"),
        "platform": format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH),
        "runtime_path": runtime_path,
        "runtime_version": runtime_version,
        "runtime_needed": format!("1.{} or later", runtime::OLDEST_MINOR),
        "devices": devices(options, loaded.as_ref().ok().copied()),
        "adapters": graphics.map(|found| found.iter().map(Adapter::describe).collect::<Vec<_>>()).ok(),
        "adapters_missing": graphics.err(),
        "model_file": model_file,
        "models": models::names(),
        "model": model,
        "runtime_log": runtime::log(),
        "problems": problems,
    })
}

/// Devices other than the CPU: whether this runtime has them, and what else they need. Whether one works shows in the
/// model's `device`, `device_reason` and `warnings`, and in `problems`.
fn devices(options: &OpenOptions, loaded: Option<&Runtime>) -> Value {
    // Only a loaded library can be asked.
    let cuda = loaded.is_some() && cuda_is_in_runtime();
    let webgpu =
        loaded.is_some_and(|runtime| matches!(plugin::locate(runtime, options.plugin.as_deref()), Ok(Some(_))));
    let row = |provider: &Provider, in_runtime: bool| {
        let (device, needs) = (provider.key, provider.needs);
        json!({ "device": device, "in_runtime": in_runtime, "needs": needs })
    };
    json!([row(&CUDA, cuda), row(&WEBGPU, webgpu)])
}

/// The report on the built-in model with default options.
pub fn built_in() -> Value {
    let options = OpenOptions::default();
    report(&options, "built in", || Model::open(None, &options), || model_file::inspect(model_file::DEFAULT))
}
