//! The engine for the JVM: one function for each native method of `org.parfocal.Native`.
//!
//! | file | what |
//! |---|---|
//! | `general`, `model`, `task`, `restore`, `focus`, `stream` | the functions |
//! | `entry` | what every call passes through: the boundary of `ffi`, and errors that become `ParfocalException` |
//! | `errors` | what a failed call into the JVM means |
//! | `arguments` | texts, numbers and names of classes |
//! | `elements` | rows of Java's arrays |
//! | `arrays`, `buffers` | pixels in arrays, one or one for each plane; pixels in direct buffers |
//! | `pixels` | both as the engine's `Rows` and `Planes` |
//!
//! No array is ever pinned or locked: rows are copied by `Get/Set<Type>ArrayRegion`, so that the garbage collector runs as it
//! likes during inference.

mod arguments;
mod arrays;
mod buffers;
mod elements;
mod entry;
mod errors;
mod pixels;

mod focus;
mod general;
mod model;
#[cfg(feature = "plant")]
mod plant;
mod restore;
mod stream;
mod task;
