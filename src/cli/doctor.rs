//! `parfocal doctor`: versions, runtime, model and device, and what is missing.

use std::path::PathBuf;

use clap::{ArgMatches, Command};
use serde_json::Value;

use super::arguments::{flags, json, model, model_path, open_model, open_options};
use super::output::{line, say, say_json, Failure};
use crate::onnx::model_file;
use crate::onnx::models;
use crate::restore::doctor;
use crate::restore::options::Scope;

/// The subcommand and its arguments.
pub fn command() -> Command {
    Command::new("doctor")
        .about("Tell what runs here, or what is missing")
        .arg(json())
        .arg(model())
        .args(flags(&[Scope::Open]))
}

pub fn run(arguments: &ArgMatches) -> std::result::Result<(), Failure> {
    let options = open_options(arguments)?;
    let path = model_path(arguments);
    let file = path.map_or("built in".to_owned(), |p| p.display().to_string());
    let inspect = || {
        let inspected = model_file::inspect(&models::find(path.map(PathBuf::as_path))?.bytes);
        inspected.map_err(|e| path.map_or(e.clone(), |path| e.context(path.display())))
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
                Value::Array(names) if key == "models" => {
                    let names: Vec<_> = names.iter().filter_map(Value::as_str).collect();
                    say(&format!("models: {}", names.join(", ")));
                }
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
