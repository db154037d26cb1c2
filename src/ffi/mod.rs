//! The C ABI: one thin function for each thing that a host may ask. `include/parfocal.h` is made from these files.
//!
//! | file | what |
//! |---|---|
//! | `general`, `model`, `task`, `restore`, `focus`, `stream` | the functions, in the header's order |
//! | `arguments` | pointers turned into checked values, and back |

// The header's conventions are the contract of all these functions; it stands there once, not at each.
#![allow(clippy::missing_safety_doc)]
#![warn(unsafe_op_in_unsafe_fn)]
// The names are C's.
#![allow(non_camel_case_types)]

mod arguments;

pub mod focus;
pub mod general;
pub mod model;
#[cfg(feature = "plant")]
pub mod plant;
pub mod restore;
pub mod stream;
pub mod task;
