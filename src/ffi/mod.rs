//! The C ABI: thin functions over the engine. `include/parfocal.h` is generated from these files.
//!
//! | file | what it holds |
//! |---|---|
//! | `general`, `model`, `task`, `restore`, `focus`, `stream`, `packed` | the functions, in the header's order |
//! | `arguments` | reading arguments from pointers, writing results to them |

// The conventions in the header are the safety contract of all these functions.
#![allow(clippy::missing_safety_doc)]
#![warn(unsafe_op_in_unsafe_fn)]
// C names.
#![allow(non_camel_case_types)]

mod arguments;

pub mod focus;
pub mod general;
pub mod model;
pub mod packed;
#[cfg(feature = "plant")]
pub mod plant;
pub mod restore;
pub mod stream;
pub mod task;
