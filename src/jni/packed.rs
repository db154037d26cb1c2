//! Packed pixels of cameras.

use std::cell::Cell;

use jni::objects::{JByteArray, JClass, JLongArray, JShortArray};
use jni::sys::{jint, jlong};
use jni::EnvUnowned;

use super::arguments::{invalid, missing, shape};
use super::entry::entry;
use super::errors::java;
use crate::host::checks::packing;
use crate::image::frame::resize;
use crate::image::packed::PackedLayout;

#[no_mangle]
pub extern "system" fn Java_org_parfocal_Native_unpack<'local>(
    env: EnvUnowned<'local>,
    _: JClass<'local>,
    packing: jint,
    src: JByteArray<'local>,
    row_bytes: jlong,
    dst: JShortArray<'local>,
    shape: JLongArray<'local>,
) {
    entry(env, |env, _| {
        let packing = self::packing(packing)?;
        let shape = self::shape(env, &shape, "shape")?;
        if src.is_null() {
            return Err(missing("src", "byte[]"));
        }
        if dst.is_null() {
            return Err(missing("dst", "short[]"));
        }
        let row_bytes = usize::try_from(row_bytes)
            .map_err(|_| invalid(format!("row bytes = {row_bytes}; expected 0 for rows without gaps, or more")))?;
        let (bytes, room) = (src.len(env).map_err(java)?, dst.len(env).map_err(java)?);
        let layout = PackedLayout::new(packing, bytes, row_bytes, shape)?;
        if room < shape.samples() {
            return Err(invalid(format!("dst has {room} elements; expected {} for {shape}", shape.samples())));
        }
        let mut row = Vec::new();
        resize(&mut row, shape.width)?;
        let failed = Cell::new(None);
        for y in 0..shape.height {
            layout.read(0, y, &mut row, |at, to| {
                // Inside the array, which the layout has checked.
                if let Err(error) = src.get_region(env, at as i32, bytemuck::cast_slice_mut(to)) {
                    failed.set(Some(error));
                }
            });
            if let Some(error) = failed.take() {
                return Err(java(error));
            }
            dst.set_region(env, (y * shape.width) as i32, bytemuck::cast_slice(&row)).map_err(java)?;
        }
        Ok(())
    })
}
