//! `parfocal restore`: restores files, with progress on a terminal and a clean end on Ctrl-C.

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::{Arg, ArgAction, ArgMatches, Command};
use serde_json::json;

use super::arguments::{file_options, flags, json, model, path};
use super::batch::{Batch, Done};
use super::output::{say_json, Failure};
use super::outputs::{check_inputs_survive, outputs, Jobs};
use super::stop::Stop;
use super::summary::{entry, print_dry_run, print_file, print_table};
use crate::error::{Error, Status};
use crate::restore::model::Model;
use crate::restore::options::{ErrorMap, FileOptions, Scope};

/// The subcommand and its arguments.
pub fn command() -> Command {
    let switch =
        |name: &'static str, help: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue).help(help);
    Command::new("restore")
        .about("Restore TIFF images; the outputs keep pixel type, pages and metadata")
        .after_help("Exit codes: 0 done, 1 failed, 2 wrong usage, 3 some of many files failed.")
        .arg(path("INPUT").required(true).num_args(1..).help("TIFF files, single images or stacks"))
        .arg(
            path("OUT").short('o').long("output").required(true).help(
                "The output file; or a folder (existing, or ending in '/') that gets <name>-restored.tif of each",
            ),
        )
        .arg(switch("force", "Overwrite outputs that exist; an input is never overwritten"))
        .arg(
            switch("resume", "Leave out files whose output is complete and was made with the same model and settings")
                .conflicts_with("force"),
        )
        .arg(
            switch(
                "dry-run",
                "Write nothing; tell what would be written, where, how large, and about how long it takes",
            )
            .conflicts_with("resume"),
        )
        .arg(json().help("Print a report as JSON"))
        .arg(model())
        .args(flags(&[Scope::Open, Scope::Run, Scope::File]))
}

pub fn run(arguments: &ArgMatches) -> std::result::Result<(), Failure> {
    let inputs: Vec<&PathBuf> = arguments.get_many("INPUT").into_iter().flatten().collect();
    // clap has checked that it is there.
    let out: &PathBuf = arguments.get_one("OUT").expect("required");
    let options = FileOptions { force: arguments.get_flag("force"), ..file_options(arguments)? };
    if let (ErrorMap::File(path), [_, _, ..]) = (&options.run.error_map, &inputs[..]) {
        return Err(Failure::Usage(format!(
            "--error-map {}: one file for the maps of {} inputs; expected on, which writes one beside each output",
            path.display(),
            inputs.len()
        )));
    }
    let (jobs, folder) = outputs(&inputs, out, options.ome_tiff)?;
    check_inputs_survive(&jobs)?;
    let batch = Batch::new(arguments, options, &jobs, Stop::install()?);
    let new_folder = folder.filter(|folder| !folder.exists());
    if arguments.get_flag("dry-run") {
        return dry_run(&batch, &jobs, new_folder);
    }
    if let Some(folder) = new_folder {
        std::fs::create_dir(folder).map_err(|e| {
            Error::new(Status::Io, format!("{}: the output folder cannot be made: {e}", folder.display()))
        })?;
    }
    let machine = arguments.get_flag("json");
    let started = Instant::now();
    let done = batch.all(arguments.get_flag("resume"), |index, done| {
        print_file(&jobs[index], done, machine);
    });
    let failed = done.iter().filter(|done| matches!(done, Done::Failed(..) | Done::NotBegun)).count();
    if let Some(folder) = new_folder.filter(|_| failed > 0) {
        // Removes the folder if nothing was restored; a folder that has files stays.
        let _ = std::fs::remove_dir(folder);
    }
    if machine {
        let files: Vec<_> =
            jobs.iter().zip(&done).filter(|(_, done)| !matches!(done, Done::NotBegun)).map(entry).collect();
        say_json(&json!({ "files": files, "model": batch.model().as_deref().map(Model::describe) }));
    } else if jobs.len() > 1 {
        print_table(&jobs, &done, started.elapsed());
    }
    match failed {
        0 => Ok(()),
        _ if failed < jobs.len() && !batch.stopped() => Err(Failure::InPart),
        _ => Err(Failure::Reported),
    }
}

fn dry_run(batch: &Batch, jobs: &Jobs, new_folder: Option<&Path>) -> std::result::Result<(), Failure> {
    if let Some(folder) = new_folder {
        // Outputs are checked against their folder, which is not made now; its own place must be there.
        let parent = folder.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if !parent.is_dir() {
            let what =
                format!("{}: the output folder cannot be made: there is no {}", folder.display(), parent.display());
            return Err(Error::new(Status::NotFound, what).into());
        }
    }
    let forecasts = batch.forecasts(new_folder.is_some());
    let failed = forecasts.iter().filter(|forecast| forecast.is_err()).count();
    print_dry_run(jobs, &forecasts, batch.machine());
    match failed {
        0 => Ok(()),
        _ if failed < jobs.len() => Err(Failure::InPart),
        _ => Err(Failure::Reported),
    }
}
