//! ONNX Runtime: loading it, choosing a device, running the network. The only room that names `ort`.

pub mod device;
mod library_path;
mod pool;
pub mod proof;
pub mod provider;
pub mod runtime;
pub mod session;
