//! Models: open, describe, close.

use jni::objects::{JByteArray, JClass, JString};
use jni::sys::jlong;
use jni::EnvUnowned;

use super::arguments::{missing, options, path};
use super::entry::entry;
use super::errors::java;
use crate::host::checks::model_size;
use crate::host::handles::Kind;
use crate::host::objects::{add_model, remove};
use crate::image::frame::resize;
use crate::restore::model::Model;
use crate::restore::options::OpenOptions;

#[no_mangle]
pub extern "system" fn Java_org_parfocal_Native_modelOpen<'local>(
    env: EnvUnowned<'local>,
    _: JClass<'local>,
    path: JString<'local>,
    options: JString<'local>,
) -> jlong {
    entry(env, |env, _| {
        let options = OpenOptions::parse(&self::options(env, &options)?)?;
        let path = self::path(env, &path, "path")?;
        let model = Model::open((!path.is_empty()).then(|| path.as_ref()), &options)?;
        Ok(add_model(model)? as jlong)
    })
}

#[no_mangle]
pub extern "system" fn Java_org_parfocal_Native_modelOpenMemory<'local>(
    env: EnvUnowned<'local>,
    _: JClass<'local>,
    onnx: JByteArray<'local>,
    options: JString<'local>,
) -> jlong {
    entry(env, |env, _| {
        let options = OpenOptions::parse(&self::options(env, &options)?)?;
        if onnx.is_null() {
            return Err(missing("onnx", "the bytes of an ONNX model"));
        }
        let length = model_size(onnx.len(env).map_err(java)?, "onnx has")?;
        let mut bytes: Vec<u8> = Vec::new();
        resize(&mut bytes, length)?;
        onnx.get_region(env, 0, bytemuck::cast_slice_mut(&mut bytes)).map_err(java)?;
        Ok(add_model(Model::open_memory(&bytes, &options)?)? as jlong)
    })
}

#[no_mangle]
pub extern "system" fn Java_org_parfocal_Native_modelDescribe<'local>(
    env: EnvUnowned<'local>,
    _: JClass<'local>,
    model: jlong,
) -> JString<'local> {
    entry(env, |env, guard| {
        let text = guard.model(model as u64)?.describe().to_string();
        env.new_string(text).map_err(java)
    })
}

#[no_mangle]
pub extern "system" fn Java_org_parfocal_Native_modelClose<'local>(
    env: EnvUnowned<'local>,
    _: JClass<'local>,
    model: jlong,
) {
    entry(env, |_, _| remove(model as u64, Kind::Model).map(drop))
}
