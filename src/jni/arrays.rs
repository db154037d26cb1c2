//! Pixels in Java's arrays: one array for all planes, or one for each.

use bytemuck::{cast_slice, cast_slice_mut};
use jni::objects::{JIntArray, JObject, JObjectArray, JPrimitiveArray, TypeArray};
use jni::Env;

use super::arguments::{class_name, invalid};
use super::elements::{JavaSample, Line};
use super::errors::java;
use crate::error::Result;
use crate::image::frame::{resize, Layout, PixelType, Shape, Strides};

/// Channels of packed colours: red, green, blue. Alpha stays unchanged.
const COLOURS: usize = 3;

/// Java's description of the pixels of one side of a call.
#[derive(Clone, Copy)]
pub struct PixelArgument {
    /// `src`, `dst` or `frame`.
    pub name: &'static str,
    /// Element of the first pixel.
    pub offset: i64,
    /// `None`: packed.
    pub strides: Option<Strides>,
    pub shape: Shape,
    pub written: bool,
}

impl PixelArgument {
    /// The offset. Errors: `InvalidArgument` if it is negative.
    pub fn offset(&self) -> Result<usize> {
        let Self { name, offset, .. } = self;
        usize::try_from(*offset).map_err(|_| {
            invalid(format!("{name} offset = {offset}; expected the element of the first pixel, 0 or more"))
        })
    }
}

/// The arrays of one side of a call.
pub struct Arrays<'local, T> {
    name: &'static str,
    holder: Holder<'local>,
    count: usize,
    /// Whether they are `int[]`, each element a colour 0xAARRGGBB.
    packed: bool,
    /// Layout of one array, in elements from `offset` on.
    layout: Layout,
    offset: usize,
    /// With one array for each plane: the current plane and its array. Only one, because the JVM's local references are
    /// few.
    held: Option<(usize, JObject<'local>)>,
    scratch: Vec<T>,
    colours: Vec<i32>,
    colour_scratch: Vec<i32>,
}

enum Holder<'local> {
    /// One array for all planes.
    One(JObject<'local>),
    /// An array of arrays, one for each plane.
    Each(JObjectArray<'local>),
}

impl<'local, T: JavaSample> Arrays<'local, T> {
    /// The arrays behind `object`, which is not null; returns the object itself if it is no array.
    ///
    /// Errors: `InvalidArgument` if type, number or length of the arrays does not fit the shape.
    pub fn new(
        env: &mut Env<'local>,
        object: JObject<'local>,
        argument: &PixelArgument,
    ) -> Result<std::result::Result<Self, JObject<'local>>> {
        let PixelArgument { name, shape, .. } = *argument;
        let colours = is_colours(env, &object);
        let each = !colours && !T::is_array(env, &object);
        if each && env.as_cast::<JObjectArray<'_>>(&object).is_err() {
            return Ok(Err(object));
        }
        let mut packed = colours;
        let holder = if each {
            let planes = JObjectArray::<JObject<'_>>::cast_local(env, object).map_err(java)?;
            let length = planes.len(env).map_err(java)?;
            if length != shape.planes {
                return Err(invalid(format!(
                    "{name} has arrays for {length} planes, and the shape has {} planes; expected one array for each \
                     plane",
                    shape.planes
                )));
            }
            let first = planes.get_element(env, 0).map_err(java)?;
            packed = !first.is_null() && is_colours(env, &first);
            env.delete_local_ref(first);
            Holder::Each(planes)
        } else {
            Holder::One(object)
        };
        if packed && (T::PIXEL_TYPE, shape.channels) != (PixelType::U8, COLOURS) {
            return Err(invalid(format!(
                "{name} is {}int[], which holds packed colours: 8-bit pixels of {COLOURS} channels; the pixels were \
                 given as {} with {} channels: expected {}",
                if each { "Object[] of " } else { "" },
                T::PIXEL_TYPE,
                shape.channels,
                T::ARRAY,
            )));
        }
        let own = Shape {
            channels: if packed { 1 } else { shape.channels },
            planes: if each { 1 } else { shape.planes },
            ..shape
        };
        // `check` compares with the length of each array, below.
        let layout = Layout::new(usize::MAX, own, argument.strides, argument.written).map_err(|e| e.context(name))?;
        let mut arrays = Self {
            name,
            holder,
            count: if each { shape.planes } else { 1 },
            packed,
            layout,
            offset: argument.offset()?,
            held: None,
            scratch: Vec::new(),
            colours: Vec::new(),
            colour_scratch: Vec::new(),
        };
        let scratch = Line::scratch(layout.strides().x as usize, shape.width);
        if packed {
            resize(&mut arrays.colours, shape.width)?;
            resize(&mut arrays.colour_scratch, scratch)?;
        } else {
            resize(&mut arrays.scratch, scratch)?;
        }
        if each {
            (0..shape.planes).try_for_each(|plane| arrays.hold(env, plane))?;
        } else {
            arrays.check(env, 0)?;
        }
        Ok(Ok(arrays))
    }

    /// Number of arrays: one, or one for each plane.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Name of an array in messages.
    pub fn part_name(&self, part: usize) -> String {
        if self.each() {
            format!("{} plane {part}", self.name)
        } else {
            self.name.to_owned()
        }
    }

    /// First element of the pixels in each array, and one past the last.
    pub fn range(&self) -> (usize, usize) {
        (self.offset, self.offset.saturating_add(self.layout.reach()))
    }

    /// Elements that a frame needs from the first pixel on, and those that the held array has.
    pub fn reach_and_rest(&self, env: &Env<'_>) -> Result<(usize, usize)> {
        let length = self.length(env)?;
        Ok((self.layout.reach(), length.saturating_sub(self.offset)))
    }

    /// Whether each pixel has the same place as in `other`, if the arrays are the same.
    pub fn same_place(&self, other: &Self) -> bool {
        self.count == other.count && self.offset == other.offset && self.layout.same_steps(&other.layout)
    }

    /// Makes the array of a plane the current one, and checks it: another thread may have replaced it in the outer
    /// array.
    ///
    /// Errors: `InvalidArgument` for null, another class, too few elements.
    pub fn hold(&mut self, env: &mut Env<'local>, plane: usize) -> Result<()> {
        let Holder::Each(planes) = &self.holder else { return Ok(()) };
        if self.held.as_ref().is_some_and(|(held, _)| *held == plane) {
            return Ok(());
        }
        if let Some((_, old)) = self.held.take() {
            env.delete_local_ref(old);
        }
        self.held = Some((plane, planes.get_element(env, plane).map_err(java)?));
        self.check(env, plane)
    }

    /// The held array.
    pub fn array(&self) -> &JObject<'local> {
        match (&self.holder, &self.held) {
            (_, Some((_, array))) | (Holder::One(array), None) => array,
            (Holder::Each(planes), None) => planes,
        }
    }

    fn each(&self) -> bool {
        matches!(self.holder, Holder::Each(_))
    }

    /// Length of the held array, whose class has been checked.
    fn length(&self, env: &Env<'local>) -> Result<usize> {
        // SAFETY: `new` or `check` has found out which of the two it is.
        let length = unsafe {
            if self.packed {
                self.as_array::<i32>(env).len(env)
            } else {
                self.as_array::<T::Element>(env).len(env)
            }
        };
        length.map_err(java)
    }

    fn check(&self, env: &mut Env<'local>, part: usize) -> Result<()> {
        let array = self.array();
        let expected = if self.packed { "int[]" } else { T::ARRAY };
        let name = || self.part_name(part);
        if array.is_null() {
            return Err(invalid(format!("{} is null; expected {expected}", name())));
        }
        let fits = if self.packed { is_colours(env, array) } else { T::is_array(env, array) };
        if !fits {
            let found = class_name(env, array);
            return Err(invalid(format!("{} is {found}; expected {expected} for {} pixels", name(), T::PIXEL_TYPE)));
        }
        let length = self.length(env)?;
        let (first, end) = self.range();
        if length < end {
            let (shape, strides) = (self.layout.shape(), self.layout.strides());
            return Err(invalid(format!(
                "{} has {length} elements; shape {shape} with strides {strides} from element {first} on takes at least \
                 {end}",
                name()
            )));
        }
        Ok(())
    }

    /// Copies a row from the array of a plane, which must be held.
    pub fn read(
        &mut self,
        env: &Env<'local>,
        plane: usize,
        channel: usize,
        y: usize,
        row: &mut [T],
    ) -> jni::errors::Result<()> {
        let line = self.line(plane, channel, y);
        if !self.packed {
            // SAFETY: `check` has checked the array's type.
            let array = unsafe { self.as_array::<T::Element>(env) };
            return line.read(env, &array, cast_slice_mut(row), cast_slice_mut(&mut self.scratch));
        }
        // SAFETY: `check` has checked that it is int[].
        let array: JIntArray<'_> = unsafe { self.as_array(env) };
        line.read(env, &array, &mut self.colours, &mut self.colour_scratch)?;
        let shift = shift(channel);
        let bytes: &mut [u8] = cast_slice_mut(row);
        bytes.iter_mut().zip(&self.colours).for_each(|(to, &colour)| *to = (colour >> shift) as u8);
        Ok(())
    }

    /// Copies a row to the array of a plane, which must be held.
    pub fn write(
        &mut self,
        env: &Env<'local>,
        plane: usize,
        channel: usize,
        y: usize,
        row: &[T],
    ) -> jni::errors::Result<()> {
        let line = self.line(plane, channel, y);
        if !self.packed {
            // SAFETY: as in `read`.
            let array = unsafe { self.as_array::<T::Element>(env) };
            return line.write(env, &array, cast_slice(row), cast_slice_mut(&mut self.scratch));
        }
        // SAFETY: as in `read`.
        let array: JIntArray<'_> = unsafe { self.as_array(env) };
        line.read(env, &array, &mut self.colours, &mut self.colour_scratch)?;
        let shift = shift(channel);
        let bytes: &[u8] = cast_slice(row);
        for (colour, &byte) in self.colours.iter_mut().zip(bytes) {
            *colour = *colour & !(0xff << shift) | i32::from(byte) << shift;
        }
        line.write(env, &array, &self.colours, &mut self.colour_scratch)
    }

    fn line(&self, plane: usize, channel: usize, y: usize) -> Line {
        let (plane, channel) = (if self.each() { 0 } else { plane }, if self.packed { 0 } else { channel });
        Line { first: self.offset + self.layout.row(plane, channel, y), step: self.layout.strides().x as usize }
    }

    /// The held array with its element type; it shares the reference.
    ///
    /// # Safety
    /// It is an array of that element type.
    unsafe fn as_array<E: TypeArray>(&self, env: &Env<'local>) -> JPrimitiveArray<'local, E> {
        // SAFETY: the caller's promise; the wrapper does not delete the reference, and lives shorter than it.
        unsafe { JPrimitiveArray::from_raw(env, self.array().as_raw()) }
    }
}

/// Position of a channel's bits in a packed colour.
fn shift(channel: usize) -> u32 {
    16 - 8 * channel as u32
}

fn is_colours(env: &Env<'_>, object: &JObject<'_>) -> bool {
    env.as_cast::<JIntArray<'_>>(object).is_ok()
}
