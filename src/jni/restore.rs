//! Restoring pixels in memory, and files.

use jni::objects::{JClass, JLongArray, JObject, JString};
use jni::sys::{jint, jlong};
use jni::{Env, EnvUnowned};

use super::arguments::{options, required_path, shape, strides};
use super::arrays::PixelArgument;
use super::elements::JavaSample;
use super::entry::entry;
use super::pixels::{check_apart, source, target, Pixels};
use crate::error::Result;
use crate::host::boundary::CallGuard;
use crate::host::checks::pixel_type;
use crate::host::error_map::check_fetched;
use crate::host::objects::claimed_task;
use crate::image::sample::with_sample;
use crate::restore::file::restore_file;
use crate::restore::options::{FileOptions, RunOptions};
use crate::restore::stack;

#[no_mangle]
pub extern "system" fn Java_org_parfocal_Native_restore<'local>(
    env: EnvUnowned<'local>,
    _: JClass<'local>,
    model: jlong,
    task: jlong,
    pixel_type: jint,
    src: JObject<'local>,
    src_offset: jlong,
    src_strides: JLongArray<'local>,
    dst: JObject<'local>,
    dst_offset: jlong,
    dst_strides: JLongArray<'local>,
    shape: JLongArray<'local>,
    options: JString<'local>,
) {
    entry(env, |env, guard| {
        let shape = self::shape(env, &shape, "shape")?;
        let (src_strides, dst_strides) =
            (strides(env, &src_strides, "src strides")?, strides(env, &dst_strides, "dst strides")?);
        let from = PixelArgument { name: "src", offset: src_offset, strides: src_strides, shape, written: false };
        let to = PixelArgument { name: "dst", offset: dst_offset, strides: dst_strides, shape, written: true };
        let handles = (model as u64, task as u64);
        let (source, target) = ((src, from), (dst, to));
        with_sample!(self::pixel_type(pixel_type)?, T => restore::<T>(env, guard, handles, source, target, &options))
    })
}

fn restore<'local, T: JavaSample>(
    env: &mut Env<'local>,
    guard: &mut CallGuard,
    (model, task): (u64, u64),
    (src, from): (JObject<'local>, PixelArgument),
    (dst, to): (JObject<'local>, PixelArgument),
    text: &JString<'local>,
) -> Result<()> {
    let model = guard.model(model)?;
    let options = RunOptions::parse(&options(env, text)?)?;
    let mut source = source::<T>(env, src, &from)?;
    let mut target = target::<T>(env, dst, &to)?;
    check_apart(env, &mut source, &mut target)?;
    check_fetched(task, &options)?;
    let run = claimed_task(task)?;
    let mut pixels = Pixels::new(env, from.shape, &run.task, Some(source), Some(target));
    let outcome = stack::restore(&model, &run.task, &mut pixels, &options);
    // First the error that made `Pixels` cancel the run, if there is one.
    pixels.finish()?;
    run.finish_in_memory(from.shape, outcome?);
    Ok(())
}

#[no_mangle]
pub extern "system" fn Java_org_parfocal_Native_restoreFile<'local>(
    env: EnvUnowned<'local>,
    _: JClass<'local>,
    model: jlong,
    task: jlong,
    input: JString<'local>,
    output: JString<'local>,
    options: JString<'local>,
) {
    entry(env, |env, guard| {
        let model = guard.model(model as u64)?;
        let (input, output) = (required_path(env, &input, "input")?, required_path(env, &output, "output")?);
        let options = FileOptions::parse(&self::options(env, &options)?)?;
        let run = claimed_task(task as u64)?;
        let report = restore_file(&model, &run.task, input.as_ref(), output.as_ref(), &options)?;
        run.finish(report.describe());
        Ok(())
    })
}
