//! The execution providers that have names of their own in the option `device`.

use ort::ep::{self, ExecutionProvider, ExecutionProviderDispatch};

use crate::guest::leaving;

/// An execution provider.
pub struct Provider {
    /// Its name in the option `device`.
    pub key: &'static str,
    /// ONNX Runtime's name for it.
    pub name: &'static str,
    /// What it needs.
    pub needs: &'static str,
}

/// NVIDIA's GPUs, with an ONNX Runtime that was built for them.
pub static CUDA: Provider = Provider {
    key: "cuda",
    name: ep::CUDA::NAME,
    needs: "an NVIDIA driver, and the CUDA and cuDNN that this ONNX Runtime was built with (1.31 from PyPI's \
            onnxruntime-gpu: CUDA 13 and cuDNN 9) where the system looks for libraries",
};

/// The GPUs of all makers, through a library beside ONNX Runtime.
pub static WEBGPU: Provider = Provider {
    key: "webgpu",
    name: "WebGpuExecutionProvider",
    needs: "a GPU and its driver, with Vulkan on Linux (see docs/gpu.md)",
};

/// Whether the loaded ONNX Runtime was built for CUDA. It may still not work on this machine.
pub fn cuda_is_in_runtime() -> bool {
    leaving::enter().is_ok_and(|_inside| ep::CUDA::is_available().unwrap_or(false))
}

/// CUDA on the device with this number; an error if it does not work.
pub(super) fn cuda(index: u16) -> ExecutionProviderDispatch {
    ep::CUDA::default().with_device_id(index.into()).build().error_on_failure()
}
