//! The devices and precisions that can be asked for, and their names.

/// Where the network runs. Numbers count the devices of a kind from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Device {
    /// CUDA if it proves itself, else the CPU.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// An NVIDIA GPU.
    Cuda(u16),
    /// An NVIDIA GPU through TensorRT; untested.
    TensorRt(u16),
    /// Apple's Core ML; untested.
    CoreMl,
    /// A GPU under Windows; untested.
    DirectMl(u16),
    /// Intel's OpenVINO; untested.
    OpenVino,
}

impl Device {
    /// From an option's value; `None` for what is none of them.
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, index) = match text.split_once(':') {
            Some((kind, index)) => (kind, Some(index.parse::<u16>().ok()?)),
            None => (text, None),
        };
        match (kind, index) {
            ("auto", None) => Some(Self::Auto),
            ("cpu", None) => Some(Self::Cpu),
            ("cuda", index) => Some(Self::Cuda(index.unwrap_or(0))),
            ("tensorrt", index) => Some(Self::TensorRt(index.unwrap_or(0))),
            ("coreml", None) => Some(Self::CoreMl),
            ("directml", index) => Some(Self::DirectMl(index.unwrap_or(0))),
            ("openvino", None) => Some(Self::OpenVino),
            _ => None,
        }
    }
}

/// As the option has it, the device's number always told.
impl std::fmt::Display for Device {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Cpu => f.write_str("cpu"),
            Self::Cuda(index) => write!(f, "cuda:{index}"),
            Self::TensorRt(index) => write!(f, "tensorrt:{index}"),
            Self::CoreMl => f.write_str("coreml"),
            Self::DirectMl(index) => write!(f, "directml:{index}"),
            Self::OpenVino => f.write_str("openvino"),
        }
    }
}

/// Numbers inside the network.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_told_as_they_are_asked_for() {
        for text in ["auto", "cpu", "cuda:0", "cuda:3", "tensorrt:1", "coreml", "directml:0", "openvino"] {
            assert_eq!(Device::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(Device::parse("cuda"), Some(Device::Cuda(0)));
    }
}
