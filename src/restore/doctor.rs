//! The doctor's report: what works on this machine, and what is missing. The same for every host.

use serde_json::{json, Value};

use crate::error::Result;
use crate::network::provider::PROVIDERS;
use crate::network::runtime;
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
    json!({
        "ok": problems.is_empty(),
        "version": env!("CARGO_PKG_VERSION"),
        "platform": format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH),
        "runtime_path": runtime_path,
        "runtime_version": runtime_version,
        "runtime_needed": format!("1.{} or later", runtime::OLDEST_MINOR),
        "devices": devices(loaded.is_ok()),
        "model_file": model_file,
        "models": models::names(),
        "model": model,
        "runtime_log": runtime::log(),
        "problems": problems,
    })
}

/// Devices other than the CPU: whether this runtime was built for them, and what else they need. Whether one works
/// shows in the model's `device` and `warnings`, and in `problems`.
fn devices(loaded: bool) -> Value {
    let rows = PROVIDERS.iter().map(|provider| {
        // Only a loaded library can be asked.
        let in_runtime = loaded && (provider.is_in_runtime)();
        json!({ "device": provider.key, "in_runtime": in_runtime, "needs": provider.needs })
    });
    Value::Array(rows.collect())
}

/// The report on the built-in model with default options.
pub fn built_in() -> Value {
    let options = OpenOptions::default();
    report(&options, "built in", || Model::open(None, &options), || model_file::inspect(model_file::DEFAULT))
}
