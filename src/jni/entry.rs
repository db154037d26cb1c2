//! Every call from the JVM passes here: through the boundary of `host`; errors become `ParfocalException`.

use std::panic::{catch_unwind, AssertUnwindSafe};

use jni::objects::{JThrowable, JValue};
use jni::strings::JNIString;
use jni::{jni_sig, jni_str, Env, EnvUnowned, Outcome};

use super::arguments::class_name;
use super::errors::no_memory;
use crate::error::{Error, Result, Status};
use crate::host::boundary::{guarded, CallGuard};

/// Runs a call. After an error or a panic an exception is pending, and the JVM ignores the returned value.
pub fn entry<'local, T: Default>(
    mut env: EnvUnowned<'local>,
    work: impl FnOnce(&mut Env<'local>, &mut CallGuard) -> Result<T>,
) -> T {
    let outcome = env.with_env_no_catch(|env| {
        let result = guarded(|guard| work(env, guard));
        let result = pending_exception(env).map_or(result, Err);
        Ok::<T, jni::errors::Error>(result.unwrap_or_else(|error| {
            throw(env, &error);
            T::default()
        }))
    });
    match outcome.into_outcome() {
        Outcome::Ok(value) => value,
        Outcome::Err(_) | Outcome::Panic(_) => T::default(),
    }
}

/// As `entry`, for a call that passes the boundary of `host` by itself.
pub fn unguarded(mut env: EnvUnowned<'_>, work: impl FnOnce() -> Result<()>) {
    let outcome = env.with_env_no_catch(|env| {
        if let Err(error) = work() {
            throw(env, &error);
        }
        Ok::<(), jni::errors::Error>(())
    });
    // Nothing in there fails or panics.
    let _ = outcome.into_outcome();
}

/// Clears an exception that the JVM has thrown inside this call, and returns it as an error. Only a lack of memory is
/// expected.
fn pending_exception(env: &mut Env<'_>) -> Option<Error> {
    let exception = env.exception_occurred()?;
    env.exception_clear();
    // Before `class_name`, which needs memory itself.
    if env.is_instance_of(&exception, jni_str!("java/lang/OutOfMemoryError")).unwrap_or(false) {
        env.delete_local_ref(exception);
        return Some(no_memory());
    }
    let name = class_name(env, &exception);
    env.delete_local_ref(exception);
    Some(Error::new(
        Status::Internal,
        format!("a fault of Parfocal, not of the input (the JVM threw {name} inside this call); please report it"),
    ))
}

fn throw(env: &mut Env<'_>, error: &Error) {
    // Nothing may unwind into the JVM. If throwing itself fails, the JVM has an exception of its own pending.
    let _ = catch_unwind(AssertUnwindSafe(|| {
        let _ = throw_parfocal_exception(env, error);
        if !env.exception_check() {
            // The class is missing: the installation is broken, but the message must not be lost.
            let message = format!("ParfocalException is missing beside Native; {}", error.message());
            let _ = env.throw_new(jni_str!("java/lang/InternalError"), JNIString::new(message));
        }
    }));
}

/// The JVM finds the class by the class loader of the native method that is running.
fn throw_parfocal_exception(env: &mut Env<'_>, error: &Error) -> jni::errors::Result<()> {
    let message = env.new_string(error.message())?;
    let class = env.find_class(jni_str!("org/parfocal/ParfocalException"))?;
    let arguments = [JValue::Int(error.status() as i32), JValue::Object(&message)];
    let exception = env.new_object(class, jni_sig!("(ILjava/lang/String;)V"), &arguments)?;
    let exception = JThrowable::cast_local(env, exception)?;
    env.throw(exception)
}
