//! Models: opened, described, closed.

use jni::objects::{JByteArray, JClass, JString};
use jni::sys::jlong;
use jni::EnvUnowned;

use super::arguments::{missing, options, path};
use super::entry::{entry, java};
use crate::error::{Error, Status};
use crate::ffi::objects::{add_model, remove};
use crate::frame::resize;
use crate::handles::Kind;
use crate::model::LARGEST_FILE;
use crate::options::OpenOptions;
use crate::pipeline::Model;

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
        let length = onnx.len(env).map_err(java)?;
        if length as u64 > LARGEST_FILE {
            return Err(Error::new(
                Status::Model,
                format!("onnx has {length} bytes; expected an ONNX model of at most {LARGEST_FILE}"),
            ));
        }
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
    entry(env, |env, touched| {
        let text = touched.model(model as u64)?.describe().to_string();
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
