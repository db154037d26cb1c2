//! Versions, the doctor.

use jni::objects::{JClass, JString};
use jni::sys::jint;
use jni::EnvUnowned;

use super::entry::{entry, unguarded};
use super::errors::java;
use crate::host::boundary::shutdown;
use crate::host::checks::timeout;
use crate::host::ABI_VERSION;
use crate::onnx::models;
use crate::restore::doctor;

/// One number for the C functions and these.
#[no_mangle]
pub extern "system" fn Java_org_parfocal_Native_abiVersion<'local>(env: EnvUnowned<'local>, _: JClass<'local>) -> jint {
    entry(env, |_, _| Ok(ABI_VERSION))
}

#[no_mangle]
pub extern "system" fn Java_org_parfocal_Native_version<'local>(
    env: EnvUnowned<'local>,
    _: JClass<'local>,
) -> JString<'local> {
    entry(env, |env, _| env.new_string(env!("CARGO_PKG_VERSION")).map_err(java))
}

/// The names that a model can be asked for by, each in a line.
#[no_mangle]
pub extern "system" fn Java_org_parfocal_Native_modelNames<'local>(
    env: EnvUnowned<'local>,
    _: JClass<'local>,
) -> JString<'local> {
    entry(env, |env, _| env.new_string(models::names().join("\n")).map_err(java))
}

#[no_mangle]
pub extern "system" fn Java_org_parfocal_Native_doctor<'local>(
    env: EnvUnowned<'local>,
    _: JClass<'local>,
) -> JString<'local> {
    entry(env, |env, _| env.new_string(doctor::built_in().to_string()).map_err(java))
}

#[no_mangle]
pub extern "system" fn Java_org_parfocal_Native_shutdown<'local>(
    env: EnvUnowned<'local>,
    _: JClass<'local>,
    timeout_ms: jint,
) {
    // Not through the boundary that counts calls: it would wait for itself.
    unguarded(env, || timeout(timeout_ms).and_then(shutdown));
}
