//! The bytes of an ONNX file, without a runtime: what it declares, and how its graph is changed.

pub mod edit;
mod graph;
pub mod model_file;
pub mod wire;
