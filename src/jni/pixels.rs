//! Pixels of the JVM as `Rows` and `Planes`, and the check that source and target do not overlap.

use std::cell::RefCell;
use std::collections::HashMap;

use jni::objects::{JObject, JValue};
use jni::{jni_sig, jni_str, Env};

use super::arguments::{invalid, missing};
use super::arrays::{Arrays, PixelArgument};
use super::buffers::memory;
use super::elements::JavaSample;
use super::errors::java;
use crate::error::{Error, Result};
use crate::host::memory::{check_overlap, RawPixels, Source, Target};
use crate::image::frame::{Planes, Rows, Shape, Strides};
use crate::task::Task;

/// The pixels of one side: in arrays, or in memory outside the heap with its number of elements.
pub enum Side<'local, T, M> {
    Arrays(Box<Arrays<'local, T>>),
    Memory(M, u64),
}

impl<T: JavaSample, M> Side<'_, T, M> {
    /// Elements that a packed frame needs from the first pixel on, and those that there are.
    pub fn reach_and_rest(&self, env: &Env<'_>, shape: Shape) -> Result<(usize, usize)> {
        match self {
            Self::Arrays(arrays) => arrays.reach_and_rest(env),
            Self::Memory(_, rest) => Ok((shape.samples(), *rest as usize)),
        }
    }
}

/// Pixels that are read.
pub type From<'local, T> = Side<'local, T, Source<T>>;
/// Pixels that are written.
pub type To<'local, T> = Side<'local, T, Target<T>>;

/// Pixels to read. Errors: `InvalidArgument`; the message names the argument.
pub fn source<'local, T: JavaSample>(
    env: &mut Env<'local>,
    object: JObject<'local>,
    argument: &PixelArgument,
) -> Result<From<'local, T>> {
    side(env, object, argument, |raw: RawPixels<*mut T>, shape| {
        let raw = RawPixels { pointer: raw.pointer.cast_const(), count: raw.count, strides: raw.strides };
        // SAFETY: a direct buffer's memory lives as long as its object, which is referenced until the call ends.
        unsafe { Source::new(raw, shape, argument.name) }
    })
}

/// Pixels to write. Errors: `InvalidArgument`; the message names the argument.
pub fn target<'local, T: JavaSample>(
    env: &mut Env<'local>,
    object: JObject<'local>,
    argument: &PixelArgument,
) -> Result<To<'local, T>> {
    // SAFETY: as in `source`; `memory` has refused read-only buffers.
    side(env, object, argument, |raw, shape| unsafe { Target::new(raw, shape, argument.name) })
}

fn side<'local, T: JavaSample, M>(
    env: &mut Env<'local>,
    object: JObject<'local>,
    argument: &PixelArgument,
    wrap: impl FnOnce(RawPixels<*mut T>, Shape) -> Result<M>,
) -> Result<Side<'local, T, M>> {
    if object.is_null() {
        return Err(missing(argument.name, T::ARRAY));
    }
    let object = match Arrays::new(env, object, argument)? {
        Ok(arrays) => return Ok(Side::Arrays(Box::new(arrays))),
        Err(object) => object,
    };
    let memory = memory::<T>(env, &object, argument)?;
    let strides =
        argument.strides.map(|Strides { x, y, channel, plane }| [x, y, channel, plane].map(|step| step as i64));
    wrap(RawPixels { pointer: memory.pointer, count: memory.count, strides }, argument.shape)
        .map(|side| Side::Memory(side, memory.count))
}

/// Checks that source and target are separate, or exactly the same. Errors: `InvalidArgument`; the message names the
/// planes that share an array.
pub fn check_apart<'local, T: JavaSample>(
    env: &mut Env<'local>,
    source: &mut From<'local, T>,
    target: &mut To<'local, T>,
) -> Result<()> {
    let to = match target {
        Side::Arrays(to) => to,
        Side::Memory(to, _) => {
            return match source {
                Side::Memory(from, _) => check_overlap(from, to),
                Side::Arrays(_) => Ok(()),
            }
        }
    };
    let targets = identities(env, to)?;
    if let Some((first, second)) = same_twice(env, to, &targets)? {
        return Err(invalid(format!(
            "{} and {} are the same array; expected an array for each plane",
            to.part_name(first),
            to.part_name(second)
        )));
    }
    let Side::Arrays(from) = source else { return Ok(()) };
    let (from_range, to_range) = (from.range(), to.range());
    if from_range.1 <= to_range.0 || to_range.1 <= from_range.0 {
        return Ok(());
    }
    let in_place = from.same_place(to);
    let sources = identities(env, from)?;
    for (hash, parts) in &sources {
        for &part in targets.get(hash).into_iter().flatten() {
            for &own in parts.iter().filter(|&&own| !(in_place && own == part)) {
                if same(env, from, own, to, part)? {
                    return Err(invalid(format!(
                        "{} is the array of {}, and they overlap: elements {} to {} of src, {} to {} of dst; expected \
                         separate arrays, or each plane in its own place with the same offset and strides",
                        to.part_name(part),
                        from.part_name(own),
                        from_range.0,
                        from_range.1 - 1,
                        to_range.0,
                        to_range.1 - 1
                    )));
                }
            }
        }
    }
    Ok(())
}

/// Arrays grouped by their identity hash, which different arrays seldom share. Comparing every pair would need a number
/// of calls that grows with the square.
fn identities<'local, T: JavaSample>(
    env: &mut Env<'local>,
    arrays: &mut Arrays<'local, T>,
) -> Result<HashMap<i32, Vec<usize>>> {
    let system = env.find_class(jni_str!("java/lang/System")).map_err(java)?;
    let mut found: HashMap<i32, Vec<usize>> = HashMap::new();
    for part in 0..arrays.count() {
        arrays.hold(env, part)?;
        let array = JValue::Object(arrays.array());
        let signature = jni_sig!("(Ljava/lang/Object;)I");
        let hash = env.call_static_method(&system, jni_str!("identityHashCode"), signature, &[array]);
        found.entry(hash.and_then(|hash| hash.i()).map_err(java)?).or_default().push(part);
    }
    Ok(found)
}

/// Two planes that are the same array, if there are any.
fn same_twice<'local, T: JavaSample>(
    env: &mut Env<'local>,
    arrays: &mut Arrays<'local, T>,
    identities: &HashMap<i32, Vec<usize>>,
) -> Result<Option<(usize, usize)>> {
    for parts in identities.values().filter(|parts| parts.len() > 1) {
        for (i, &first) in parts.iter().enumerate() {
            for &second in &parts[i + 1..] {
                arrays.hold(env, first)?;
                let first_array = env.new_local_ref(arrays.array()).map_err(java)?;
                arrays.hold(env, second)?;
                let same = env.is_same_object(&first_array, arrays.array()).map_err(java)?;
                env.delete_local_ref(first_array);
                if same {
                    return Ok(Some((first, second)));
                }
            }
        }
    }
    Ok(None)
}

fn same<'local, T: JavaSample>(
    env: &mut Env<'local>,
    a: &mut Arrays<'local, T>,
    part_of_a: usize,
    b: &mut Arrays<'local, T>,
    part_of_b: usize,
) -> Result<bool> {
    a.hold(env, part_of_a)?;
    b.hold(env, part_of_b)?;
    env.is_same_object(a.array(), b.array()).map_err(java)
}

/// Both sides of a run, or one.
pub struct Pixels<'a, 'local, T> {
    shape: Shape,
    /// Cancelled when a plane cannot be read or written.
    task: &'a Task,
    inside: RefCell<Inside<'a, 'local, T>>,
}

struct Inside<'a, 'local, T> {
    env: &'a mut Env<'local>,
    source: Option<From<'local, T>>,
    target: Option<To<'local, T>>,
    /// The plane whose arrays are held.
    plane: Option<usize>,
    /// The first error; after it nothing is read or written.
    failure: Option<Error>,
}

impl<'a, 'local, T: JavaSample> Pixels<'a, 'local, T> {
    pub fn new(
        env: &'a mut Env<'local>,
        shape: Shape,
        task: &'a Task,
        source: Option<From<'local, T>>,
        target: Option<To<'local, T>>,
    ) -> Self {
        Self { shape, task, inside: RefCell::new(Inside { env, source, target, plane: None, failure: None }) }
    }

    /// The error that stopped reading or writing, if any: `InvalidArgument` if a plane's array was replaced during the
    /// call.
    pub fn finish(self) -> Result<()> {
        self.inside.into_inner().failure.map_or(Ok(()), Err)
    }

    pub fn read(&self, plane: usize, channel: usize, y: usize, row: &mut [T]) {
        self.attempt(plane, |inside| match &mut inside.source {
            Some(Side::Arrays(arrays)) => arrays.read(inside.env, plane, channel, y, row).map_err(java),
            Some(Side::Memory(source, _)) => {
                source.read(plane, channel, y, row);
                Ok(())
            }
            None => Ok(()),
        })
        .unwrap_or_else(|| row.fill(T::default()));
    }

    pub fn write(&self, plane: usize, channel: usize, y: usize, row: &[T]) {
        let _ = self.attempt(plane, |inside| match &mut inside.target {
            Some(Side::Arrays(arrays)) => arrays.write(inside.env, plane, channel, y, row).map_err(java),
            Some(Side::Memory(target, _)) => {
                target.write(plane, channel, y, row);
                Ok(())
            }
            None => Ok(()),
        });
    }

    /// Runs `work` unless an earlier call failed. A plane's arrays of both sides are fetched at its first row, so that
    /// a plane that can be read can also be written whole.
    fn attempt(&self, plane: usize, work: impl FnOnce(&mut Inside<'a, 'local, T>) -> Result<()>) -> Option<()> {
        let mut inside = self.inside.borrow_mut();
        if inside.failure.is_some() {
            return None;
        }
        let done = inside.hold(plane).and_then(|()| work(&mut inside));
        done.map_err(|error| {
            inside.failure = Some(error);
            self.task.cancel();
        })
        .ok()
    }
}

impl<'local, T: JavaSample> Inside<'_, 'local, T> {
    fn hold(&mut self, plane: usize) -> Result<()> {
        if self.plane == Some(plane) {
            return Ok(());
        }
        if let Some(Side::Arrays(arrays)) = &mut self.source {
            arrays.hold(self.env, plane)?;
        }
        if let Some(Side::Arrays(arrays)) = &mut self.target {
            arrays.hold(self.env, plane)?;
        }
        self.plane = Some(plane);
        Ok(())
    }
}

impl<T: JavaSample> Rows<T> for Pixels<'_, '_, T> {
    fn shape(&self) -> Shape {
        self.shape
    }

    fn read_row(&self, plane: usize, channel: usize, y: usize, row: &mut [T]) {
        self.read(plane, channel, y, row);
    }
}

impl<T: JavaSample> Planes<T> for Pixels<'_, '_, T> {
    fn write_row(&mut self, plane: usize, channel: usize, y: usize, row: &[T]) {
        self.write(plane, channel, y, row);
    }
}
