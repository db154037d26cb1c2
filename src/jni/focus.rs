//! Focus scores.

use jni::objects::{JClass, JDoubleArray, JLongArray, JObject};
use jni::sys::{jint, jlong};
use jni::{Env, EnvUnowned};

use super::arguments::{invalid, missing, shape, strides};
use super::arrays::PixelArgument;
use super::elements::JavaSample;
use super::entry::entry;
use super::errors::java;
use super::pixels::{source, Pixels};
use crate::error::Result;
use crate::host::checks::pixel_type;
use crate::image::focus;
use crate::image::sample::with_sample;
use crate::task::Task;

#[no_mangle]
pub extern "system" fn Java_org_parfocal_Native_focusScore<'local>(
    env: EnvUnowned<'local>,
    _: JClass<'local>,
    pixel_type: jint,
    src: JObject<'local>,
    src_offset: jlong,
    src_strides: JLongArray<'local>,
    shape: JLongArray<'local>,
    scores: JDoubleArray<'local>,
) {
    entry(env, |env, _| {
        let shape = self::shape(env, &shape, "shape")?;
        let strides = strides(env, &src_strides, "src strides")?;
        let from = PixelArgument { name: "src", offset: src_offset, strides, shape, written: false };
        if scores.is_null() {
            return Err(missing("scores", "double[] with a number for each plane"));
        }
        let room = scores.len(env).map_err(java)?;
        if room < shape.planes {
            return Err(invalid(format!(
                "scores has room for {room} numbers; expected one for each of {} planes",
                shape.planes
            )));
        }
        let found = with_sample!(self::pixel_type(pixel_type)?, T => score::<T>(env, src, &from))?;
        scores.set_region(env, 0, &found).map_err(java)
    })
}

fn score<'local, T: JavaSample>(env: &mut Env<'local>, src: JObject<'local>, from: &PixelArgument) -> Result<Vec<f64>> {
    let source = source::<T>(env, src, from)?;
    let task = Task::new();
    let pixels = Pixels::new(env, from.shape, &task, Some(source), None);
    let found = focus::score(&pixels, &task);
    // First the error that made `Pixels` cancel the task, if there is one.
    pixels.finish()?;
    found
}
