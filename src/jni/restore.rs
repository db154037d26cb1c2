//! Restoring pixels in memory, and files.

use jni::objects::{JClass, JLongArray, JObject, JString};
use jni::sys::{jint, jlong};
use jni::{Env, EnvUnowned};

use super::arguments::{given_path, options, shape, strides};
use super::arrays::Place;
use super::elements::JavaSample;
use super::entry::entry;
use super::pixels::{check_apart, source, target, Pixels};
use crate::error::Result;
use crate::ffi::arguments::pixel_type;
use crate::ffi::boundary::Touched;
use crate::frame::PixelType;
use crate::options::RunOptions;
use crate::pipeline;
use crate::restore_file::restore_file;

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
    entry(env, |env, touched| {
        let shape = self::shape(env, &shape, "shape")?;
        let (src_strides, dst_strides) =
            (strides(env, &src_strides, "src strides")?, strides(env, &dst_strides, "dst strides")?);
        let from = Place { name: "src", offset: src_offset, strides: src_strides, shape, written: false };
        let to = Place { name: "dst", offset: dst_offset, strides: dst_strides, shape, written: true };
        let handles = (model as u64, task as u64);
        match self::pixel_type(pixel_type)? {
            PixelType::U8 => restore::<u8>(env, touched, handles, (src, from), (dst, to), &options),
            PixelType::U16 => restore::<u16>(env, touched, handles, (src, from), (dst, to), &options),
            PixelType::F32 => restore::<f32>(env, touched, handles, (src, from), (dst, to), &options),
        }
    })
}

fn restore<'local, T: JavaSample>(
    env: &mut Env<'local>,
    touched: &mut Touched,
    (model, task): (u64, u64),
    (src, from): (JObject<'local>, Place),
    (dst, to): (JObject<'local>, Place),
    text: &JString<'local>,
) -> Result<()> {
    let model = touched.model(model)?;
    let options = RunOptions::parse(&options(env, text)?)?;
    let mut source = source::<T>(env, src, &from)?;
    let mut target = target::<T>(env, dst, &to)?;
    check_apart(env, &mut source, &mut target)?;
    let run = Touched::claimed_task(task)?;
    let mut pixels = Pixels::new(env, from.shape, &run.task, Some(source), Some(target));
    let outcome = pipeline::restore(&model, &run.task, &mut pixels, &options);
    // Before the outcome: it says why the run was cancelled from inside.
    pixels.finish()?;
    run.finish(outcome?.describe());
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
    entry(env, |env, touched| {
        let model = touched.model(model as u64)?;
        let (input, output) = (given_path(env, &input, "input")?, given_path(env, &output, "output")?);
        let options = RunOptions::parse(&self::options(env, &options)?)?;
        let run = Touched::claimed_task(task as u64)?;
        let report = restore_file(&model, &run.task, input.as_ref(), output.as_ref(), &options, false)?;
        run.finish(report.describe());
        Ok(())
    })
}
