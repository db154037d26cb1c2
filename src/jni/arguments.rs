//! Reads and checks Java's arguments other than pixels: texts and arrays of numbers.

use jni::objects::{JClass, JLongArray, JObject, JString};
use jni::strings::JNIString;
use jni::Env;

use super::errors::java;
use crate::error::{Error, Result, Status};
use crate::host::checks::{shape_of, strides_of};
use crate::image::frame::{Shape, Strides};

pub fn invalid(message: String) -> Error {
    Error::new(Status::InvalidArgument, message)
}

/// Reads a text; null is "". Errors: `status` for half a surrogate pair, which a Java string may hold.
pub fn text(env: &Env<'_>, value: &JString<'_>, name: &str, status: Status) -> Result<String> {
    if value.is_null() {
        return Ok(String::new());
    }
    let characters = value.mutf8_chars(env).map_err(java)?;
    let text = characters.to_str().into_owned();
    // Decoding replaces what it cannot decode, and the text would then name another file.
    if JNIString::new(&text).to_bytes() != characters.to_bytes() {
        return Err(Error::new(
            status,
            format!("{name} '{text}' has half of a surrogate pair, shown as \u{fffd}; expected whole characters"),
        ));
    }
    Ok(text)
}

/// Reads an option text; null is "". Errors: `BadOption`.
pub fn options(env: &Env<'_>, value: &JString<'_>) -> Result<String> {
    text(env, value, "options", Status::BadOption)
}

/// Reads a path; null is "". Errors: `InvalidArgument`.
pub fn path(env: &Env<'_>, value: &JString<'_>, name: &str) -> Result<String> {
    let text = text(env, value, name, Status::InvalidArgument)?;
    if text.contains('\0') {
        let shown = text.replace('\0', "\\0");
        return Err(invalid(format!("{name} '{shown}' has a NUL character, which no file name can have")));
    }
    Ok(text)
}

/// Reads a path, which may not be empty. Errors: `InvalidArgument`.
pub fn required_path(env: &Env<'_>, value: &JString<'_>, name: &str) -> Result<String> {
    let path = path(env, value, name)?;
    if path.is_empty() {
        return Err(invalid(format!("{name} is empty; expected the path of a file")));
    }
    Ok(path)
}

/// Reads `{width, height, channels, planes}`. Errors: `InvalidArgument`.
pub fn shape(env: &Env<'_>, numbers: &JLongArray<'_>, name: &str) -> Result<Shape> {
    shape_of(four(env, numbers, name, "width, height, channels, planes")?.ok_or_else(|| missing(name, "long[4]"))?)
}

/// Reads `{x, y, channel, plane}`, in elements; null: packed. Errors: `InvalidArgument`.
pub fn strides(env: &Env<'_>, numbers: &JLongArray<'_>, name: &str) -> Result<Option<Strides>> {
    four(env, numbers, name, "x, y, channel, plane")?.map(strides_of).transpose().map_err(|e| e.context(name))
}

/// The error for an argument that may not be null.
pub fn missing(name: &str, expected: &str) -> Error {
    invalid(format!("{name} is null; expected {expected}"))
}

fn four(env: &Env<'_>, array: &JLongArray<'_>, name: &str, meaning: &str) -> Result<Option<[i64; 4]>> {
    if array.is_null() {
        return Ok(None);
    }
    let length = array.len(env).map_err(java)?;
    if length != 4 {
        return Err(invalid(format!("{name} has {length} numbers; expected 4: {meaning}")));
    }
    let mut numbers = [0; 4];
    array.get_region(env, 0, &mut numbers).map_err(java)?;
    Ok(Some(numbers))
}

/// The class of an object as Java's source spells it, for example `short[]`.
pub fn class_name(env: &mut Env<'_>, object: &JObject<'_>) -> String {
    let name = |env: &mut Env<'_>| -> jni::errors::Result<String> {
        let class: JClass<'_> = env.get_object_class(object)?;
        let name = class.get_name(env)?;
        name.try_to_string(env)
    };
    // The frame frees the local references; otherwise they would add up plane by plane.
    env.with_local_frame(4, name).map_or_else(|_| "an object of unknown class".into(), |name| source_name(&name))
}

/// `[[S` is `short[][]`.
fn source_name(binary: &str) -> String {
    let element = binary.trim_start_matches('[');
    let dimensions = binary.len() - element.len();
    if dimensions == 0 {
        return binary.to_owned();
    }
    let name = match element {
        "B" => "byte",
        "S" => "short",
        "I" => "int",
        "J" => "long",
        "F" => "float",
        "D" => "double",
        "C" => "char",
        "Z" => "boolean",
        object => object.trim_start_matches('L').trim_end_matches(';'),
    };
    name.to_owned() + &"[]".repeat(dimensions)
}

#[cfg(test)]
mod tests {
    use super::source_name;

    #[test]
    fn classes_are_named_as_in_source() {
        for (binary, name) in [
            ("[S", "short[]"),
            ("[[F", "float[][]"),
            ("[Ljava.lang.Object;", "java.lang.Object[]"),
            ("java.util.ArrayList", "java.util.ArrayList"),
        ] {
            assert_eq!(source_name(binary), name);
        }
    }
}
