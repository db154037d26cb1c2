//! The options `device` and `precision`, and the errors of a device that does not work.

use ort::session::builder::SessionBuilder;

use crate::error::{Error, Status};
use crate::network::provider::{Provider, PROVIDERS};

/// Where the network runs.
#[derive(Clone, Copy, Default)]
pub enum Device {
    /// CUDA if it passes the probe, else the CPU.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// An execution provider, and the number of its device.
    Provider(&'static Provider, u16),
}

impl Device {
    /// The first NVIDIA GPU.
    pub fn cuda() -> Self {
        // CUDA is the table's first row; a test checks it.
        Self::Provider(&PROVIDERS[0], 0)
    }

    /// Parses the value of the option `device`; `None` if there is no such device.
    pub fn parse(text: &str) -> Option<Self> {
        let (key, index) = match text.split_once(':') {
            Some((key, index)) => (key, Some(index.parse::<u16>().ok()?)),
            None => (text, None),
        };
        match (key, index) {
            ("auto", None) => Some(Self::Auto),
            ("cpu", None) => Some(Self::Cpu),
            _ => {
                let provider = PROVIDERS.iter().find(|p| p.key == key && (p.numbered || index.is_none()))?;
                Some(Self::Provider(provider, index.unwrap_or(0)))
            }
        }
    }

    /// The provider; `None` for the CPU.
    pub fn provider(self) -> Option<&'static Provider> {
        match self {
            Self::Provider(provider, _) => Some(provider),
            Self::Auto | Self::Cpu => None,
        }
    }

    /// ONNX Runtime's name for the provider.
    pub fn provider_name(self) -> &'static str {
        use ort::ep::ExecutionProvider;
        self.provider().map_or(ort::ep::CPU::NAME, |provider| provider.name)
    }

    /// Whether the loaded ONNX Runtime was built for it.
    pub fn is_in_runtime(self) -> bool {
        self.provider().is_none_or(|provider| (provider.is_in_runtime)())
    }

    fn needs(self) -> &'static str {
        self.provider().map_or("", |provider| provider.needs)
    }

    /// Puts the whole network of a session on the device, or fails.
    pub(super) fn attach(self, builder: SessionBuilder) -> ort::Result<SessionBuilder> {
        let Self::Provider(provider, index) = self else { return Ok(builder) };
        // Otherwise operators that the device cannot run would silently go to the CPU.
        let builder = builder.with_execution_providers([(provider.dispatch)(index).error_on_failure()])?;
        Ok(builder.with_disable_cpu_fallback()?)
    }

    /// The error for a device that this ONNX Runtime was not built for.
    pub fn not_in_runtime(self, version: &str) -> Error {
        let others = PROVIDERS.iter().filter(|provider| (provider.is_in_runtime)());
        let others: Vec<_> = others.map(|provider| Self::Provider(provider, 0).to_string()).collect();
        let found =
            if others.is_empty() { "the CPU only".to_owned() } else { format!("{} and the CPU", others.join(", ")) };
        Error::new(
            Status::Device,
            format!(
                "device={self}: this ONNX Runtime ({version}) has no {}, it was built for {found}; give runtime= one \
                 that has it, or device=cpu. It needs {}",
                self.provider_name(),
                self.needs()
            ),
        )
    }

    /// The error for a device that does not work, from ONNX Runtime's message.
    pub fn refused(self, text: &str) -> Error {
        let why = match missing_library(text) {
            Some(library) => format!("the library {library} is missing"),
            None => text.trim().to_owned(),
        };
        Error::new(Status::Device, format!("device={self}: {why}; it needs {}. Or give device=cpu", self.needs()))
    }
}

impl PartialEq for Device {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Auto, Self::Auto) | (Self::Cpu, Self::Cpu) => true,
            (Self::Provider(a, i), Self::Provider(b, j)) => a.key == b.key && i == j,
            _ => false,
        }
    }
}

impl Eq for Device {}

impl std::fmt::Debug for Device {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Device({self})")
    }
}

/// As the option `device` spells it, with the device's number.
impl std::fmt::Display for Device {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Cpu => f.write_str("cpu"),
            Self::Provider(provider, index) if provider.numbered => write!(f, "{}:{index}", provider.key),
            Self::Provider(provider, _) => f.write_str(provider.key),
        }
    }
}

/// Floating-point precision inside the network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// Half on CUDA, single elsewhere.
    #[default]
    Auto,
    /// Single.
    Fp32,
    /// Half.
    Fp16,
}

/// The library that the dynamic linker did not find, from its message.
fn missing_library(text: &str) -> Option<&str> {
    let before = text.split(": cannot open shared object file").next().filter(|b| b.len() < text.len())?;
    before.rsplit([' ', '"', '\'', '\n']).next().filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_printed_as_the_option_spells_it() {
        for text in ["auto", "cpu", "cuda:0", "cuda:3", "tensorrt:1", "coreml", "directml:0", "openvino"] {
            assert_eq!(Device::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(Device::parse("cuda"), Some(Device::cuda()));
        for text in ["gpu", "cpu:0", "coreml:1", "cuda:", "cuda:-1", "cuda:65536", ""] {
            assert_eq!(Device::parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_missing_library_is_named() {
        let text = "[ONNXRuntimeError] Failed to load library /x/libonnxruntime_providers_cuda.so with error: \
                    libcublasLt.so.13: cannot open shared object file: No such file or directory";
        let error = Device::parse("cuda:1").unwrap().refused(text);
        assert_eq!(error.status(), Status::Device);
        let expected = "device=cuda:1: the library libcublasLt.so.13 is missing; it needs an NVIDIA driver";
        assert!(error.message().starts_with(expected), "{error}");
        let other = Device::cuda().refused("CUDA failure 100: no CUDA-capable device is detected");
        assert!(other.message().contains("device=cuda:0: CUDA failure 100: no CUDA-capable device"), "{other}");
    }
}
