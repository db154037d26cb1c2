//! The options `device` and `precision`, and the errors of a device that does not work.

use crate::error::{Error, Status};
use crate::network::provider::{Provider, CUDA, WEBGPU};

/// Where the network runs.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub enum Device {
    /// CUDA if it passes the probe, else a hardware GPU through WebGPU if it does and is fast, else the CPU.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// An NVIDIA GPU, by its number.
    Cuda(u16),
    /// A GPU of any maker, by its number.
    WebGpu(u16),
    /// What a library of the user's own provides, by ONNX Runtime's name for it.
    Plugin(Name),
}

/// A provider's name, at most 48 letters, digits, `_`, `-` and `.`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Name {
    bytes: [u8; Self::MOST],
    length: usize,
}

impl Name {
    const MOST: usize = 48;

    fn parse(text: &str) -> Option<Self> {
        let fits = (1..=Self::MOST).contains(&text.len());
        if !fits || !text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b)) {
            return None;
        }
        let mut bytes = [0; Self::MOST];
        bytes[..text.len()].copy_from_slice(text.as_bytes());
        Some(Self { bytes, length: text.len() })
    }

    /// As it was given.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..self.length]).unwrap_or_default()
    }

    /// Whether a provider is meant: `OpenVINO` and `OpenVINOExecutionProvider` are the same.
    pub fn is(&self, provider: &str) -> bool {
        let short = |name: &str| name.strip_suffix("ExecutionProvider").unwrap_or(name).to_ascii_lowercase();
        short(self.as_str()) == short(provider)
    }
}

impl Device {
    /// The first NVIDIA GPU.
    pub fn cuda() -> Self {
        Self::Cuda(0)
    }

    /// The GPU that WebGPU chooses.
    pub fn webgpu() -> Self {
        Self::WebGpu(0)
    }

    /// Parses the value of the option `device`; `None` if there is no such device.
    pub fn parse(text: &str) -> Option<Self> {
        let (key, rest) = match text.split_once(':') {
            Some((key, rest)) => (key, Some(rest)),
            None => (text, None),
        };
        let number = || rest.map_or(Some(0), |rest| rest.parse::<u16>().ok());
        match (key, rest) {
            ("auto", None) => Some(Self::Auto),
            ("cpu", None) => Some(Self::Cpu),
            ("cuda", _) => number().map(Self::Cuda),
            ("webgpu", _) => number().map(Self::WebGpu),
            ("plugin", Some(name)) => Name::parse(name).map(Self::Plugin),
            _ => None,
        }
    }

    /// The provider; `None` for the CPU and for a library of the user's own.
    pub fn provider(self) -> Option<&'static Provider> {
        match self {
            Self::Cuda(_) => Some(&CUDA),
            Self::WebGpu(_) => Some(&WEBGPU),
            Self::Auto | Self::Cpu | Self::Plugin(_) => None,
        }
    }

    /// ONNX Runtime's name for the provider.
    pub fn provider_name(self) -> String {
        match self {
            Self::Plugin(name) if name.as_str().ends_with("ExecutionProvider") => name.as_str().to_owned(),
            Self::Plugin(name) => format!("{}ExecutionProvider", name.as_str()),
            _ => self.provider().map_or("CPUExecutionProvider", |provider| provider.name).to_owned(),
        }
    }

    /// Whether ONNX Runtime's devices of this name are meant.
    pub fn is_provider(self, name: &str) -> bool {
        match self {
            Self::Plugin(given) => given.is(name),
            _ => self.provider().is_some_and(|provider| provider.name == name),
        }
    }

    fn needs(self) -> &'static str {
        match self {
            Self::Plugin(_) => "what the documents of that provider say",
            _ => self.provider().map_or("", |provider| provider.needs),
        }
    }

    /// The error for a device that does not work, from ONNX Runtime's message.
    pub fn refused(self, text: &str) -> Error {
        let why = match missing_library(text) {
            Some(library) => format!("the library {library} is missing"),
            None => text.trim().to_owned(),
        };
        Error::new(Status::Device, format!("device={self}: {why}; it needs {}. Or give device=cpu", self.needs()))
    }

    /// The error for CUDA with an ONNX Runtime that was not built for it.
    pub fn not_in_runtime(self, version: &str) -> Error {
        Error::new(
            Status::Device,
            format!(
                "device={self}: this ONNX Runtime ({version}) has no {}; give runtime= one that has it, or device=cpu. \
                 It needs {}",
                self.provider_name(),
                self.needs()
            ),
        )
    }
}

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
            Self::Cuda(index) => write!(f, "cuda:{index}"),
            Self::WebGpu(index) => write!(f, "webgpu:{index}"),
            Self::Plugin(name) => write!(f, "plugin:{}", name.as_str()),
        }
    }
}

/// Floating-point precision inside the network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// Half on GPUs that compute in it, single elsewhere.
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
        for text in ["auto", "cpu", "cuda:0", "cuda:3", "webgpu:0", "webgpu:1", "plugin:OpenVINO"] {
            assert_eq!(Device::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(Device::parse("cuda"), Some(Device::cuda()));
        assert_eq!(Device::parse("webgpu"), Some(Device::webgpu()));
        let long = format!("plugin:{}", "x".repeat(49));
        for text in
            ["gpu", "cpu:0", "coreml", "cuda:", "cuda:-1", "webgpu:65536", "plugin", "plugin:", "plugin:a b", &long, ""]
        {
            assert_eq!(Device::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_plugin_is_named_with_or_without_its_ending() {
        for (given, found) in [("OpenVINO", true), ("openvinoExecutionProvider", true), ("Open", false)] {
            let device = Device::parse(&format!("plugin:{given}")).unwrap();
            assert_eq!(device.is_provider("OpenVINOExecutionProvider"), found, "{given}");
        }
        assert!(Device::webgpu().is_provider("WebGpuExecutionProvider"));
        assert!(!Device::Cpu.is_provider("CPUExecutionProvider"));
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
