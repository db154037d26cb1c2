//! What every door for another language needs: the panic boundary, objects behind handles, pixels behind pointers, and checks of
//! numbers that come from outside.
#![allow(missing_docs)]

pub mod boundary;
pub mod checks;
pub mod frames;
pub mod handles;
pub mod memory;
pub mod objects;

/// Counts up when something is taken away or changes its meaning; it is the number in the library's SONAME. A program built for
/// one number works with every library of that number that is not older. Its one definition is in Cargo.toml.
pub const ABI_VERSION: i32 = match i32::from_str_radix(env!("PARFOCAL_ABI"), 10) {
    Ok(number) => number,
    // At compile time: a build without the number fails.
    Err(_) => panic!("build.rs gives a number"),
};
