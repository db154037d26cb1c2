//! Pixels in direct buffers: memory outside Java's heap, with a fixed address.

use jni::objects::{JByteBuffer, JObject, JValueOwned};
use jni::strings::JNIStr;
use jni::{jni_sig, jni_str, Env};

use super::arguments::{class_name, invalid};
use super::arrays::PixelArgument;
use super::elements::JavaSample;
use super::errors::java;
use crate::error::Result;

/// Address of the first pixel, and the number of elements from there on.
pub struct Memory<T> {
    pub pointer: *mut T,
    pub count: u64,
}

/// The memory of a direct buffer of this pixel type, in this machine's byte order. Position and limit are ignored.
///
/// Errors: `InvalidArgument` for any other object; the message names its class.
pub fn memory<T: JavaSample>(env: &mut Env<'_>, object: &JObject<'_>, argument: &PixelArgument) -> Result<Memory<T>> {
    let name = argument.name;
    let class = env.find_class(T::BUFFER_CLASS).map_err(java)?;
    if !env.is_instance_of(object, class).map_err(java)? {
        let found = class_name(env, object);
        let colours = if T::ARRAY == "byte[]" { ", int[] of packed colours" } else { "" };
        return Err(invalid(format!(
            "{name} is {found}; expected {}{colours}, a direct {}, or Object[] with such an array for each plane, for \
             {} pixels",
            T::ARRAY,
            T::BUFFER,
            T::PIXEL_TYPE
        )));
    }
    if !flag(env, object, jni_str!("isDirect"))? {
        return Err(invalid(format!("{name} is a {} on the heap; expected a direct one, or its array()", T::BUFFER)));
    }
    if argument.written && flag(env, object, jni_str!("isReadOnly"))? {
        return Err(invalid(format!("{name} is a {} that is read-only; expected one that can be written", T::BUFFER)));
    }
    if size_of::<T>() > 1 && !native_order(env, object)? {
        return Err(invalid(format!(
            "{name} is a {} of the other byte order; expected ByteOrder.nativeOrder(), set on the ByteBuffer before it \
             is viewed as {}",
            T::BUFFER,
            T::BUFFER
        )));
    }
    let offset = argument.offset()?;
    // SAFETY: the two calls below need a direct java.nio.Buffer, which this is; the wrapper deletes nothing.
    let buffer = unsafe { JByteBuffer::from_raw(env, object.as_raw()) };
    // In elements of the buffer's type, although the crate calls it a byte buffer.
    let capacity = env.get_direct_buffer_capacity(&buffer).map_err(java)?;
    if offset > capacity {
        return Err(invalid(format!("{name} offset = {offset}; the {} has {capacity} elements", T::BUFFER)));
    }
    let address = if capacity == 0 {
        // An empty buffer may have no address. No shape fits into it, so the pointer is never used.
        std::ptr::NonNull::<T>::dangling().as_ptr()
    } else {
        env.get_direct_buffer_address(&buffer).map_err(java)?.cast()
    };
    // `offset` is inside the buffer, and the layout is checked before the pointer is used.
    Ok(Memory { pointer: address.wrapping_add(offset), count: (capacity - offset) as u64 })
}

fn flag(env: &mut Env<'_>, buffer: &JObject<'_>, method: &JNIStr) -> Result<bool> {
    let answer = env.call_method(buffer, method, jni_sig!("()Z"), &[]).map_err(java)?;
    answer.z().map_err(java)
}

fn native_order(env: &mut Env<'_>, buffer: &JObject<'_>) -> Result<bool> {
    let signature = jni_sig!("()Ljava/nio/ByteOrder;");
    let own = env.call_method(buffer, jni_str!("order"), &signature, &[]).and_then(JValueOwned::l).map_err(java)?;
    let native = env
        .call_static_method(jni_str!("java/nio/ByteOrder"), jni_str!("nativeOrder"), &signature, &[])
        .and_then(JValueOwned::l)
        .map_err(java)?;
    env.is_same_object(&own, &native).map_err(java)
}
