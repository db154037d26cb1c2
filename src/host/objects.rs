//! The objects behind handles, and the table of all of them.

use std::any::Any;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard};

use crate::error::{Error, Result, Status};
use crate::host::error_map::{none_kept, KeptErrors};
use crate::host::handles::{Kind, Table};
use crate::image::frame::{PixelType, Sample, Shape};
use crate::image::sample::with_sample;
use crate::restore::model::Model;
use crate::restore::options::StreamOptions;
use crate::restore::report::Report;
use crate::restore::stream::Stream;
use crate::task::Task;

/// A stream of any pixel type.
pub struct AnyStream {
    pixel_type: PixelType,
    stream: Box<dyn ErasedStream>,
}

/// What a stream can do whatever its pixel type.
trait ErasedStream: Any + Send + Sync {
    fn describe(&self) -> serde_json::Value;
    fn with_error_map(&self, take: &mut dyn FnMut(&[f32])) -> Result<()>;
    fn shape(&self) -> Shape;
    fn stop(&self);
    fn close(&self);
}

impl<T: Sample> ErasedStream for Stream<T> {
    fn describe(&self) -> serde_json::Value {
        self.describe()
    }

    fn with_error_map(&self, take: &mut dyn FnMut(&[f32])) -> Result<()> {
        self.with_error_map(take)
    }

    fn shape(&self) -> Shape {
        self.shape()
    }

    fn stop(&self) {
        self.stop();
    }

    fn close(&self) {
        self.close();
    }
}

impl AnyStream {
    /// As `Stream::open`.
    pub fn open(model: Arc<Model>, pixel_type: PixelType, shape: Shape, options: &str) -> Result<Self> {
        let options = StreamOptions::parse(options)?;
        let stream: Box<dyn ErasedStream> =
            with_sample!(pixel_type, T => Box::new(Stream::<T>::open(model, shape, options)?));
        Ok(Self { pixel_type, stream })
    }

    /// Pixel type of its frames.
    pub fn pixel_type(&self) -> PixelType {
        self.pixel_type
    }

    /// The stream itself. Errors: `Internal` if `T` is not its pixel type.
    pub fn of<T: Sample>(&self) -> Result<&Stream<T>> {
        let stream: &dyn Any = &*self.stream;
        stream.downcast_ref().ok_or_else(|| {
            Error::new(
                Status::Internal,
                format!("a stream of {} pixels was taken for one of {}", self.pixel_type, T::PIXEL_TYPE),
            )
        })
    }

    /// Counters and latencies.
    pub fn describe(&self) -> serde_json::Value {
        self.stream.describe()
    }

    /// Shape of its frames.
    pub fn shape(&self) -> Shape {
        self.stream.shape()
    }

    /// As `Stream::with_error_map`.
    pub fn with_error_map(&self, mut take: impl FnMut(&[f32])) -> Result<()> {
        self.stream.with_error_map(&mut take)
    }

    /// Closes the stream and wakes waiting threads. Dropping it would not, while a receiver holds it.
    pub fn close(&self) {
        self.stream.close();
    }
}

/// The task of one run, and the run's report.
#[derive(Default)]
pub struct Run {
    pub task: Task,
    report: Mutex<Option<serde_json::Value>>,
    errors: Mutex<Option<KeptErrors>>,
}

/// An object, and whether a panic in a call on it has spoiled it.
pub struct Spoilable<T> {
    object: T,
    spoiled: AtomicBool,
}

impl<T> Deref for Spoilable<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.object
    }
}

/// One object of any kind; cloning it keeps it alive.
#[derive(Clone)]
pub enum Object {
    Model(Arc<Spoilable<Arc<Model>>>),
    Task(Arc<Spoilable<Arc<Run>>>),
    Stream(Arc<Spoilable<AnyStream>>),
}

impl Object {
    pub fn kind(&self) -> Kind {
        match self {
            Self::Model(_) => Kind::Model,
            Self::Task(_) => Kind::Task,
            Self::Stream(_) => Kind::Stream,
        }
    }

    fn flag(&self) -> &AtomicBool {
        match self {
            Self::Model(model) => &model.spoiled,
            Self::Task(task) => &task.spoiled,
            Self::Stream(stream) => &stream.spoiled,
        }
    }

    /// Marks the object: from now on it can only be closed.
    pub fn spoil(&self) {
        self.flag().store(true, Ordering::Relaxed);
    }
}

static TABLE: LazyLock<Table<Object>> = LazyLock::new(|| Table::new(RandomState::new().build_hasher().finish() as u32));

fn spoilable<T>(object: T) -> Arc<Spoilable<T>> {
    Arc::new(Spoilable { object, spoiled: AtomicBool::new(false) })
}

/// Refuses a new object when small allocations are served from the reserve, and much of that is in use.
fn check_reserve() -> Result<()> {
    #[cfg(feature = "reserve")]
    if crate::guest::reserve::is_low() {
        return Err(Error::new(
            Status::OutOfMemory,
            "no memory for anything more; expected some MiB: close models, tasks and streams that are done",
        ));
    }
    Ok(())
}

pub fn add_model(model: Model) -> Result<u64> {
    check_reserve()?;
    TABLE.insert(Kind::Model, Object::Model(spoilable(Arc::new(model))))
}

pub fn add_task() -> Result<u64> {
    check_reserve()?;
    TABLE.insert(Kind::Task, Object::Task(spoilable(Arc::default())))
}

pub fn add_stream(stream: AnyStream) -> Result<u64> {
    check_reserve()?;
    TABLE.insert(Kind::Stream, Object::Stream(spoilable(stream)))
}

/// Closes a handle. The object is dropped when its last user is done. Errors: `InvalidHandle`.
pub fn remove(handle: u64, kind: Kind) -> Result<Object> {
    TABLE.remove(handle, kind)
}

/// Stops all streams without waiting for them: threads that wait for a result wake. Their handles stay.
pub fn stop_streams() {
    for object in TABLE.all() {
        if let Object::Stream(stream) = object {
            stream.stream.stop();
        }
    }
}

/// Closes all handles and drops what no call uses any more.
pub fn close_all() {
    drop(TABLE.remove_all());
}

/// Defines a lookup that returns the object twice: with its type, and as `Object` for the call's guard.
macro_rules! lookup {
    ($name:ident, $kind:ident, $type:ty) => {
        /// The object behind a handle. Errors: `InvalidHandle`; `Internal` if a panic has spoiled it.
        pub fn $name(handle: u64) -> Result<(Arc<Spoilable<$type>>, Object)> {
            let object = TABLE.get(handle, Kind::$kind)?;
            if object.flag().load(Ordering::Relaxed) {
                return Err(Error::new(
                    Status::Internal,
                    format!(
                        "handle {handle}: an earlier fault of Parfocal has spoiled this {}; close it and open another",
                        Kind::$kind
                    ),
                ));
            }
            match &object {
                Object::$kind(found) => Ok((Arc::clone(found), object)),
                // Cannot happen: `Table::get` has checked the kind.
                _ => {
                    Err(Error::new(Status::Internal, format!("handle {handle} is of another kind than the table says")))
                }
            }
        }
    };
}

lookup!(model, Model, Arc<Model>);
lookup!(stream, Stream, AnyStream);
lookup!(task, Task, Arc<Run>);

/// Claims the task of a run that is about to start; 0 gives a new one. A panic in the run spoils the model, not the
/// task.
///
/// Errors: `InvalidHandle`; `InvalidArgument` if it belongs to another run.
pub fn claimed_task(handle: u64) -> Result<Arc<Run>> {
    if handle == 0 {
        return Ok(Arc::default());
    }
    let (run, _) = task(handle)?;
    run.task.claim().map_err(|e| e.context(format!("task {handle}")))?;
    Ok(Arc::clone(&run.object))
}

impl Run {
    /// Stores the run's report.
    pub fn finish(&self, report: serde_json::Value) {
        *lock(&self.report) = Some(report);
    }

    /// Stores the report of a run in memory, and its error map.
    pub fn finish_in_memory(&self, shape: Shape, mut report: Report) {
        let described = report.describe();
        *lock(&self.errors) = report.errors.take().map(|values| KeptErrors { shape, values });
        self.finish(described);
    }

    /// What `take` makes of the run's error map. Errors: `InvalidArgument` without one, those of `take`.
    pub fn with_errors<R>(&self, take: impl FnOnce(&KeptErrors) -> Result<R>) -> Result<R> {
        lock(&self.errors).as_ref().ok_or_else(none_kept).and_then(take)
    }

    /// The run's report; `None` before its end and after a failure.
    fn report(&self) -> Option<serde_json::Value> {
        lock(&self.report).clone()
    }

    /// Progress, and the report.
    pub fn describe(&self) -> serde_json::Value {
        let (done, total) = self.task.progress();
        serde_json::json!({
            "done": done,
            "total": total,
            "planes_done": self.task.planes_done(),
            "cancelled": self.task.is_cancelled(),
            "report": self.report().unwrap_or_default(),
        })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}
