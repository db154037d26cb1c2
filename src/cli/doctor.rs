//! `parfocal doctor`: versions, runtime, model and device; what is missing, if something is.

use clap::ArgMatches;
use serde_json::{json, Value};

use super::info::line;
use super::{model_path, open_model, open_options, say, say_json, Failure};
use crate::{model, runtime};

pub fn run(arguments: &ArgMatches) -> std::result::Result<(), Failure> {
    let options = open_options(arguments)?;
    let mut problems: Vec<String> = Vec::new();

    let loaded = runtime::load(options.runtime.as_deref());
    let (runtime_path, runtime_version) = match &loaded {
        Ok(runtime) => (json!(runtime.path.display().to_string()), json!(runtime.version)),
        Err(error) => {
            problems.push(error.message().to_owned());
            (Value::Null, Value::Null)
        }
    };
    let path = model_path(arguments);
    // Without a runtime the model can still be looked at.
    let described = match (&loaded, path) {
        (Ok(_), _) => open_model(arguments).map(|model| model.describe()),
        (Err(_), None) => {
            model::inspect(model::DEFAULT).map(|info| json!({ "name": info.name, "sha256": info.sha256 }))
        }
        (Err(_), Some(path)) => model::read_file(path).and_then(|bytes| {
            let info = model::inspect(&bytes).map_err(|e| e.context(path.display()))?;
            Ok(json!({ "name": info.name, "sha256": info.sha256 }))
        }),
    };
    let model = described.unwrap_or_else(|error| {
        problems.push(error.message().to_owned());
        Value::Null
    });
    let found = json!({
        "ok": problems.is_empty(),
        "version": env!("CARGO_PKG_VERSION"),
        "platform": format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH),
        "runtime_path": runtime_path,
        "runtime_version": runtime_version,
        "runtime_needed": format!("1.{} or later", runtime::OLDEST_MINOR),
        "model_file": path.map_or("built in".to_owned(), |p| p.display().to_string()),
        "model": model,
        "runtime_log": runtime::log(),
        "problems": problems,
    });
    if arguments.get_flag("json") {
        say_json(&found);
    } else {
        for (key, value) in found.as_object().into_iter().flatten() {
            match value {
                Value::Object(model) => model
                    .iter()
                    .filter(|(key, _)| !matches!(key.as_str(), "runtime_path" | "runtime_version"))
                    .for_each(|(key, value)| say(&line(&format!("  {key}"), value))),
                Value::Array(problems) if key == "problems" => {
                    problems.iter().filter_map(Value::as_str).for_each(|problem| say(&format!("missing: {problem}")))
                }
                value => say(&line(key, value)),
            }
        }
    }
    if problems.is_empty() {
        return Ok(());
    }
    Err(Failure::Reported)
}
