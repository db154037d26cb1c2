//! What every door for another language shares: the panic boundary, objects behind handles, pixels behind pointers, and
//! checks of numbers from outside.
#![allow(missing_docs)]

pub mod boundary;
pub mod checks;
pub mod error_map;
pub mod frames;
pub mod handles;
pub mod memory;
pub mod objects;

/// Number of the binary interface, part of the library's SONAME. It counts up when something is removed or changes its
/// meaning. A program works with every library of the same number that is not older than the one it was built for.
/// Cargo.toml defines it.
pub const ABI_VERSION: i32 = match i32::from_str_radix(env!("PARFOCAL_ABI"), 10) {
    Ok(number) => number,
    // Evaluated at compile time: a build without the number fails.
    Err(_) => panic!("build.rs gives a number"),
};
