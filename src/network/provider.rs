//! ONNX Runtime's execution providers beside the CPU's, one line each.

use ort::ep::{self, ExecutionProvider, ExecutionProviderDispatch};

use crate::guest::leaving;

/// An execution provider.
pub struct Provider {
    /// Its name in the option `device`.
    pub key: &'static str,
    /// Whether the machine may have several, counted from 0: `cuda:1`.
    pub numbered: bool,
    /// Whether half precision and frames as integers are tried on it by default.
    pub fast: bool,
    /// ONNX Runtime's name for it.
    pub name: &'static str,
    /// What it needs beyond an ONNX Runtime that was built for it.
    pub needs: &'static str,
    /// Whether the loaded ONNX Runtime was built for it. It may still not work on this machine.
    pub is_in_runtime: fn() -> bool,
    /// The provider on the device with this number.
    pub(super) dispatch: fn(u16) -> ExecutionProviderDispatch,
}

macro_rules! provider {
    ($key:literal, $ep:ident numbered, $needs:literal) => {
        provider!(@ $key, $ep, true, $needs, |index| ep::$ep::default().with_device_id(index.into()).build())
    };
    ($key:literal, $ep:ident, $needs:literal) => {
        provider!(@ $key, $ep, false, $needs, |_| ep::$ep::default().build())
    };
    (@ $key:literal, $ep:ident, $numbered:literal, $needs:literal, $dispatch:expr) => {
        Provider {
            key: $key,
            numbered: $numbered,
            fast: false,
            name: ep::$ep::NAME,
            needs: $needs,
            is_in_runtime: || leaving::enter().is_ok_and(|_inside| ep::$ep::is_available().unwrap_or(false)),
            dispatch: $dispatch,
        }
    };
}

const CUDA_NEEDS: &str =
    "an NVIDIA driver, and the CUDA and cuDNN that this ONNX Runtime was built with (1.31 from PyPI's \
                          onnxruntime-gpu: CUDA 13 and cuDNN 9) where the system looks for libraries";

/// All providers. Nobody has run the ones marked untested.
pub static PROVIDERS: &[Provider] = &[
    Provider { fast: true, needs: CUDA_NEEDS, ..provider!("cuda", CUDA numbered, "") },
    provider!("tensorrt", TensorRT numbered, "what cuda needs, and TensorRT (untested)"),
    provider!("coreml", CoreML, "macOS (untested)"),
    provider!("directml", DirectML numbered, "Windows with DirectX 12 (untested)"),
    provider!("openvino", OpenVINO, "an ONNX Runtime with OpenVINO, such as PyPI's onnxruntime-openvino (untested)"),
];
