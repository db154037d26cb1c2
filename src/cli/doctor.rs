//! `parfocal doctor`: versions, runtime, model and device; what is missing, if something is.

use clap::ArgMatches;
use serde_json::Value;

use super::info::line;
use super::{model_path, open_model, open_options, say, say_json, Failure};
use crate::{doctor, model};

pub fn run(arguments: &ArgMatches) -> std::result::Result<(), Failure> {
    let options = open_options(arguments)?;
    let path = model_path(arguments);
    let file = path.map_or("built in".to_owned(), |p| p.display().to_string());
    let inspect = || match path {
        None => model::inspect(model::DEFAULT),
        Some(path) => model::inspect(&model::read_file(path)?).map_err(|e| e.context(path.display())),
    };
    let found = doctor::report(&options, &file, || open_model(arguments), inspect);
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
                Value::Array(devices) if key == "devices" => devices.iter().for_each(|device| {
                    let built = if device["in_runtime"] == true { "in this runtime" } else { "not in this runtime" };
                    let text = |key: &str| device[key].as_str().unwrap_or_default();
                    say(&format!("device {}: {built}; needs {}", text("device"), text("needs")));
                }),
                value => say(&line(key, value)),
            }
        }
    }
    if found["ok"] == true {
        return Ok(());
    }
    Err(Failure::Reported)
}
