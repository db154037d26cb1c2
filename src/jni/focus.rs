//! How sharp planes are.

use jni::objects::{JClass, JDoubleArray, JLongArray, JObject};
use jni::sys::{jint, jlong};
use jni::{Env, EnvUnowned};

use super::arguments::{invalid, missing, shape, strides};
use super::arrays::Place;
use super::elements::JavaSample;
use super::entry::{entry, java};
use super::pixels::{source, Pixels};
use crate::control::Task;
use crate::error::Result;
use crate::ffi::arguments::pixel_type;
use crate::focus;
use crate::frame::PixelType;

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
        let from = Place { name: "src", offset: src_offset, strides, shape, written: false };
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
        let found = match self::pixel_type(pixel_type)? {
            PixelType::U8 => score::<u8>(env, src, &from),
            PixelType::U16 => score::<u16>(env, src, &from),
            PixelType::F32 => score::<f32>(env, src, &from),
        }?;
        scores.set_region(env, 0, &found).map_err(java)
    })
}

fn score<'local, T: JavaSample>(env: &mut Env<'local>, src: JObject<'local>, from: &Place) -> Result<Vec<f64>> {
    let source = source::<T>(env, src, from)?;
    let task = Task::new();
    let pixels = Pixels::new(env, from.shape, &task, Some(source), None);
    let found = focus::score(&pixels, &task);
    // Before the outcome: it says why the task was cancelled from inside.
    pixels.finish()?;
    found
}
