//! What `parfocal restore` prints: a line for each file, a table at the end, JSON.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{json, Value};

use super::batch::Done;
use super::output::{complain, say, say_json};
use crate::error::Result;
use crate::restore::file::FileReport;
use crate::restore::forecast::Forecast;

type Job = (PathBuf, PathBuf);

/// Prints the warnings of a file, and what became of it.
pub fn print_file((input, output): &Job, done: &Done, machine: bool) {
    match done {
        Done::Restored(report, time) => {
            report.run.warnings.iter().for_each(|w| complain("warning", &format!("{}: {w}", input.display())));
            if !machine {
                say(&sentence(input, output, report, *time));
            }
        }
        Done::Skipped if !machine => {
            say(&format!("{} -> {}: complete already, left out", input.display(), output.display()));
        }
        Done::Failed(error, _) => complain("error", error.message()),
        Done::Skipped | Done::NotBegun => {}
    }
}

fn sentence(input: &Path, output: &Path, report: &FileReport, time: Duration) -> String {
    let pages = if report.pages == 1 { "1 page".to_owned() } else { format!("{} pages", report.pages) };
    let kinds = if report.uniform { "" } else { " and other kinds" };
    let mut text = format!(
        "{} -> {}: {pages} of {}{kinds}, {:.1} s",
        input.display(),
        output.display(),
        report.format,
        time.as_secs_f64()
    );
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

/// A row for each file, and the sums.
pub fn print_table(jobs: &[Job], done: &[Done], time: Duration) {
    say("");
    say(&format!("{:<10}{:>7}{:>10}  input", "result", "pages", "seconds"));
    let mut counts = [0; 4];
    for ((input, _), done) in jobs.iter().zip(done) {
        let (kind, word, pages, seconds) = match done {
            Done::Restored(report, time) => (0, "restored", report.pages.to_string(), Some(time)),
            Done::Skipped => (1, "left out", "-".into(), None),
            Done::Failed(_, time) => (2, "failed", "-".into(), Some(time)),
            Done::NotBegun => (3, "not begun", "-".into(), None),
        };
        counts[kind] += 1;
        let seconds = seconds.map_or("-".into(), |time| format!("{:.1}", time.as_secs_f64()));
        say(&format!("{word:<10}{pages:>7}{seconds:>10}  {}", input.display()));
    }
    let words = ["restored", "left out, since complete", "failed", "not begun"];
    let sums: Vec<_> =
        counts.iter().zip(words).filter(|(&n, _)| n > 0).map(|(n, word)| format!("{n} {word}")).collect();
    say(&format!("{} files: {} in {:.1} s", jobs.len(), sums.join(", "), time.as_secs_f64()));
}

/// What would be done.
pub fn print_dry_run(jobs: &[Job], forecasts: &[Result<Forecast>], machine: bool) {
    if machine {
        let files: Vec<_> = jobs.iter().zip(forecasts).map(forecast_entry).collect();
        return say_json(&json!({ "dry_run": true, "files": files }));
    }
    let (mut bytes, mut seconds) = (0, 0.0);
    for ((input, output), forecast) in jobs.iter().zip(forecasts) {
        match forecast {
            Ok(forecast) => {
                forecast.warnings.iter().for_each(|w| complain("warning", &format!("{}: {w}", input.display())));
                bytes += forecast.most_bytes;
                seconds += forecast.seconds;
                say(&format!(
                    "{} -> {}: would write {} pages of {}, at most {}, in about {}",
                    input.display(),
                    output.display(),
                    forecast.pages,
                    forecast.format,
                    size(forecast.most_bytes),
                    duration(forecast.seconds)
                ));
            }
            Err(error) => complain("error", error.message()),
        }
    }
    if jobs.len() > 1 {
        say(&format!("{} files: at most {}, about {}", jobs.len(), size(bytes), duration(seconds)));
    }
    say("nothing was written");
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} kB", bytes.div_ceil(1000)),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}

fn duration(seconds: f64) -> String {
    match seconds {
        ..120.0 => format!("{seconds:.1} s"),
        ..7200.0 => format!("{:.0} min", seconds / 60.0),
        _ => format!("{:.1} h", seconds / 3600.0),
    }
}

fn forecast_entry(((input, output), forecast): (&Job, &Result<Forecast>)) -> Value {
    let mut value = names(input, output);
    extend(
        &mut value,
        match forecast {
            Ok(forecast) => json!({
                "ok": true,
                "width": forecast.format.width,
                "height": forecast.format.height,
                "pages": forecast.pages,
                "pixel_type": forecast.format.stored.to_string(),
                "channels": forecast.format.channels.to_string(),
                "most_bytes": forecast.most_bytes,
                "seconds": forecast.seconds,
                "warnings": forecast.warnings,
            }),
            Err(e) => failure(e),
        },
    );
    value
}

fn names(input: &Path, output: &Path) -> Value {
    json!({ "input": input.display().to_string(), "output": output.display().to_string() })
}

fn failure(error: &crate::error::Error) -> Value {
    json!({ "ok": false, "status": format!("{:?}", error.status()), "error": error.message() })
}

/// One file in the JSON report: its names, its format, the time, and the keys of `FileReport::describe`.
pub fn entry(((input, output), done): (&Job, &Done)) -> Value {
    let mut value = names(input, output);
    let more = match done {
        Done::Restored(report, time) => {
            let mut more = json!({
                "ok": true,
                "width": report.format.width,
                "height": report.format.height,
                "pages": report.pages,
                "pixel_type": report.format.stored.to_string(),
                "channels": report.format.channels.to_string(),
                "seconds": time.as_secs_f64(),
            });
            extend(&mut more, report.describe());
            more
        }
        Done::Skipped => json!({ "ok": true, "skipped": true }),
        Done::Failed(error, _) => failure(error),
        Done::NotBegun => json!({ "ok": false }),
    };
    extend(&mut value, more);
    value
}

fn extend(value: &mut Value, more: Value) {
    if let (Some(value), Value::Object(more)) = (value.as_object_mut(), more) {
        value.extend(more);
    }
}
