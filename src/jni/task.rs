//! Tasks: progress and cancel of one run.

use jni::objects::{JClass, JFloatArray, JLongArray, JString};
use jni::sys::jlong;
use jni::EnvUnowned;

use super::arguments::{invalid, missing};
use super::entry::entry;
use super::errors::java;
use crate::host::handles::Kind;
use crate::host::objects::{add_task, remove};

#[no_mangle]
pub extern "system" fn Java_org_parfocal_Native_taskCreate<'local>(
    env: EnvUnowned<'local>,
    _: JClass<'local>,
) -> jlong {
    entry(env, |_, _| Ok(add_task()? as jlong))
}

#[no_mangle]
pub extern "system" fn Java_org_parfocal_Native_taskProgress<'local>(
    env: EnvUnowned<'local>,
    _: JClass<'local>,
    task: jlong,
    progress: JLongArray<'local>,
) {
    entry(env, |env, guard| {
        let run = guard.task(task as u64)?;
        let (done, total) = run.task.progress();
        let numbers = [done, total, run.task.planes_done()].map(|number| number as jlong);
        if progress.is_null() {
            return Err(missing("progress", "long[3]"));
        }
        let length = progress.len(env).map_err(java)?;
        if length < numbers.len() {
            return Err(invalid(format!(
                "progress has room for {length} numbers; expected 3: done, total, planes done"
            )));
        }
        progress.set_region(env, 0, &numbers).map_err(java)
    })
}

#[no_mangle]
pub extern "system" fn Java_org_parfocal_Native_taskDescribe<'local>(
    env: EnvUnowned<'local>,
    _: JClass<'local>,
    task: jlong,
) -> JString<'local> {
    entry(env, |env, guard| {
        let text = guard.task(task as u64)?.describe().to_string();
        env.new_string(text).map_err(java)
    })
}

#[no_mangle]
pub extern "system" fn Java_org_parfocal_Native_taskErrorMap<'local>(
    env: EnvUnowned<'local>,
    _: JClass<'local>,
    task: jlong,
    plane: jlong,
) -> JFloatArray<'local> {
    entry(env, |env, guard| {
        guard.task(task as u64)?.with_errors(|errors| {
            let plane = errors.plane(plane)?;
            let array = env.new_float_array(plane.len()).map_err(java)?;
            array.set_region(env, 0, plane).map_err(java)?;
            Ok(array)
        })
    })
}

#[no_mangle]
pub extern "system" fn Java_org_parfocal_Native_taskCancel<'local>(
    env: EnvUnowned<'local>,
    _: JClass<'local>,
    task: jlong,
) {
    entry(env, |_, guard| {
        guard.task(task as u64)?.task.cancel();
        Ok(())
    })
}

#[no_mangle]
pub extern "system" fn Java_org_parfocal_Native_taskClose<'local>(
    env: EnvUnowned<'local>,
    _: JClass<'local>,
    task: jlong,
) {
    entry(env, |_, _| remove(task as u64, Kind::Task).map(drop))
}
