//! Faults on purpose, in test builds only (feature `plant`): what must be caught, so that it is known to be.

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
        // What the boundary is there for; this file is in no build that ships.
        panic!("planted")
    })
}

/// A Java exception that nobody has looked at.
#[no_mangle]
pub extern "system" fn Java_org_parfocal_Planted_exception<'local>(env: EnvUnowned<'local>, _: JClass<'local>) {
    entry(env, |env, _| {
        let _ = env.throw_new(jni_str!("java/util/ConcurrentModificationException"), jni_str!("planted"));
        Ok(())
    })
}

/// What the JVM throws when its heap is full.
#[no_mangle]
pub extern "system" fn Java_org_parfocal_Planted_noMemory<'local>(env: EnvUnowned<'local>, _: JClass<'local>) {
    entry(env, |env, _| {
        let _ = env.throw_new(jni_str!("java/lang/OutOfMemoryError"), jni_str!("planted"));
        Ok(())
    })
}
