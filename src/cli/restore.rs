//! `parfocal restore`: files in, files out, with progress on a terminal and a clean end on Ctrl-C.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use clap::ArgMatches;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{json, Value};

use super::{complain, open_model, run_options, say, say_json, Failure};
use crate::control::Task;
use crate::error::{Error, Result, Status};
use crate::options::RunOptions;
use crate::pipeline::Model;
use crate::restore_file::{check_output, restore_file, FileReport};
use crate::tiff::Reader;

pub fn run(arguments: &ArgMatches) -> std::result::Result<(), Failure> {
    let inputs: Vec<&PathBuf> = arguments.get_many("INPUT").into_iter().flatten().collect();
    // clap has refused a call without it.
    let out: &PathBuf = arguments.get_one("OUT").expect("required");
    let force = arguments.get_flag("force");
    let machine = arguments.get_flag("json");
    let options = run_options(arguments)?;
    let (jobs, folder) = outputs(&inputs, out)?;
    spare_inputs(&jobs)?;

    let mut batch = Batch { arguments, options, force, stop: Stop::install()?, model: None };
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
                report.warnings.iter().for_each(|w| complain("warning", &format!("{}: {w}", input.display())));
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
        // Nothing is left of a call that restored nothing; a folder with files in it stays.
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
    stop: Stop,
    /// Opened for the first file that can be read.
    model: Option<Model>,
}

impl Batch<'_> {
    fn restore(&mut self, input: &Path, output: &Path, place: &str) -> Result<FileReport> {
        // Opening a model takes longer than seeing that it is for nothing.
        if self.model.is_none() {
            if input.exists() {
                check_output(input, output, self.force)?;
            }
            Reader::open(input)?;
        }
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
        with_progress(&task, &name, || restore_file(model, &task, input, output, &self.options, self.force))
    }
}

type Jobs = Vec<(PathBuf, PathBuf)>;

/// Each input with its output, and the folder that they go to.
fn outputs<'a>(inputs: &[&PathBuf], out: &'a Path) -> std::result::Result<(Jobs, Option<&'a Path>), Failure> {
    let ends_in_separator = out.to_string_lossy().ends_with(std::path::is_separator);
    if !(out.is_dir() || ends_in_separator) {
        return match inputs {
            [input] => Ok((vec![(input.to_path_buf(), out.to_owned())], None)),
            _ => Err(Failure::Usage(format!(
                "{} inputs, but the output '{}' is one file; expected a folder: an existing one, or a name ending in '/'",
                inputs.len(),
                out.display()
            ))),
        };
    }
    let mut seen = HashSet::new();
    let mut jobs = Vec::new();
    for input in inputs {
        let output = out.join(output_name(input));
        if !seen.insert(output.clone()) {
            return Err(Failure::Usage(format!(
                "two inputs would both become {} ({} is one); expected different names: restore them into folders of their own",
                output.display(),
                input.display()
            )));
        }
        jobs.push((input.to_path_buf(), output));
    }
    Ok((jobs, Some(out)))
}

/// No output of this call may take the place of one of its inputs, read already or not.
fn spare_inputs(jobs: &Jobs) -> Result<()> {
    let inputs: HashSet<PathBuf> = jobs.iter().filter_map(|(input, _)| input.canonicalize().ok()).collect();
    for (input, output) in jobs {
        // A file that would become itself is refused when its turn comes.
        let another = |output: &PathBuf| inputs.contains(output) && input.canonicalize().ok().as_ref() != Some(output);
        if output.canonicalize().is_ok_and(|output| another(&output)) {
            return Err(Error::new(
                Status::InvalidArgument,
                format!(
                    "{}: the output of {} is itself an input; inputs are never changed: leave it out, or restore into \
                     another folder",
                    output.display(),
                    input.display()
                ),
            ));
        }
    }
    Ok(())
}

/// `<stem>-restored.tif`; programs know OME-TIFF by `.ome.tif` at the end.
fn output_name(input: &Path) -> String {
    let stem = input.file_stem().unwrap_or_default().to_string_lossy();
    match stem.strip_suffix(".ome") {
        Some(stem) => format!("{stem}-restored.ome.tif"),
        None => format!("{stem}-restored.tif"),
    }
}

fn sentence(input: &Path, output: &Path, report: &FileReport, seconds: f64) -> String {
    let pages = if report.pages == 1 { "1 page".to_owned() } else { format!("{} pages", report.pages) };
    let mut text = format!("{} -> {}: {pages} of {}, {seconds:.1} s", input.display(), output.display(), report.layout);
    if let Some(tile) = report.tile {
        text += &format!(", tiles of {tile} with a halo of {}", report.halo);
    }
    if report.constant_pages > 0 {
        text += &format!(", {} constant copied", report.constant_pages);
    }
    if report.nonfinite > 0 {
        text += &format!(", {} samples that are not finite kept", report.nonfinite);
    }
    text
}

fn entry(input: &Path, output: &Path, done: &Result<FileReport>, seconds: f64) -> Value {
    let mut value = json!({ "input": input.display().to_string(), "output": output.display().to_string() });
    let more = match done {
        Ok(r) => json!({
            "ok": true,
            "width": r.layout.width,
            "height": r.layout.height,
            "pages": r.pages,
            "pixel_type": r.layout.pixel_type.to_string(),
            "channels": r.layout.channels.to_string(),
            "pixel_size_um": r.pixel_size_um,
            "tile": r.tile,
            "halo": r.tile.map(|_| r.halo),
            "ranges": r.ranges.iter().map(|range| [range.lo, range.hi]).collect::<Vec<_>>(),
            "nonfinite": r.nonfinite,
            "constant_pages": r.constant_pages,
            "warnings": r.warnings,
            "seconds": seconds,
            "network_seconds": r.network.as_secs_f64(),
        }),
        Err(e) => json!({ "ok": false, "status": format!("{:?}", e.status()), "error": e.message() }),
    };
    if let (Some(value), Value::Object(more)) = (value.as_object_mut(), more) {
        value.extend(more);
    }
    value
}

/// Runs `work` with a bar of the task's progress on a terminal; in a pipe nothing is drawn.
fn with_progress<R>(task: &Task, name: &str, work: impl FnOnce() -> R) -> R {
    let bar = ProgressBar::new(0);
    if bar.is_hidden() {
        return work();
    }
    // A constant: the tests draw it.
    let style = ProgressStyle::with_template("{prefix} [{bar:30}] {percent:>3}% {eta} left").expect("a valid template");
    bar.set_style(style.progress_chars("=> "));
    bar.set_prefix(name.to_owned());
    painted(
        || {
            let (done, total) = task.progress();
            bar.set_length(total);
            bar.set_position(done);
        },
        || bar.finish_and_clear(),
        work,
    )
}

/// Runs `work` while another thread calls `paint` ten times a second and `clear` at the end, also after a panic.
fn painted<R>(paint: impl Fn() + Sync, clear: impl Fn() + Sync, work: impl FnOnce() -> R) -> R {
    /// The scope below waits for the painter: it must end however `work` ends.
    struct Over<'a>(&'a AtomicBool, std::thread::Thread);
    impl Drop for Over<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Release);
            self.1.unpark();
        }
    }
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let painter = scope.spawn(|| {
            while !over.load(Ordering::Acquire) {
                paint();
                std::thread::park_timeout(Duration::from_millis(100));
            }
            clear();
        });
        let _over = Over(&over, painter.thread().clone());
        work()
    })
}

/// Ctrl-C (and the signals that ask to end): the running task is cancelled, no other begins.
struct Stop {
    asked: Arc<AtomicBool>,
    running: Arc<Mutex<Arc<Task>>>,
}

impl Stop {
    fn install() -> Result<Self> {
        let stop = Self { asked: Arc::default(), running: Arc::default() };
        let (asked, running) = (Arc::clone(&stop.asked), Arc::clone(&stop.running));
        let handler = move || {
            asked.store(true, Ordering::SeqCst);
            running.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).cancel();
        };
        match ctrlc::try_set_handler(handler) {
            // Who started us ignores one of them, as nohup does SIGHUP: it stays ignored, and the others end the
            // command at once, as they do any other.
            Ok(()) | Err(ctrlc::Error::MultipleHandlers) => {}
            Err(e) => return Err(Error::new(Status::Internal, format!("Ctrl-C cannot be handled: {e}"))),
        }
        Ok(stop)
    }

    fn asked(&self) -> bool {
        self.asked.load(Ordering::SeqCst)
    }

    /// The task of the next run; cancelled already if it was asked before.
    fn task(&self) -> Arc<Task> {
        let task = Arc::new(Task::new());
        *self.running.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = Arc::clone(&task);
        // The handler sets the flag first: one of the two sees the other.
        if self.asked() {
            task.cancel();
        }
        task
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_are_named_after_their_inputs() {
        let names = ["a/x.tif", "b/y.ome.tif", "z"].map(|n| output_name(Path::new(n)));
        assert_eq!(names, ["x-restored.tif", "y-restored.ome.tif", "z-restored.tif"]);
    }

    #[test]
    fn a_panic_ends_the_painter() {
        let (painted_once, cleared) = (AtomicBool::new(false), AtomicBool::new(false));
        let result = std::panic::catch_unwind(|| {
            painted(
                || painted_once.store(true, Ordering::SeqCst),
                || cleared.store(true, Ordering::SeqCst),
                || {
                    while !painted_once.load(Ordering::SeqCst) {
                        std::thread::yield_now();
                    }
                    panic!("in the work")
                },
            )
        });
        assert!(result.is_err() && cleared.load(Ordering::SeqCst));
    }

    #[test]
    fn outputs_that_cannot_be_told_apart_are_refused() {
        let paths = ["a/x.tif", "b/x.tif", "b/y.tif"].map(PathBuf::from);
        let usage = |inputs: &[&PathBuf], out: &str| match outputs(inputs, Path::new(out)) {
            Err(Failure::Usage(message)) => message,
            _ => panic!("taken"),
        };
        assert!(usage(&[&paths[0], &paths[1]], "out/").contains("both become out/x-restored.tif"));
        assert!(usage(&[&paths[0], &paths[2]], "out.tif").contains("2 inputs, but the output 'out.tif' is one file"));
        let (jobs, folder) = outputs(&[&paths[0], &paths[2]], Path::new("out/")).ok().unwrap();
        assert_eq!((jobs.len(), folder), (2, Some(Path::new("out/"))));
    }
}
