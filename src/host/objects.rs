//! What handles stand for, and the table of all of them.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard};

use super::boundary::Touched;
use crate::control::Task;
use crate::error::{Error, Result, Status};
use crate::frame::{PixelType, Shape};
use crate::handles::{Kind, Table};
use crate::options::StreamOptions;
use crate::pipeline::Model;
use crate::stream::Stream;

/// A stream of one pixel type.
pub enum AnyStream {
    U8(Stream<u8>),
    U16(Stream<u16>),
    F32(Stream<f32>),
}

impl AnyStream {
    /// As `Stream::open`.
    pub fn open(model: Arc<Model>, pixel_type: PixelType, shape: Shape, options: &str) -> Result<Self> {
        let options = StreamOptions::parse(options)?;
        Ok(match pixel_type {
            PixelType::U8 => Self::U8(Stream::open(model, shape, options)?),
            PixelType::U16 => Self::U16(Stream::open(model, shape, options)?),
            PixelType::F32 => Self::F32(Stream::open(model, shape, options)?),
        })
    }

    /// Counters and latencies.
    pub fn describe(&self) -> serde_json::Value {
        match self {
            Self::U8(stream) => stream.describe(),
            Self::U16(stream) => stream.describe(),
            Self::F32(stream) => stream.describe(),
        }
    }

    /// Wakes who waits. Not by dropping: a receiver may hold it.
    pub fn close(&self) {
        match self {
            Self::U8(stream) => stream.close(),
            Self::U16(stream) => stream.close(),
            Self::F32(stream) => stream.close(),
        }
    }
}

/// The task of one run, and what the run reported at its end.
#[derive(Default)]
pub struct Run {
    pub task: Task,
    report: Mutex<Option<serde_json::Value>>,
}

/// An object, and whether a panic has passed through it.
pub struct Kept<T> {
    object: T,
    spoiled: AtomicBool,
}

impl<T> Deref for Kept<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.object
    }
}

/// One object of any kind; cloning it keeps it alive.
#[derive(Clone)]
pub enum Object {
    Model(Arc<Kept<Arc<Model>>>),
    Task(Arc<Kept<Arc<Run>>>),
    Stream(Arc<Kept<AnyStream>>),
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

    /// Nothing is done with it any more but closing.
    pub fn spoil(&self) {
        self.flag().store(true, Ordering::Relaxed);
    }
}

static TABLE: LazyLock<Table<Object>> = LazyLock::new(|| Table::new(RandomState::new().build_hasher().finish() as u32));

fn kept<T>(object: T) -> Arc<Kept<T>> {
    Arc::new(Kept { object, spoiled: AtomicBool::new(false) })
}

pub fn add_model(model: Model) -> Result<u64> {
    TABLE.insert(Kind::Model, Object::Model(kept(Arc::new(model))))
}

pub fn add_task() -> Result<u64> {
    TABLE.insert(Kind::Task, Object::Task(kept(Arc::default())))
}

pub fn add_stream(stream: AnyStream) -> Result<u64> {
    TABLE.insert(Kind::Stream, Object::Stream(kept(stream)))
}

/// Closes a handle. What it stood for is dropped when its last user is done. Errors: `InvalidHandle`.
pub fn remove(handle: u64, kind: Kind) -> Result<Object> {
    TABLE.remove(handle, kind)
}

/// The table gives only objects of the kind asked for.
macro_rules! lookup {
    ($name:ident, $kind:ident, $type:ty) => {
        /// The object behind a handle. Errors: `InvalidHandle`; `Internal` if it is spoiled.
        pub fn $name(&mut self, handle: u64) -> Result<Arc<Kept<$type>>> {
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
            self.0 = Some(object.clone());
            match object {
                Object::$kind(object) => Ok(object),
                _ => {
                    Err(Error::new(Status::Internal, format!("handle {handle} is of another kind than the table says")))
                }
            }
        }
    };
}

impl Touched {
    lookup!(model, Model, Arc<Model>);
    lookup!(stream, Stream, AnyStream);
    lookup!(task, Task, Arc<Run>);

    /// The task of a run that is about to start, a new one for 0. Does not touch it: a panic in the run spoils the model.
    ///
    /// Errors: `InvalidHandle`; `InvalidArgument` if it belongs to another run.
    pub fn claimed_task(handle: u64) -> Result<Arc<Run>> {
        if handle == 0 {
            return Ok(Arc::default());
        }
        let run = Touched::default().task(handle)?;
        run.task.claim().map_err(|e| e.context(format!("task {handle}")))?;
        Ok(Arc::clone(&run.object))
    }
}

impl Run {
    /// Keeps what the run reported.
    pub fn finish(&self, report: serde_json::Value) {
        *self.lock() = Some(report);
    }

    /// What the run reported; `None` before its end and after a failure.
    fn report(&self) -> Option<serde_json::Value> {
        self.lock().clone()
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

    fn lock(&self) -> MutexGuard<'_, Option<serde_json::Value>> {
        self.report.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}
