//! ONNX Runtime's execution providers: how each device is asked for, and why it does not work, in a sentence.

use ort::ep::{self, ExecutionProvider};
use ort::session::builder::SessionBuilder;

use crate::error::{Error, Status};
use crate::network::device::Device;

/// What a device needs beside an ONNX Runtime built for it.
const NEEDS: &[(Device, &str)] = &[
    (
        Device::Cuda(0),
        "an NVIDIA driver, and the CUDA and cuDNN that this ONNX Runtime was built with (1.31 from PyPI's onnxruntime-gpu: \
         CUDA 13 and cuDNN 9) where the system looks for libraries",
    ),
    (Device::TensorRt(0), "what cuda needs, and TensorRT (untested)"),
    (Device::CoreMl, "macOS (untested)"),
    (Device::DirectMl(0), "Windows with DirectX 12 (untested)"),
    (Device::OpenVino, "an ONNX Runtime with OpenVINO, such as PyPI's onnxruntime-openvino (untested)"),
];

/// The devices other than the CPU, and what each needs.
pub fn needs() -> &'static [(Device, &'static str)] {
    NEEDS
}

fn needed(device: Device) -> &'static str {
    let same = |known: &Device| std::mem::discriminant(known) == std::mem::discriminant(&device);
    NEEDS.iter().find(|(known, _)| same(known)).map_or("", |(_, needs)| needs)
}

/// ONNX Runtime's name of what runs on a device.
pub fn name(device: Device) -> &'static str {
    match device {
        Device::Auto | Device::Cpu => ep::CPU::NAME,
        Device::Cuda(_) => ep::CUDA::NAME,
        Device::TensorRt(_) => ep::TensorRT::NAME,
        Device::CoreMl => ep::CoreML::NAME,
        Device::DirectMl(_) => ep::DirectML::NAME,
        Device::OpenVino => ep::OpenVINO::NAME,
    }
}

/// Whether the loaded ONNX Runtime was built with what the device needs. That it works there is another matter.
pub fn is_in_runtime(device: Device) -> bool {
    let found = match device {
        Device::Auto | Device::Cpu => Ok(true),
        Device::Cuda(_) => ep::CUDA::is_available(),
        Device::TensorRt(_) => ep::TensorRT::is_available(),
        Device::CoreMl => ep::CoreML::is_available(),
        Device::DirectMl(_) => ep::DirectML::is_available(),
        Device::OpenVino => ep::OpenVINO::is_available(),
    };
    found.unwrap_or(false)
}

/// Puts the network on the device, all of it, or fails.
pub fn attach(builder: SessionBuilder, device: Device) -> ort::Result<SessionBuilder> {
    let provider = match device {
        Device::Auto | Device::Cpu => return Ok(builder),
        Device::Cuda(index) => ep::CUDA::default().with_device_id(index.into()).build(),
        Device::TensorRt(index) => ep::TensorRT::default().with_device_id(index.into()).build(),
        Device::CoreMl => ep::CoreML::default().build(),
        Device::DirectMl(index) => ep::DirectML::default().with_device_id(index.into()).build(),
        Device::OpenVino => ep::OpenVINO::default().build(),
    };
    // Parts that a device cannot run would otherwise go to the CPU, and nobody would know.
    let builder = builder.with_execution_providers([provider.error_on_failure()])?;
    Ok(builder.with_disable_cpu_fallback()?)
}

/// The error of a device that ONNX Runtime was not built for.
pub fn not_in_runtime(device: Device, version: &str) -> Error {
    let others: Vec<_> = NEEDS.iter().filter(|(d, _)| is_in_runtime(*d)).map(|(d, _)| d.to_string()).collect();
    let found =
        if others.is_empty() { "the CPU only".to_owned() } else { format!("{} and the CPU", others.join(", ")) };
    Error::new(
        Status::Device,
        format!(
            "device={device}: this ONNX Runtime ({version}) has no {}, it was built for {found}; give runtime= one that has \
             it, or device=cpu. It needs {}",
            name(device),
            needed(device)
        ),
    )
}

/// The error of a device that does not work, from what ONNX Runtime says about it.
pub fn refused(device: Device, text: &str) -> Error {
    let why = match missing_library(text) {
        Some(library) => format!("the library {library} is missing"),
        None => text.trim().to_owned(),
    };
    Error::new(Status::Device, format!("device={device}: {why}; it needs {}. Or give device=cpu", needed(device)))
}

/// The library that a dynamic linker did not find.
fn missing_library(text: &str) -> Option<&str> {
    let before = text.split(": cannot open shared object file").next().filter(|b| b.len() < text.len())?;
    before.rsplit([' ', '"', '\'', '\n']).next().filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_missing_library_is_named() {
        let text = "[ONNXRuntimeError] Failed to load library /x/libonnxruntime_providers_cuda.so with error: \
                    libcublasLt.so.13: cannot open shared object file: No such file or directory";
        let error = refused(Device::Cuda(1), text);
        assert_eq!(error.status(), Status::Device);
        let expected = "device=cuda:1: the library libcublasLt.so.13 is missing; it needs an NVIDIA driver";
        assert!(error.message().starts_with(expected), "{error}");
        let other = refused(Device::Cuda(0), "CUDA failure 100: no CUDA-capable device is detected");
        assert!(other.message().contains("device=cuda:0: CUDA failure 100: no CUDA-capable device"), "{other}");
    }
}
