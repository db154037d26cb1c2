//! Copies rows from and to Java's arrays by region, which pins nothing.

use bytemuck::Pod;
use jni::errors::Result;
use jni::objects::{JByteArray, JFloatArray, JObject, JPrimitiveArray, JShortArray, TypeArray};
use jni::strings::JNIStr;
use jni::{jni_str, Env};

use crate::image::frame::Sample;

/// A pixel type and its Java array. Java has no unsigned integers: signed ones hold the same bits.
pub trait JavaSample: Sample + Pod {
    /// Element of the array.
    type Element: TypeArray + Pod;
    /// The array's name in Java source.
    const ARRAY: &'static str;
    /// Class of the direct buffer: its name in Java source, and its full name in the JVM.
    const BUFFER: &'static str;
    const BUFFER_CLASS: &'static JNIStr;

    /// Whether an object that is not null is such an array.
    fn is_array(env: &Env<'_>, object: &JObject<'_>) -> bool;
}

macro_rules! java_sample {
    ($sample:ty, $element:ty, $array:ty, $name:literal, $buffer:literal) => {
        impl JavaSample for $sample {
            type Element = $element;
            const ARRAY: &'static str = $name;
            const BUFFER: &'static str = $buffer;
            const BUFFER_CLASS: &'static JNIStr = jni_str!("java/nio/", $buffer);

            fn is_array(env: &Env<'_>, object: &JObject<'_>) -> bool {
                env.as_cast::<$array>(object).is_ok()
            }
        }
    };
}

java_sample!(u8, i8, JByteArray, "byte[]", "ByteBuffer");
java_sample!(u16, i16, JShortArray, "short[]", "ShortBuffer");
java_sample!(f32, f32, JFloatArray, "float[]", "FloatBuffer");

/// Largest step at which a row is copied together with the elements between its pixels; beyond it pixels are copied one
/// by one. A call costs about as much as copying a hundred bytes.
const WIDEST: usize = 64;

/// Place of a row in an array: the element of its first pixel, and the step to the next.
#[derive(Clone, Copy)]
pub struct Line {
    pub first: usize,
    pub step: usize,
}

impl Line {
    /// Elements of scratch memory that a row of `width` pixels with this step needs.
    pub fn scratch(step: usize, width: usize) -> usize {
        match step {
            2..=WIDEST => (width - 1) * step + 1,
            _ => 0,
        }
    }

    /// Copies a row of `row.len()` pixels from an array. `scratch` is as long as `Line::scratch` says.
    ///
    /// Errors: only if the row is not inside the array.
    pub fn read<E: TypeArray + Pod>(
        self,
        env: &Env<'_>,
        array: &JPrimitiveArray<'_, E>,
        row: &mut [E],
        scratch: &mut [E],
    ) -> Result<()> {
        match self.step {
            1 => array.get_region(env, self.at(0), row),
            // One element stands for the whole row.
            0 => {
                let (first, rest) = row.split_at_mut(1);
                array.get_region(env, self.at(0), first)?;
                rest.fill(first[0]);
                Ok(())
            }
            2..=WIDEST => {
                array.get_region(env, self.at(0), scratch)?;
                row.iter_mut().zip(scratch.iter().step_by(self.step)).for_each(|(to, &from)| *to = from);
                Ok(())
            }
            _ => (0..row.len()).try_for_each(|x| array.get_region(env, self.at(x), &mut row[x..=x])),
        }
    }

    /// Copies a row to an array. Elements between its pixels are read and written back, or not touched.
    /// `scratch` is as long as `Line::scratch` says.
    ///
    /// Errors: only if the row is not inside the array.
    pub fn write<E: TypeArray + Pod>(
        self,
        env: &Env<'_>,
        array: &JPrimitiveArray<'_, E>,
        row: &[E],
        scratch: &mut [E],
    ) -> Result<()> {
        match self.step {
            0 | 1 => array.set_region(env, self.at(0), row),
            2..=WIDEST => {
                array.get_region(env, self.at(0), scratch)?;
                scratch.iter_mut().step_by(self.step).zip(row).for_each(|(to, &from)| *to = from);
                array.set_region(env, self.at(0), scratch)
            }
            _ => (0..row.len()).try_for_each(|x| array.set_region(env, self.at(x), &row[x..=x])),
        }
    }

    /// Index of a pixel's element. It fits an `i32`, since it is inside the array.
    fn at(self, x: usize) -> i32 {
        (self.first + x * self.step) as i32
    }
}
