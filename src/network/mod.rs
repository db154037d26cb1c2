//! ONNX Runtime: loading it, choosing a device, running the network. The only room that names `ort`.

pub mod adapters;
pub mod apart;
pub mod choice;
pub mod device;
mod library_path;
mod made;
mod outlets;
pub mod plugin;
mod pool;
pub mod proof;
pub mod provider;
pub mod runtime;
pub mod session;
