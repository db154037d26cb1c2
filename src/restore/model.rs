//! An opened model: its metadata, its network on a device, and their description for hosts.

use std::path::Path;
use std::sync::Mutex;

use crate::error::{Error, Result, Status};
use crate::guest::threads;
use crate::image::frame::Shape;
use crate::image::tile::{Limits, Plan};
use crate::image::turn::Turn;
use crate::network::adapters::Adapter;
use crate::network::choice;
use crate::network::plugin::Choice;
use crate::network::proof::{self, Network, Parts, Request};
use crate::network::runtime::{self, Runtime};
use crate::onnx::model_file::{self, Info};
use crate::onnx::models;
use crate::restore::options::{Halo, Light, OpenOptions, Quality, RunOptions};
use crate::restore::plane::Spare;

/// An opened model. It may be used from several threads.
pub struct Model {
    /// Its name in the table of those inside the library.
    built_in: Option<&'static str>,
    info: Info,
    network: Network,
    runtime: &'static Runtime,
    options: OpenOptions,
    threads: usize,
    spare: Spare,
    /// Warnings from the runs so far.
    notes: Mutex<Vec<String>>,
}

impl Model {
    /// Further notes are dropped: they would only repeat earlier ones with other numbers.
    const MOST_NOTES: usize = 16;

    /// Opens a model by its name (`accurate`, `fast`, one of the user's folder) or its file; `None` is the default.
    ///
    /// Errors: `NotFound`, `Io`, `Model` (these begin with the path), `Runtime`, `Device`, `Unsupported`.
    pub fn open(path: Option<&Path>, options: &OpenOptions) -> Result<Self> {
        let named = match (path, options.quality) {
            (None, Quality::Fast) => Some(Path::new(models::FAST)),
            _ => path,
        };
        if let Some(path) = path.filter(|path| options.quality == Quality::Fast && *path != Path::new(models::FAST)) {
            return Err(Error::new(
                Status::BadOption,
                format!(
                    "quality=fast: chooses the fast model, but the model '{}' is named; expected one of both: leave \
                     the other out",
                    path.display()
                ),
            ));
        }
        let found = models::find(named)?;
        let context = |e: Error| match &found.path {
            Some(path) if e.status() == Status::Model => e.context(path.display()),
            _ => e,
        };
        let opened = Self::open_memory(&found.bytes, options).map_err(context)?;
        Ok(Self { built_in: found.built_in, ..opened })
    }

    /// Opens a model from the bytes of an ONNX file. Errors: `Model`, `Runtime`, `Device`, `Unsupported`.
    pub fn open_memory(bytes: &[u8], options: &OpenOptions) -> Result<Self> {
        Self::open_with(bytes, options, |runtime, request, info| {
            choice::open(runtime, &Parts::of(bytes, info)?, request)
        })
    }

    /// For tests without a GPU: runs on the CPU the network that a GPU would run, in half precision or not.
    #[doc(hidden)]
    pub fn open_as_on_a_device(bytes: &[u8], options: &OpenOptions, half: bool) -> Result<Self> {
        Self::open_with(bytes, options, |runtime, request, _| proof::open_as_on_a_device(runtime, bytes, half, request))
    }

    fn open_with(
        bytes: &[u8],
        options: &OpenOptions,
        open: impl FnOnce(&'static Runtime, Request, &Info) -> Result<Network>,
    ) -> Result<Self> {
        let info = model_file::inspect(bytes)?;
        let runtime = runtime::load(options.runtime.as_deref())?;
        let cores = physical_cores();
        let threads = options.threads.unwrap_or(cores);
        let request = Request {
            device: options.device,
            precision: options.precision,
            threads,
            runs: (cores / threads).max(1),
            spin: options.spin,
            priority: options.priority,
            choice: Choice { library: options.plugin.as_deref(), software: options.software_adapter },
        };
        let network = open(runtime, request, &info)?;
        Ok(Self {
            built_in: None,
            info,
            network,
            runtime,
            options: options.clone(),
            threads,
            spare: Spare::new(request.runs),
            notes: Mutex::default(),
        })
    }

    /// The file's metadata, with assumptions where it has none.
    pub fn info(&self) -> &Info {
        &self.info
    }

    pub(super) fn network(&self) -> &Network {
        &self.network
    }

    /// Threads of one run on the CPU.
    pub(super) fn threads(&self) -> usize {
        self.threads
    }

    /// Of the threads that work for it.
    pub(super) fn priority(&self) -> threads::Priority {
        self.options.priority
    }

    /// Working memory that a run leaves to the next.
    pub(super) fn spare(&self) -> &Spare {
        &self.spare
    }

    /// A sentence for each device that was tried and does not work here; `describe` lists them among its warnings.
    pub fn device_warnings(&self) -> &[String] {
        &self.network.warnings
    }

    /// Adds a warning to `describe`, once.
    pub(super) fn note(&self, sentence: String) {
        let mut notes = self.notes.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if notes.len() < Self::MOST_NOTES && !notes.contains(&sentence) {
            notes.push(sentence);
        }
    }

    /// The model, its device and its options as JSON, the same for every host. Runs may add warnings.
    pub fn describe(&self) -> serde_json::Value {
        let notes = self.notes.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).clone();
        let warnings: Vec<_> = self.info.assumed.iter().chain(&self.network.warnings).chain(&notes).collect();
        serde_json::json!({
            "model": self.built_in,
            "name": self.info.name,
            "version": self.info.version,
            "sha256": self.info.sha256,
            "license": self.info.license,
            "description": self.info.description,
            "device": self.network.device.to_string(),
            "device_requested": self.options.device.to_string(),
            "device_reason": self.network.reason,
            "provider": self.network.device.provider_name(),
            "adapter": self.network.adapter.map(Adapter::describe),
            "runtime_version": self.runtime.version,
            "runtime_path": self.runtime.path.display().to_string(),
            "precision": self.network.precision,
            "threads": self.threads,
            "spin": if self.options.spin { "on" } else { "off" },
            "priority": self.options.priority.to_string(),
            "memory_mib": self.options.memory_mib,
            "tile": "auto",
            "halo": self.info.halo,
            "multiple": self.info.multiple,
            "percentiles": [self.info.percentiles.0, self.info.percentiles.1],
            "modalities": self.info.modalities,
            "quality": self.options.quality.name(),
            "estimates_blur": !self.info.frequencies.is_empty(),
            "estimates_error": !self.info.error_factors.is_empty(),
            "pixel_size_um": self.info.pixel_size_um.map(|(low, high)| [low, high]),
            "warnings": warnings,
        })
    }

    /// Time for accuracy.
    pub(super) fn quality(&self) -> Quality {
        self.options.quality
    }

    /// How the network sees each image.
    pub(super) fn turns(&self) -> &'static [Turn] {
        self.options.quality.turns()
    }

    /// What the network's expected errors are multiplied with under this light; the largest where it is unknown.
    ///
    /// Errors: `BadOption` for a model without a trust map.
    pub(super) fn error_factor(&self, light: Option<Light>) -> Result<f64> {
        let factors = &self.info.error_factors;
        let of_light = light.and_then(|light| factors.iter().find(|(name, _)| name == light.name()));
        of_light.map(|(_, factor)| *factor).or(factors.iter().map(|(_, factor)| *factor).reduce(f64::max)).ok_or_else(
            || {
                Error::new(
                    Status::BadOption,
                    format!(
                        "error_map: the model '{}' has no trust map; expected one whose description says \
                         \"estimates_error\": true, or leave error_map out",
                        self.info.name
                    ),
                )
            },
        )
    }

    /// A warning if the image's sampling is outside the range that the model was trained for.
    pub fn pixel_size_warning(&self, pixel_size_um: f64) -> Option<String> {
        let (low, high) = self.info.pixel_size_um?;
        (pixel_size_um < low || pixel_size_um > high).then(|| {
            format!(
                "pixel size {pixel_size_um} um: the model was trained for {low} to {high} um; look at the result with \
                 care"
            )
        })
    }

    pub(super) fn halo(&self, options: &RunOptions) -> Result<usize> {
        match options.halo {
            Halo::Auto => Ok(self.info.halo),
            Halo::Pixels(halo) => Ok(halo),
            Halo::Exact if self.info.assumed.is_empty() => Ok(model_file::EXACT_HALO),
            Halo::Exact => Err(Error::new(
                Status::BadOption,
                "halo=exact: the receptive field of a foreign model is not known; give it in pixels".to_owned(),
            )),
        }
    }

    pub(super) fn plan(&self, shape: Shape, options: &RunOptions) -> Result<Plan> {
        let limits = Limits {
            memory_bytes: self.options.memory_mib << 20,
            bytes_per_pixel: self.info.bytes_per_pixel,
            multiple: self.info.multiple,
        };
        let plan = Plan::new(shape.width, shape.height, shape.channels, options.tile, self.halo(options)?, limits)?;
        Ok(Plan { passes: self.turns().len(), ..plan })
    }
}

/// Physical cores that this process may use. Two threads on one core make the network slower.
fn physical_cores() -> usize {
    num_cpus::get_physical().clamp(1, threads::cores())
}
