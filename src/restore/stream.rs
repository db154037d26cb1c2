//! A stream of frames: a queue, a thread that restores, counters and latencies.

use std::cell::Cell;
use std::ffi::CStr;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use serde_json::{json, Value};

use crate::error::{Error, Result, Status};
use crate::guest::threads;
use crate::image::frame::{resize, InPlace, Sample, Shape};
use crate::restore::model::Model;
use crate::restore::options::{Mode, StreamOptions};
use crate::restore::queue::{Item, Queue};
use crate::restore::stack;
use crate::task::Current;

/// Name of the thread of each stream.
const THREAD_NAME: &CStr = c"parfocal-stream";

thread_local! {
    static OWN: Cell<bool> = const { Cell::new(false) };
}

/// Whether the calling thread is one of a stream's.
pub(crate) fn is_own_thread() -> bool {
    OWN.try_with(Cell::get).unwrap_or(false)
}

/// Latencies kept for the percentiles.
const LATENCIES: usize = 1024;

/// A stream over one model: one thread of the host submits, one receives, and the stream's own thread restores.
/// Dropping the stream closes it.
pub struct Stream<T: Sample> {
    shared: Arc<Shared<T>>,
    worker: Mutex<Option<threads::Running>>,
}

struct Frame<T> {
    pixels: Vec<T>,
    /// The expected errors of the restored frame, if they were asked for.
    errors: Option<Vec<f32>>,
    submitted: Instant,
}

struct Shared<T> {
    queue: Queue<Frame<T>>,
    model: Arc<Model>,
    shape: Shape,
    options: StreamOptions,
    /// The task of the frame that is being restored; `close` cancels it.
    current: Current,
    latencies: Mutex<Latencies>,
    /// Error message of the last frame that failed.
    last_error: Mutex<Option<String>>,
    /// When the frame that was received last had been submitted.
    shown: Mutex<Option<Instant>>,
    /// Its expected errors.
    errors: Mutex<Option<Vec<f32>>>,
    load: Mutex<Load>,
    /// Side of the tiles now in use (`None`: whole frames), and the warnings so far.
    tiles: Mutex<(Option<usize>, Vec<String>)>,
}

/// Cores that the library's threads keep busy, between two looks.
struct Load {
    since: Instant,
    time: Option<Duration>,
    share: Option<f64>,
}

impl Load {
    /// Looks closer together see the same share.
    const SHORTEST: Duration = Duration::from_millis(500);

    fn new() -> Self {
        Self { since: Instant::now(), time: threads::processor_time(), share: None }
    }

    fn look(&mut self) -> Option<f64> {
        let passed = self.since.elapsed();
        if passed >= Self::SHORTEST || self.share.is_none() {
            let time = threads::processor_time();
            let used = time.zip(self.time).map(|(now, before)| now.saturating_sub(before));
            self.share = used.map(|used| used.as_secs_f64() / passed.as_secs_f64().max(1e-6));
            if passed >= Self::SHORTEST {
                (self.since, self.time) = (Instant::now(), time);
            }
        }
        self.share
    }
}

/// Times from submitting a frame to its result.
#[derive(Default)]
struct Latencies {
    recent: Vec<Duration>,
    count: usize,
    longest: Duration,
}

impl Latencies {
    fn add(&mut self, latency: Duration) {
        // This allocates nothing: the memory was reserved when the stream was opened.
        if self.recent.len() < LATENCIES {
            self.recent.push(latency);
        } else {
            self.recent[self.count % LATENCIES] = latency;
        }
        self.count += 1;
        self.longest = self.longest.max(latency);
    }

    fn describe(&self) -> Value {
        let mut sorted = self.recent.clone();
        sorted.sort_unstable();
        let milliseconds = |latency: Duration| latency.as_secs_f64() * 1e3;
        // By nearest rank, so that a percentile is a time that was measured.
        let percentile = |p: usize| {
            let rank = (sorted.len() * p).div_ceil(100).max(1);
            sorted.get(rank - 1).map(|&latency| milliseconds(latency))
        };
        json!({
            "median": percentile(50),
            "p95": percentile(95),
            "p99": percentile(99),
            "max": (self.count > 0).then(|| milliseconds(self.longest)),
            "frames": sorted.len(),
        })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

impl<T: Sample> Stream<T> {
    /// Opens a stream of frames of `shape`, which has one plane. Allocates all buffers and starts the thread.
    ///
    /// Errors: `InvalidArgument`, `BadOption`, `OutOfMemory`.
    pub fn open(model: Arc<Model>, shape: Shape, options: StreamOptions) -> Result<Self> {
        if shape.planes != 1 {
            return Err(Error::new(
                Status::InvalidArgument,
                format!("a stream of frames of {} planes; expected 1: submit plane by plane", shape.planes),
            ));
        }
        let shape = shape.check()?;
        // Options that a run would refuse are refused here.
        stack::runs_per_plane(&model, shape, &options.run)?;
        stack::error_factor(&model, &options.run)?;
        let count = if options.mode == Mode::Latest { 5 } else { options.depth };
        let buffers = (0..count)
            .map(|_| {
                let mut pixels = Vec::new();
                resize(&mut pixels, shape.samples())?;
                Ok(Frame { pixels, errors: None, submitted: Instant::now() })
            })
            .collect::<Result<Vec<_>>>()?;
        let latencies = Latencies { recent: Vec::with_capacity(LATENCIES), ..Latencies::default() };
        let shared = Arc::new(Shared {
            queue: Queue::new(options.mode, buffers),
            model,
            shape,
            options,
            current: Current::default(),
            latencies: Mutex::new(latencies),
            last_error: Mutex::new(None),
            shown: Mutex::new(None),
            errors: Mutex::new(None),
            load: Mutex::new(Load::new()),
            tiles: Mutex::default(),
        });
        let worker = Arc::clone(&shared);
        let priority = shared.model.priority();
        let worker = threads::spawn(THREAD_NAME, priority, move || work(&worker)).map_err(|e| {
            Error::new(
                Status::OutOfMemory,
                format!(
                    "no thread for the stream: {e}; expected one: close other streams, or raise the limit on threads \
                     or memory"
                ),
            )
        })?;
        Ok(Self { shared, worker: Mutex::new(Some(worker)) })
    }

    /// Shape of every frame.
    pub fn shape(&self) -> Shape {
        self.shared.shape
    }

    /// Submits a frame: `fill` writes its packed, interleaved pixels. Never waits for another frame.
    ///
    /// Errors: `WouldBlock` when as many frames as `depth` are under way (`every` only); `Closed`.
    pub fn submit(&self, tag: u64, fill: impl FnOnce(&mut [T])) -> Result<()> {
        let queue = &self.shared.queue;
        let mut frame = queue.reserve()?;
        frame.submitted = Instant::now();
        fill(&mut frame.pixels);
        queue.submit(tag, frame)
    }

    /// Waits for the next result, up to `timeout` (`None`: for ever). Returns its tag, and what `take` makes of its
    /// packed, interleaved pixels or the frame's own error.
    ///
    /// Errors, if there is no result: `WouldBlock`, `Timeout`, `Closed`.
    pub fn receive<R>(&self, timeout: Option<Duration>, take: impl FnOnce(&[T]) -> R) -> Result<(u64, Result<R>)> {
        let queue = &self.shared.queue;
        let Item { tag, mut frame, outcome } = queue.receive(timeout)?;
        let result = outcome.map(|()| take(&frame.pixels));
        if result.is_ok() {
            *lock(&self.shared.shown) = Some(frame.submitted);
            *lock(&self.shared.errors) = frame.errors.take();
        }
        queue.give_back(frame);
        Ok((tag, result))
    }

    /// What `take` makes of the expected errors of the frame that was received last, `[channel][y][x]`, in its units.
    ///
    /// Errors: `InvalidArgument` without one.
    pub fn with_error_map<R>(&self, take: impl FnOnce(&[f32]) -> R) -> Result<R> {
        lock(&self.shared.errors).as_deref().map(take).ok_or_else(|| {
            Error::new(
                Status::InvalidArgument,
                "no frame with an error map has been received; expected one: open the stream with error_map=on, and \
                 receive a frame first",
            )
        })
    }

    /// Stops the running frame, wakes every waiting thread, drops the waiting frames.
    pub fn stop(&self) {
        self.shared.queue.close();
        self.shared.current.end();
    }

    /// Closes the stream: stops it, and waits for its thread.
    pub fn close(&self) {
        self.stop();
        let worker = lock(&self.worker).take();
        if let Some(worker) = worker {
            worker.join();
        }
    }

    /// Counters and latencies as JSON. `latency_ms` is the time from `submit` until the result is ready, over the last
    /// 1024 frames; its `max` is over all frames. `queued` frames wait or are being restored; `age_ms` is the time
    /// since the last received frame was submitted; `cpu_share` is how many cores all threads of the library have kept
    /// busy since the description before (at least half a second ago), `null` where the system does not tell.
    pub fn describe(&self) -> Value {
        let shared = &self.shared;
        let (counters, waiting, ready) = shared.queue.counters();
        let Shape { width, height, channels, .. } = shared.shape;
        let (tile, warnings) = lock(&shared.tiles).clone();
        json!({
            "mode": match shared.options.mode { Mode::Every => "every", Mode::Latest => "latest" },
            "depth": match shared.options.mode { Mode::Every => shared.options.depth, Mode::Latest => 1 },
            "pixel_type": T::PIXEL_TYPE.to_string(),
            "width": width,
            "height": height,
            "channels": channels,
            "submitted": counters.submitted,
            "refused": counters.refused,
            "dropped": counters.dropped,
            "restored": counters.restored,
            "failed": counters.failed,
            "superseded": counters.superseded,
            "received": counters.received,
            "waiting": waiting,
            "ready": ready,
            "queued": counters.submitted - counters.dropped - counters.restored - counters.failed,
            "age_ms": lock(&shared.shown).map(|submitted| submitted.elapsed().as_secs_f64() * 1e3),
            "cpu_share": lock(&shared.load).look(),
            "tile": tile,
            "warnings": warnings,
            "latency_ms": lock(&shared.latencies).describe(),
            "last_error": *lock(&shared.last_error),
        })
    }
}

impl<T: Sample> Drop for Stream<T> {
    fn drop(&mut self) {
        self.close();
    }
}

/// The thread of a stream.
fn work<T: Sample>(shared: &Shared<T>) {
    let _ = OWN.try_with(|own| own.set(true));
    let mut options = shared.options.run.clone();
    while let Some(mut item) = shared.queue.take() {
        let task = shared.current.begin();
        // A panic ends this frame with an error. Unwind safe: a run changes only what it owns.
        item.outcome = catch_unwind(AssertUnwindSafe(|| {
            let mut planes = InPlace::new(&mut item.frame.pixels, shared.shape, None)?;
            let report = stack::restore(&shared.model, &task, &mut planes, &options)?;
            item.frame.errors = report.errors;
            let mut tiles = lock(&shared.tiles);
            tiles.0 = report.tile;
            if !report.warnings.is_empty() {
                // Memory was short: later frames start with the smaller tiles.
                options.tile = report.tile;
                tiles.1.extend(report.warnings);
            }
            Ok(())
        }))
        .unwrap_or_else(|panic| {
            let said = panic.downcast_ref::<&str>().copied().or(panic.downcast_ref::<String>().map(String::as_str));
            let message = format!(
                "a fault of Parfocal while it restored this frame ({}); please report it",
                said.unwrap_or("no message")
            );
            // Dropping a foreign payload could panic again.
            std::mem::forget(panic);
            Err(Error::new(Status::Internal, message))
        });
        shared.current.done();
        match &item.outcome {
            Ok(()) => lock(&shared.latencies).add(item.frame.submitted.elapsed()),
            Err(error) => *lock(&shared.last_error) = Some(error.message().to_owned()),
        }
        shared.queue.finish(item);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_measured_latencies() {
        let mut latencies = Latencies::default();
        assert_eq!(latencies.describe()["median"], Value::Null);
        (1..=2000).for_each(|ms| latencies.add(Duration::from_millis(ms)));
        let described = latencies.describe();
        // The last 1024: 977 to 2000.
        assert_eq!(described["median"], 1488.0);
        assert_eq!((described["p99"].as_f64(), described["max"].as_f64()), (Some(1990.0), Some(2000.0)));
        assert_eq!(described["frames"], 1024);
    }
}
