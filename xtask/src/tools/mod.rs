//! What every stage and package needs: paths, commands, the cache, and what is on the machine.

pub mod builds;
mod cache;
mod commands;
pub mod hash;
pub mod machine;
pub mod maven;
mod paths;
pub mod python;
pub mod release;
pub mod runtime;
pub mod webgpu;

pub use cache::*;
pub use commands::*;
pub use paths::*;

pub type Result<T> = std::result::Result<T, String>;
