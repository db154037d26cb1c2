//! The graphics adapters of this machine as Vulkan lists them: WebGPU's library does not tell which one it uses.

use std::ffi::CStr;

use ash::vk;
use once_cell::sync::OnceCell;

use crate::guest::leaving;

/// What an adapter is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A card of its own.
    Discrete,
    /// On the processor's chip.
    Integrated,
    /// A program on the processor.
    Software,
    /// A virtual machine's, or another.
    Other,
}

impl Kind {
    /// In one word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Discrete => "discrete",
            Self::Integrated => "integrated",
            Self::Software => "software",
            Self::Other => "other",
        }
    }

    /// The order in which WebGPU (Dawn) prefers them when it is asked for the fastest.
    fn rank(self) -> u8 {
        match self {
            Self::Discrete => 0,
            Self::Integrated => 1,
            Self::Software => 2,
            Self::Other => 3,
        }
    }
}

/// A graphics adapter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adapter {
    /// As its driver gives it.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// The driver's name and version.
    pub driver: String,
    /// Whether its shaders compute in half precision.
    pub half: bool,
}

impl Adapter {
    /// Name, kind, interface and driver as JSON.
    pub fn describe(&self) -> serde_json::Value {
        serde_json::json!({
            "name": self.name,
            "kind": self.kind.name(),
            "backend": "Vulkan",
            "driver": self.driver,
            "half_precision": self.half,
        })
    }
}

/// File names of the Vulkan loader. Dawn opens the same.
const LOADER: &str = if cfg!(windows) { "vulkan-1.dll" } else { "libvulkan.so.1" };

/// All adapters, the one that WebGPU prefers first; the same for the life of the process. `Err`: a sentence on what is
/// missing.
pub fn list() -> Result<&'static [Adapter], &'static str> {
    static FOUND: OnceCell<Result<Vec<Adapter>, String>> = OnceCell::new();
    // It loads drivers.
    FOUND.get_or_init(|| leaving::watching_exit(find)).as_deref().map_err(String::as_str)
}

fn find() -> Result<Vec<Adapter>, String> {
    // SAFETY: loading runs the loader's initialisers. Dawn loads the same file.
    let library = unsafe { libloading::Library::new(LOADER) }.map_err(|e| {
        let text = std::error::Error::source(&e).map_or_else(|| e.to_string(), ToString::to_string);
        match text.contains("No such file") {
            true => format!("the Vulkan loader ({LOADER}) is not installed: it comes with a GPU's driver"),
            false => format!("the Vulkan loader ({LOADER}) cannot be loaded: {text}"),
        }
    })?;
    // SAFETY: the signature is Vulkan's; the symbol's name is unique to it.
    let function = unsafe { library.get::<vk::PFN_vkGetInstanceProcAddr>(b"vkGetInstanceProcAddr\0") };
    let get_instance_proc_addr =
        *function.map_err(|_| format!("{LOADER} is no Vulkan loader: it lacks vkGetInstanceProcAddr"))?;
    // SAFETY: the function comes from the loader, which stays loaded: drivers may have started threads.
    let entry = unsafe { ash::Entry::from_static_fn(ash::StaticFn { get_instance_proc_addr }) };
    std::mem::forget(library);
    let mut found = read(&entry).map_err(|e| match e {
        vk::Result::ERROR_INCOMPATIBLE_DRIVER => {
            "Vulkan finds no driver that works: install or repair the GPU's driver".to_owned()
        }
        e => format!("Vulkan does not start: {e:?}"),
    })?;
    found.sort_by_key(|adapter| adapter.kind.rank());
    Ok(found)
}

fn read(entry: &ash::Entry) -> Result<Vec<Adapter>, vk::Result> {
    let application = vk::ApplicationInfo::default().api_version(vk::API_VERSION_1_1);
    let wanted = vk::InstanceCreateInfo::default().application_info(&application);
    // SAFETY: the structures live longer than the call; no layers or extensions are asked for.
    let instance = unsafe { entry.create_instance(&wanted, None) }?;
    // SAFETY: the instance is destroyed below, after its last use.
    let devices = unsafe { instance.enumerate_physical_devices() };
    let found = devices.map(|devices| devices.into_iter().map(|device| adapter(&instance, device)).collect());
    // SAFETY: nothing of it is in use any more.
    unsafe { instance.destroy_instance(None) };
    found
}

fn adapter(instance: &ash::Instance, device: vk::PhysicalDevice) -> Adapter {
    // SAFETY: the device is the instance's, which lives.
    let plain = unsafe { instance.get_physical_device_properties(device) };
    let mut driver = vk::PhysicalDeviceDriverProperties::default();
    let mut half = vk::PhysicalDeviceShaderFloat16Int8Features::default();
    let mut storage = vk::PhysicalDevice16BitStorageFeatures::default();
    if plain.api_version >= vk::API_VERSION_1_1 {
        let mut properties = vk::PhysicalDeviceProperties2::default().push_next(&mut driver);
        // SAFETY: the chain of structures lives longer than the call; devices skip those that they do not know.
        unsafe { instance.get_physical_device_properties2(device, &mut properties) };
        let mut features = vk::PhysicalDeviceFeatures2::default().push_next(&mut half).push_next(&mut storage);
        // SAFETY: as above.
        unsafe { instance.get_physical_device_features2(device, &mut features) };
    }
    let text = |field: Result<&CStr, _>| field.map_or(String::new(), |text| text.to_string_lossy().into_owned());
    let (name, version) = (text(driver.driver_name_as_c_str()), text(driver.driver_info_as_c_str()));
    let number = plain.driver_version;
    Adapter {
        name: text(plain.device_name_as_c_str()),
        kind: match plain.device_type {
            vk::PhysicalDeviceType::DISCRETE_GPU => Kind::Discrete,
            vk::PhysicalDeviceType::INTEGRATED_GPU => Kind::Integrated,
            vk::PhysicalDeviceType::CPU => Kind::Software,
            _ => Kind::Other,
        },
        driver: match [name, version].join(" ").trim() {
            "" => format!("version {number:#x}"),
            named => named.to_owned(),
        },
        // What Dawn asks of a device before it offers shader-f16.
        half: half.shader_float16 == vk::TRUE
            && storage.storage_buffer16_bit_access == vk::TRUE
            && storage.uniform_and_storage_buffer16_bit_access == vk::TRUE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fastest_kind_comes_first() {
        let mut kinds = [Kind::Other, Kind::Software, Kind::Integrated, Kind::Discrete];
        kinds.sort_by_key(|kind| kind.rank());
        assert_eq!(kinds.map(Kind::name), ["discrete", "integrated", "software", "other"]);
    }

    #[test]
    fn adapters_or_what_is_missing() {
        match list() {
            Ok(found) => assert!(found.iter().all(|adapter| !adapter.driver.is_empty()), "{found:?}"),
            Err(why) => assert!(why.contains("Vulkan"), "{why}"),
        }
    }
}
