//! The files of one call of `parfocal restore`, several side by side.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use clap::ArgMatches;

use super::arguments::open_model;
use super::output::complain;
use super::outputs::Jobs;
use super::progress::Bars;
use super::stop::Stop;
use crate::error::{Error, Result};
use crate::restore::file::{FileJob, FileReport};
use crate::restore::forecast::{forecast, trial, Forecast};
use crate::restore::model::Model;
use crate::restore::options::FileOptions;
use crate::restore::set::Set;

/// What became of a file.
pub enum Done {
    Restored(Box<FileReport>, Duration),
    /// Its output was complete already.
    Skipped,
    Failed(Error, Duration),
    /// The command was stopped before.
    NotBegun,
}

/// What all files of one call share.
pub struct Batch<'a> {
    arguments: &'a ArgMatches,
    jobs: &'a Jobs,
    options: FileOptions,
    set: Set,
    stop: Stop,
    bars: Bars,
    /// Opened for the first file that can be read.
    model: Mutex<Option<Arc<Model>>>,
}

/// Most files at a time: each has a page, and buffers for tiles, in memory.
const MOST_WORKERS: usize = 4;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

impl<'a> Batch<'a> {
    pub fn new(arguments: &'a ArgMatches, options: FileOptions, jobs: &'a Jobs, stop: Stop) -> Self {
        let set = Set::new(jobs);
        Self { arguments, jobs, options, set, stop, bars: Bars::new(), model: Mutex::new(None) }
    }

    /// Whether the report is for machines.
    pub fn machine(&self) -> bool {
        self.arguments.get_flag("json")
    }

    /// The model, if a file needed it.
    pub fn model(&self) -> Option<Arc<Model>> {
        lock(&self.model).clone()
    }

    /// Whether the user has stopped the command.
    pub fn stopped(&self) -> bool {
        self.stop.asked()
    }

    fn opened(&self) -> Result<Arc<Model>> {
        let mut model = lock(&self.model);
        if let Some(model) = &*model {
            return Ok(Arc::clone(model));
        }
        let opened = Arc::new(open_model(self.arguments)?);
        self.bars.print(|| opened.device_warnings().iter().for_each(|w| complain("warning", w)));
        *model = Some(Arc::clone(&opened));
        Ok(opened)
    }

    /// Restores all files. While the network computes one, another is read or written; with fewer threads than cores
    /// several are computed at a time. `tell` is called for each in the order of the inputs.
    pub fn all(&self, resume: bool, mut tell: impl FnMut(usize, &Done) + Send) -> Vec<Done> {
        /// Counts a worker out, also after a panic.
        struct Over<'a>(&'a AtomicUsize, &'a Condvar);
        impl Drop for Over<'_> {
            fn drop(&mut self) {
                self.0.fetch_sub(1, Ordering::SeqCst);
                self.1.notify_all();
            }
        }
        let next = AtomicUsize::new(0);
        let workers = AtomicUsize::new(self.workers());
        let state = Mutex::new((0..self.jobs.len()).map(|_| None).collect::<Vec<Option<Done>>>());
        let changed = Condvar::new();
        let work = || {
            let _over = Over(&workers, &changed);
            loop {
                let index = next.fetch_add(1, Ordering::SeqCst);
                if index >= self.jobs.len() {
                    return;
                }
                let done = if self.stop.asked() { Done::NotBegun } else { self.one(index, resume) };
                lock(&state)[index] = Some(done);
                changed.notify_all();
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..self.workers() {
                // The scope passes a panic on, and `main` reports it.
                scope.spawn(work);
            }
            let mut told = 0;
            let mut done = lock(&state);
            while told < self.jobs.len() {
                match &done[told] {
                    Some(one) => {
                        self.bars.print(|| tell(told, one));
                        told += 1;
                    }
                    // A worker has panicked with this file.
                    None if workers.load(Ordering::SeqCst) == 0 => break,
                    None => {
                        // A worker may count itself out between the check and the wait.
                        let waited = changed.wait_timeout(done, Duration::from_millis(200));
                        done = waited.unwrap_or_else(|poisoned| poisoned.into_inner()).0;
                    }
                }
            }
        });
        let done = state.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
        done.into_iter().map(|done| done.unwrap_or(Done::NotBegun)).collect()
    }

    /// How many files at a time.
    fn workers(&self) -> usize {
        // The first file opens the model; more sessions than its threads leave room for would only wait.
        let threads = super::arguments::open_options(self.arguments).ok().and_then(|options| options.threads);
        let cores = num_cpus::get_physical();
        let runs = (cores / threads.unwrap_or(cores).max(1)).max(1);
        (runs + 1).min(MOST_WORKERS).min(self.jobs.len())
    }

    fn one(&self, index: usize, resume: bool) -> Done {
        let (input, output) = &self.jobs[index];
        let started = Instant::now();
        let place = if self.jobs.len() > 1 { format!("{}/{} ", index + 1, self.jobs.len()) } else { String::new() };
        let run = || -> Result<Option<FileReport>> {
            // `--resume` looks at what is there; what is not complete is an error, never overwritten.
            if resume && output.is_file() {
                let file = FileOptions { force: true, ..self.options.clone() };
                let job = FileJob::open_in_set(input, output, &file, &self.set)?;
                return job.is_done(&*self.opened()?, &self.options.run).map(|()| None);
            }
            let job = FileJob::open_in_set(input, output, &self.options, &self.set)?;
            let model = self.opened()?;
            let task = self.stop.task();
            let name = format!("{place}{}", input.file_name().unwrap_or_default().to_string_lossy());
            self.bars.with(&task, &name, || job.restore(&model, &task, &self.options.run)).map(Some)
        };
        match run() {
            Ok(Some(report)) => Done::Restored(Box::new(report), started.elapsed()),
            Ok(None) => Done::Skipped,
            Err(error) => Done::Failed(error, started.elapsed()),
        }
    }

    /// What would be done to each file. A trial of the network says how long it may take.
    pub fn forecasts(&self, new_folder: bool) -> Vec<Result<Forecast>> {
        let mut known = None;
        let mut look = |(input, output): &(std::path::PathBuf, std::path::PathBuf)| {
            let output = if new_folder { None } else { Some(output.as_path()) };
            let job = FileJob::open_to_look(input, output, &self.options, &self.set)?;
            let model = self.opened()?;
            let seconds = match known {
                Some(seconds) => seconds,
                None => *known.insert(trial(job.reader(), &model, &self.options.run)?),
            };
            forecast(job.reader(), &model, &self.options.run, seconds)
        };
        self.jobs.iter().map(&mut look).collect()
    }
}
