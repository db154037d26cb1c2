//! Streams: one thread submits frames, another receives the results.

use std::sync::Arc;

use jni::objects::{JClass, JLongArray, JObject, JString};
use jni::sys::{jint, jlong};
use jni::{Env, EnvUnowned};

use super::arguments::{invalid, options, shape, strides};
use super::arrays::PixelArgument;
use super::elements::JavaSample;
use super::entry::entry;
use super::errors::java;
use super::pixels::{source, target, Pixels, Side};
use crate::error::Result;
use crate::host::checks::{pixel_type, timeout};
use crate::host::frames::{check_count, receive_frame, submit_frame, NO_TAG};
use crate::host::handles::Kind;
use crate::host::objects::{add_stream, remove, AnyStream, Object};
use crate::image::frame::{Shape, Strides};
use crate::image::sample::with_sample;
use crate::restore::stream::Stream;
use crate::task::Task;

#[no_mangle]
pub extern "system" fn Java_org_parfocal_Native_streamOpen<'local>(
    env: EnvUnowned<'local>,
    _: JClass<'local>,
    model: jlong,
    pixel_type: jint,
    frame_shape: JLongArray<'local>,
    options: JString<'local>,
) -> jlong {
    entry(env, |env, guard| {
        let model = Arc::clone(&**guard.model(model as u64)?);
        let pixel_type = self::pixel_type(pixel_type)?;
        let shape = shape(env, &frame_shape, "frame shape").map_err(|e| e.context("frame shape"))?;
        let stream = AnyStream::open(model, pixel_type, shape, &self::options(env, &options)?)?;
        Ok(add_stream(stream)? as jlong)
    })
}

#[no_mangle]
pub extern "system" fn Java_org_parfocal_Native_streamSubmit<'local>(
    env: EnvUnowned<'local>,
    _: JClass<'local>,
    stream: jlong,
    frame: JObject<'local>,
    offset: jlong,
    strides: JLongArray<'local>,
    tag: jlong,
) {
    entry(env, |env, guard| {
        let stream = guard.stream(stream as u64)?;
        let strides = self::strides(env, &strides, "strides")?;
        if tag as u64 == NO_TAG {
            return Err(invalid(format!("tag = {tag}, which stands for no frame; expected any other number")));
        }
        with_sample!(stream.pixel_type(), T => submit(env, stream.of::<T>()?, frame, offset, strides, tag))
    })
}

fn submit<'local, T: JavaSample>(
    env: &mut Env<'local>,
    stream: &Stream<T>,
    frame: JObject<'local>,
    offset: jlong,
    strides: Option<Strides>,
    tag: jlong,
) -> Result<()> {
    let shape = stream.shape();
    let argument = PixelArgument { name: "frame", offset, strides, shape, written: false };
    let source = source::<T>(env, frame, &argument)?;
    check_size(env, &source, shape, strides.is_none())?;
    let task = Task::new();
    let pixels = Pixels::new(env, shape, &task, Some(source), None);
    let submitted = submit_frame(stream, tag as u64, shape.width, |_, channel, y, row| pixels.read(0, channel, y, row));
    pixels.finish()?;
    submitted
}

#[no_mangle]
pub extern "system" fn Java_org_parfocal_Native_streamReceive<'local>(
    env: EnvUnowned<'local>,
    _: JClass<'local>,
    stream: jlong,
    frame: JObject<'local>,
    offset: jlong,
    strides: JLongArray<'local>,
    tag: JLongArray<'local>,
    timeout_ms: jint,
) {
    entry(env, |env, guard| {
        if !tag.is_null() {
            if tag.len(env).map_err(java)? == 0 {
                return Err(invalid("tag has no element; expected room for one number, or null".into()));
            }
            tag.set_region(env, 0, &[NO_TAG as jlong]).map_err(java)?;
        }
        let stream = guard.stream(stream as u64)?;
        let strides = self::strides(env, &strides, "strides")?;
        let pixel_type = stream.pixel_type();
        with_sample!(pixel_type, T => receive(env, stream.of::<T>()?, frame, offset, strides, &tag, timeout_ms))
    })
}

fn receive<'local, T: JavaSample>(
    env: &mut Env<'local>,
    stream: &Stream<T>,
    frame: JObject<'local>,
    offset: jlong,
    strides: Option<Strides>,
    tag: &JLongArray<'local>,
    timeout_ms: jint,
) -> Result<()> {
    let shape = stream.shape();
    let timeout = timeout(timeout_ms)?;
    let argument = PixelArgument { name: "frame", offset, strides, shape, written: true };
    let target = target::<T>(env, frame, &argument)?;
    check_size(env, &target, shape, strides.is_none())?;
    let task = Task::new();
    let pixels = Pixels::new(env, shape, &task, None, Some(target));
    let (number, outcome) =
        receive_frame(stream, timeout, shape.width, |_, channel, y, row| pixels.write(0, channel, y, row))?;
    pixels.finish()?;
    if !tag.is_null() {
        tag.set_region(env, 0, &[number as jlong]).map_err(java)?;
    }
    outcome
}

/// Refuses packed pixels whose count is not a frame's: the camera has changed its size.
fn check_size<T: JavaSample, M>(env: &Env<'_>, side: &Side<'_, T, M>, shape: Shape, packed: bool) -> Result<()> {
    let (expected, found) = side.reach_and_rest(env, shape)?;
    check_count(shape, expected as u64, found as u64, packed)
}

#[no_mangle]
pub extern "system" fn Java_org_parfocal_Native_streamDescribe<'local>(
    env: EnvUnowned<'local>,
    _: JClass<'local>,
    stream: jlong,
) -> JString<'local> {
    entry(env, |env, guard| {
        let text = guard.stream(stream as u64)?.describe().to_string();
        env.new_string(text).map_err(java)
    })
}

#[no_mangle]
pub extern "system" fn Java_org_parfocal_Native_streamClose<'local>(
    env: EnvUnowned<'local>,
    _: JClass<'local>,
    stream: jlong,
) {
    entry(env, |_, _| {
        if let Object::Stream(stream) = remove(stream as u64, Kind::Stream)? {
            stream.close();
        }
        Ok(())
    })
}
