//! The engine for the JVM: one function for each native method of `org.parfocal.Native`.
//!
//! | file | what it holds |
//! |---|---|
//! | `general`, `model`, `task`, `restore`, `focus`, `stream`, `packed` | the functions |
//! | `entry` | the way of every call: through the boundary of `host`; errors become `ParfocalException` |
//! | `errors` | errors of calls into the JVM |
//! | `arguments` | texts, numbers and names of classes |
//! | `elements` | rows of Java's arrays |
//! | `arrays`, `buffers` | pixels in arrays (one, or one for each plane), and in direct buffers |
//! | `pixels` | both as the engine's `Rows` and `Planes` |
//!
//! No array is ever pinned or locked: rows are copied by `Get/Set<Type>ArrayRegion`, so the garbage collector can run
//! during inference.

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
mod packed;
#[cfg(feature = "plant")]
mod plant;
mod restore;
mod stream;
mod task;
