//! `parfocal restore`: restores files, with progress on a terminal and a clean end on Ctrl-C.

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::{Arg, ArgAction, ArgMatches, Command};
use serde_json::{json, Value};

use super::arguments::{flags, json, model, open_model, path, run_options};
use super::output::{complain, say, say_json, Failure};
use super::outputs::{check_inputs_survive, outputs};
use super::progress::with_progress;
use super::stop::Stop;
use crate::error::{Error, Result, Status};
use crate::restore::file::{FileJob, FileReport};
use crate::restore::model::Model;
use crate::restore::options::{RunOptions, Scope};
use crate::restore::set::Set;

/// The subcommand and its arguments.
pub fn command() -> Command {
    Command::new("restore")
        .about("Restore TIFF images; the outputs keep pixel type, pages and metadata")
        .arg(path("INPUT").required(true).num_args(1..).help("TIFF files, single images or stacks"))
        .arg(
            path("OUT").short('o').long("output").required(true).help(
                "The output file; or a folder (existing, or ending in '/') that gets <name>-restored.tif of each",
            ),
        )
        .arg(
            Arg::new("force")
                .long("force")
                .action(ArgAction::SetTrue)
                .help("Overwrite outputs that exist; an input is never overwritten"),
        )
        .arg(json().help("Print a report as JSON"))
        .arg(model())
        .args(flags(&[Scope::Open, Scope::Run]))
}

pub fn run(arguments: &ArgMatches) -> std::result::Result<(), Failure> {
    let inputs: Vec<&PathBuf> = arguments.get_many("INPUT").into_iter().flatten().collect();
    // clap has checked that it is there.
    let out: &PathBuf = arguments.get_one("OUT").expect("required");
    let force = arguments.get_flag("force");
    let machine = arguments.get_flag("json");
    let options = run_options(arguments)?;
    let (jobs, folder) = outputs(&inputs, out)?;
    check_inputs_survive(&jobs)?;

    let mut batch = Batch { arguments, options, force, set: Set::new(&jobs), stop: Stop::install()?, model: None };
    let new_folder = folder.filter(|f| !f.exists());
    if let Some(folder) = new_folder {
        std::fs::create_dir(folder).map_err(|e| {
            Error::new(Status::Io, format!("{}: the output folder cannot be made: {e}", folder.display()))
        })?;
    }
    let mut results: Vec<Value> = Vec::new();
    let mut failed = false;
    for (index, (input, output)) in jobs.iter().enumerate() {
        let place = if jobs.len() > 1 { format!("{}/{} ", index + 1, jobs.len()) } else { String::new() };
        let started = Instant::now();
        let done = batch.restore(input, output, &place);
        let seconds = started.elapsed().as_secs_f64();
        match &done {
            Ok(report) => {
                report.run.warnings.iter().for_each(|w| complain("warning", &format!("{}: {w}", input.display())));
                if !machine {
                    say(&sentence(input, output, report, seconds));
                }
            }
            Err(error) => {
                complain("error", error.message());
                failed = true;
            }
        }
        results.push(entry(input, output, &done, seconds));
        if batch.stop.asked() {
            failed |= index + 1 < jobs.len();
            break;
        }
    }
    if let Some(folder) = new_folder.filter(|_| failed) {
        // Removes the folder if nothing was restored; a folder that has files stays.
        let _ = std::fs::remove_dir(folder);
    }
    if machine {
        say_json(&json!({ "files": results, "model": batch.model.as_ref().map(Model::describe) }));
    }
    if failed {
        return Err(Failure::Reported);
    }
    Ok(())
}

/// What all files of one call share.
struct Batch<'a> {
    arguments: &'a ArgMatches,
    options: RunOptions,
    force: bool,
    set: Set,
    stop: Stop,
    /// Opened for the first file that can be read.
    model: Option<Model>,
}

impl Batch<'_> {
    fn restore(&mut self, input: &Path, output: &Path, place: &str) -> Result<FileReport> {
        let job = FileJob::open_in_set(input, output, self.force, &self.set)?;
        let model = match &mut self.model {
            Some(model) => model,
            none => {
                let model = none.insert(open_model(self.arguments)?);
                model.device_warnings().iter().for_each(|w| complain("warning", w));
                model
            }
        };
        let task = self.stop.task();
        let name = format!("{place}{}", input.file_name().unwrap_or_default().to_string_lossy());
        with_progress(&task, &name, || job.restore(model, &task, &self.options))
    }
}

fn sentence(input: &Path, output: &Path, report: &FileReport, seconds: f64) -> String {
    let pages = if report.pages == 1 { "1 page".to_owned() } else { format!("{} pages", report.pages) };
    let mut text = format!("{} -> {}: {pages} of {}, {seconds:.1} s", input.display(), output.display(), report.format);
    if let Some(tile) = report.run.tile {
        text += &format!(", tiles of {tile} with a halo of {}", report.run.halo);
    }
    if report.run.constant_planes > 0 {
        text += &format!(", {} constant copied", report.run.constant_planes);
    }
    if report.run.nonfinite > 0 {
        text += &format!(", {} samples that are not finite kept", report.run.nonfinite);
    }
    text
}

/// One file in the JSON report: its names, its format, the time, and the keys of `FileReport::describe`.
fn entry(input: &Path, output: &Path, done: &Result<FileReport>, seconds: f64) -> Value {
    let mut value = json!({ "input": input.display().to_string(), "output": output.display().to_string() });
    let more = match done {
        Ok(report) => {
            let mut more = json!({
                "ok": true,
                "width": report.format.width,
                "height": report.format.height,
                "pages": report.pages,
                "pixel_type": report.format.stored.to_string(),
                "channels": report.format.channels.to_string(),
                "seconds": seconds,
            });
            extend(&mut more, report.describe());
            more
        }
        Err(e) => json!({ "ok": false, "status": format!("{:?}", e.status()), "error": e.message() }),
    };
    extend(&mut value, more);
    value
}

fn extend(value: &mut Value, more: Value) {
    if let (Some(value), Value::Object(more)) = (value.as_object_mut(), more) {
        value.extend(more);
    }
}
