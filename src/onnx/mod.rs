//! Reads and edits the bytes of an ONNX file, without a runtime.

pub mod edit;
mod graph;
pub mod model_file;
pub mod models;
pub mod prune;
pub mod wire;
