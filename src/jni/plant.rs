//! Deliberate faults, in test builds only (feature `plant`): tests show that the boundary catches them.

use jni::objects::JClass;
use jni::sys::jlong;
use jni::{jni_str, EnvUnowned};

use super::entry::entry;

/// A panic inside a call on a model.
#[no_mangle]
pub extern "system" fn Java_org_parfocal_Planted_panic<'local>(
    env: EnvUnowned<'local>,
    _: JClass<'local>,
    model: jlong,
) {
    entry(env, |_, guard| {
        guard.model(model as u64)?;
        // For the boundary to catch; no shipped build contains this file.
        panic!("planted")
    })
}

/// A Java exception that is left pending.
#[no_mangle]
pub extern "system" fn Java_org_parfocal_Planted_exception<'local>(env: EnvUnowned<'local>, _: JClass<'local>) {
    entry(env, |env, _| {
        let _ = env.throw_new(jni_str!("java/util/ConcurrentModificationException"), jni_str!("planted"));
        Ok(())
    })
}

/// The error that the JVM throws when its heap is full.
#[no_mangle]
pub extern "system" fn Java_org_parfocal_Planted_noMemory<'local>(env: EnvUnowned<'local>, _: JClass<'local>) {
    entry(env, |env, _| {
        let _ = env.throw_new(jni_str!("java/lang/OutOfMemoryError"), jni_str!("planted"));
        Ok(())
    })
}
