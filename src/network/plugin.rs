//! Execution providers in libraries of their own, which ONNX Runtime loads at run time: WebGPU, and a user's own.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::error::{Error, Result, Status};
use crate::guest::environment::with_any_adapter;
use crate::guest::leaving;
use crate::guest::paths::canonical;
use crate::network::adapters::{self, Adapter, Kind};
use crate::network::device::Device;
use crate::network::runtime::Runtime;

/// The file names of WebGPU's library beside ONNX Runtime: of the copy that we ship, and of its own package.
const NAMES: &[&str] = if cfg!(windows) {
    &["parfocal_webgpu.dll", "onnxruntime_providers_webgpu.dll"]
} else if cfg!(target_os = "macos") {
    &["libparfocal_webgpu.dylib", "libonnxruntime_providers_webgpu.dylib"]
} else {
    &["libparfocal_webgpu.so", "libonnxruntime_providers_webgpu.so"]
};

/// The environment variable that names WebGPU's library.
pub const VARIABLE: &str = "PARFOCAL_WEBGPU";

/// What the options say of plugins.
#[derive(Clone, Copy, Default)]
pub struct Choice<'a> {
    /// The option `plugin`: absolute.
    pub library: Option<&'a Path>,
    /// The option `software_adapter`.
    pub software: bool,
}

fn wrong(device: Device, found: String) -> Error {
    Error::new(Status::Device, format!("device={device}: {found}"))
}

/// WebGPU's library: `requested`, else the variable, else beside ONNX Runtime. `Ok(None)`: there is none.
///
/// Errors: `Device` for a path that is not absolute, or no file.
pub fn locate(runtime: &Runtime, requested: Option<&Path>) -> Result<Option<PathBuf>> {
    let variable = || std::env::var_os(VARIABLE).filter(|value| !value.is_empty()).map(PathBuf::from);
    let (path, source) = match (requested, variable()) {
        (Some(path), _) => (path.to_owned(), "plugin="),
        (None, Some(path)) => (path, VARIABLE),
        (None, None) => {
            let folder = runtime.path.parent().unwrap_or(Path::new("/"));
            return Ok(NAMES.iter().map(|name| folder.join(name)).find(|path| path.is_file()));
        }
    };
    let found = match (path.is_absolute(), path.is_file()) {
        (true, true) => return Ok(Some(path)),
        (false, _) => "expected an absolute path",
        (true, false) => "no such file; expected the library of an execution provider",
    };
    Err(wrong(Device::webgpu(), format!("{source} is {}: {found}", path.display())))
}

/// Makes the device known to ONNX Runtime: loads its library, once per process, and looks whether it offers a device.
/// Returns the adapter that WebGPU will use.
///
/// Errors: `Device`.
pub fn prepare(runtime: &Runtime, device: Device, choice: Choice) -> Result<Option<&'static Adapter>> {
    match device {
        Device::WebGpu(number) => webgpu(runtime, device, number, choice).map(Some),
        Device::Plugin(_) => own(runtime, device, choice).map(|()| None),
        _ => Ok(None),
    }
}

fn webgpu(runtime: &Runtime, device: Device, number: u16, choice: Choice) -> Result<&'static Adapter> {
    let library = locate(runtime, choice.library)?.ok_or_else(|| {
        let folder = runtime.path.parent().unwrap_or(Path::new("/"));
        let advice = format!("put it back, or give plugin= or {VARIABLE} (PyPI's onnxruntime-ep-webgpu has one)");
        wrong(device, format!("{} has no {}, WebGPU's library: {advice}", folder.display(), NAMES[0]))
    })?;
    let adapter = adapter(device)?;
    if number > 0 {
        let advice = "it takes the fastest by itself; expected webgpu or webgpu:0";
        return Err(wrong(device, format!("WebGPU's library takes one adapter, here {}: {advice}", adapter.name)));
    }
    if adapter.kind == Kind::Software && !choice.software {
        let advice = "far slower than device=cpu; give software_adapter=on to use it all the same, or device=cpu";
        return Err(wrong(
            device,
            format!("the only adapter is {}, a program on the processor: {advice}", adapter.name),
        ));
    }
    register(runtime, device, &library)?;
    if offered(runtime, device) == 0 {
        let advice = "see the doctor's adapters, or give device=cpu";
        return Err(wrong(device, format!("ONNX Runtime {} sees no GPU on this machine: {advice}", runtime.version)));
    }
    Ok(adapter)
}

/// The adapter that WebGPU will use. Errors: `Device`.
fn adapter(device: Device) -> Result<&'static Adapter> {
    let found = adapters::list().map_err(|why| wrong(device, format!("{why}. Or give device=cpu")))?;
    found.first().ok_or_else(|| {
        wrong(device, "Vulkan lists no adapter: install the GPU's driver, or give device=cpu".to_owned())
    })
}

fn own(runtime: &Runtime, device: Device, choice: Choice) -> Result<()> {
    let Some(library) = choice.library else {
        let expected = "expected plugin= with the absolute path of the provider's library";
        return Err(Error::new(Status::BadOption, format!("device={device}: {expected}")));
    };
    if !library.is_file() {
        return Err(wrong(device, format!("plugin={}: no such file", library.display())));
    }
    register(runtime, device, library)?;
    if offered(runtime, device) > 0 {
        return Ok(());
    }
    let names = provider_names(runtime).join(", ");
    Err(wrong(
        device,
        format!(
            "{} offers no device of this name here; ONNX Runtime {} has devices of {names}: give one of these, or what \
             the provider needs",
            library.display(),
            runtime.version
        ),
    ))
}

fn offered(runtime: &Runtime, device: Device) -> usize {
    runtime.environment.devices().filter(|found| found.ep().is_ok_and(|name| device.is_provider(name))).count()
}

fn provider_names(runtime: &Runtime) -> Vec<String> {
    let mut names: Vec<_> = runtime.environment.devices().filter_map(|d| d.ep().ok().map(str::to_owned)).collect();
    names.sort();
    names.dedup();
    names
}

/// Loads a provider's library into ONNX Runtime, once per process: it stays until the process ends.
fn register(runtime: &Runtime, device: Device, library: &Path) -> Result<()> {
    static LOADED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());
    let library = canonical(library).unwrap_or_else(|_| library.to_owned());
    let mut loaded = LOADED.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    if loaded.contains(&library) {
        return Ok(());
    }
    if offered(runtime, device) > 0 {
        let others: Vec<_> = loaded.iter().map(|path| path.display().to_string()).collect();
        let found = format!("this process already has this provider from one of {}", others.join(", "));
        return Err(wrong(device, format!("{}: {found}; start another process", library.display())));
    }
    let _inside = leaving::enter()?;
    let name = format!("parfocal-{}", loaded.len());
    // Some of these libraries have a telemetry client. `Device::WebGpu` has looked at the adapters itself.
    let registered =
        with_any_adapter(|| leaving::watching_exit(|| runtime.environment.register_ep_library(name, &library)));
    registered.map_err(|e| {
        let text = e.to_string();
        wrong(device, format!("{}: not a provider for ONNX Runtime {}: {text}", library.display(), runtime.version))
    })?;
    loaded.push(library);
    Ok(())
}
