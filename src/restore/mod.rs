//! Restores: options, an opened model, a stack in memory, a file, a stream of frames, the doctor's report. Knows no
//! host.

pub mod blur;
pub mod doctor;
mod error_file;
mod errors;
pub mod file;
pub mod forecast;
pub mod model;
pub mod option_table;
mod option_text;
pub mod options;
mod plane;
pub mod queue;
mod record;
pub mod report;
mod runner;
pub mod set;
pub mod stack;
pub mod stream;
