//! Options as text: `key=value` pairs separated by white space; option_table.rs has the table.

use std::path::PathBuf;

use crate::error::{Error, Result, Status};
pub use crate::guest::threads::Priority;
use crate::image::normalise::Range;
use crate::image::turn::{self, Turn};
pub use crate::network::device::{Device, Precision};
pub use crate::restore::option_table::{Key, Scope, TABLE};
use crate::restore::option_text::parse;
pub use crate::restore::queue::Mode;

/// Options for opening a model.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenOptions {
    /// Where the network runs.
    pub device: Device,
    /// Floating-point precision inside the network.
    pub precision: Precision,
    /// Threads of one run on the CPU; `None`: one for each physical core.
    pub threads: Option<usize>,
    /// Working set of the network in one run, in MiB.
    pub memory_mib: u64,
    /// Absolute path of ONNX Runtime; `None`: the variable, else beside this library or program.
    pub runtime: Option<PathBuf>,
    /// Absolute path of the library of an execution provider; `None`: WebGPU's beside ONNX Runtime.
    pub plugin: Option<PathBuf>,
    /// Whether `device=webgpu` may be a program on the processor.
    pub software_adapter: bool,
    /// Whether threads that wait for their next step of the network do so in a loop.
    pub spin: bool,
    /// Of the network's threads and of a stream's.
    pub priority: Priority,
    /// Time for accuracy.
    pub quality: Quality,
}

/// Time for accuracy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Quality {
    /// The fast model, where none is named.
    Fast,
    /// The model as it is.
    #[default]
    Normal,
    /// The mean over the eight turns and reflections of the image.
    Best,
}

impl Quality {
    const NAMES: [(&'static str, Self); 3] = [("fast", Self::Fast), ("normal", Self::Normal), ("best", Self::Best)];

    /// Its name in the option.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, quality)| *quality == self).map_or("", |(name, _)| name)
    }

    /// How the network sees each image.
    pub fn turns(self) -> &'static [Turn] {
        match self {
            Self::Best => turn::ALL,
            Self::Fast | Self::Normal => turn::UPRIGHT,
        }
    }
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self {
            device: Device::Auto,
            precision: Precision::Auto,
            threads: None,
            memory_mib: 2560,
            runtime: None,
            plugin: None,
            software_adapter: false,
            spin: false,
            priority: Priority::Normal,
            quality: Quality::default(),
        }
    }
}

/// Context around a tile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Halo {
    /// From the model file.
    #[default]
    Auto,
    /// The receptive field of the network.
    Exact,
    /// This many pixels.
    Pixels(usize),
}

/// What the network sees as 0 and 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Normalize {
    /// Percentiles of each frame.
    #[default]
    Frame,
    /// Percentiles of all planes of the stack together.
    Stack,
    /// Given by the user; refused if it is far wider than a frame's values.
    Fixed(Range),
    /// Measured over a stack whose planes are restored one by one; not checked, since some planes may be very dark.
    Measured(Range),
}

/// Options for one run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunOptions {
    /// Side of what a tile contributes; `None`: whole frames where memory allows.
    pub tile: Option<usize>,
    /// Context around a tile.
    pub halo: Halo,
    /// What the network sees as 0 and 1.
    pub normalize: Normalize,
    /// Sampling of the image, in micrometres; `None`: from the file, else unknown.
    pub pixel_size_um: Option<f64>,
    /// What is known of the microscope.
    pub optics: Optics,
    /// Whether and where the expected errors go.
    pub error_map: ErrorMap,
}

/// Whether and where the expected error of each pixel goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ErrorMap {
    /// Nowhere.
    #[default]
    Off,
    /// Beside the restored pixels: into the report, or a file beside the output.
    On,
    /// Into this file.
    File(PathBuf),
}

/// How an image was lit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Light {
    /// Structures shine.
    Fluorescence,
    /// Light goes through the specimen.
    Transmitted,
    /// Light comes back from a surface.
    Reflected,
}

impl Light {
    const NAMES: [(&'static str, Self); 3] =
        [("fluorescence", Self::Fluorescence), ("transmitted", Self::Transmitted), ("reflected", Self::Reflected)];

    /// Its name in the option and in model files.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, light)| *light == self).map_or("", |(name, _)| name)
    }
}

/// What the user tells of the microscope; `None`: unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Optics {
    /// Numerical aperture of the objective.
    pub na: Option<f64>,
    /// Of the light that forms the image, in micrometres.
    pub wavelength_um: Option<f64>,
    /// Of the medium between specimen and objective.
    pub refractive_index: Option<f64>,
    /// Distance from focus in micrometres; its sign does not matter.
    pub defocus_um: Option<f64>,
    /// How the image was lit.
    pub light: Option<Light>,
}

impl OpenOptions {
    /// From `key=value` text. Errors: `BadOption`.
    pub fn parse(text: &str) -> Result<Self> {
        let mut options = Self::default();
        parse(text, known(Scope::Open), |key, value| options.set(key, value))?;
        Ok(options)
    }

    /// Sets one option from its text. Errors: `BadOption`.
    pub fn set(&mut self, name: &str, value: &str) -> Result<()> {
        let key = find(name, Scope::Open)?;
        match name {
            "device" => self.device = Device::parse(value).ok_or_else(|| bad(key, value))?,
            "threads" => self.threads = Some(number(key, value, 1..=1024)? as usize),
            "precision" => {
                self.precision = match value {
                    "auto" => Precision::Auto,
                    "fp32" => Precision::Fp32,
                    "fp16" => Precision::Fp16,
                    _ => return Err(bad(key, value)),
                }
            }
            "memory" => self.memory_mib = number(key, value, 1..=1 << 20)?,
            "runtime" => self.runtime = Some(absolute(key, value)?),
            "plugin" => self.plugin = Some(absolute(key, value)?),
            "software_adapter" => self.software_adapter = on_or_off(key, value)?,
            "spin" => self.spin = on_or_off(key, value)?,
            "priority" => {
                self.priority = match value {
                    "normal" => Priority::Normal,
                    "low" if Priority::Low.is_available() => Priority::Low,
                    "low" => return Err(Error::new(
                        Status::Unsupported,
                        "priority=low: on Linux only; expected normal here: give the whole process a lower priority",
                    )),
                    _ => return Err(bad(key, value)),
                }
            }
            "quality" => self.quality = named(&Quality::NAMES, key, value)?,
            _ => return Err(bad(key, value)),
        }
        Ok(())
    }
}

impl RunOptions {
    /// From `key=value` text. Errors: `BadOption`.
    pub fn parse(text: &str) -> Result<Self> {
        let mut options = Self::default();
        parse(text, known(Scope::Run), |key, value| options.set(key, value))?;
        Ok(options)
    }

    /// Sets one option from its text. Errors: `BadOption`.
    pub fn set(&mut self, name: &str, value: &str) -> Result<()> {
        self.set_for(find(name, Scope::Run)?, value)
    }

    fn set_for(&mut self, key: &Key, value: &str) -> Result<()> {
        match (key.name, value) {
            ("tile", "auto") => self.tile = None,
            ("tile", _) => self.tile = Some(number(key, value, 16..=65536)? as usize),
            ("halo", "auto") => self.halo = Halo::Auto,
            ("halo", "exact") => self.halo = Halo::Exact,
            ("halo", _) => self.halo = Halo::Pixels(number(key, value, 0..=4096)? as usize),
            ("normalize", "frame") => self.normalize = Normalize::Frame,
            ("normalize", "stack") => self.normalize = Normalize::Stack,
            ("normalize", _) => {
                let (lo, hi) = value.split_once(':').ok_or_else(|| bad(key, value))?;
                let parse = |text: &str| text.parse::<f64>().map_err(|_| bad(key, value));
                self.normalize = Normalize::Fixed(Range::new(parse(lo)?, parse(hi)?)?);
            }
            ("pixel_size_um", _) => {
                let size = value.parse::<f64>().ok().filter(|s| s.is_finite() && *s > 0.0);
                self.pixel_size_um = Some(size.ok_or_else(|| bad(key, value))?);
            }
            ("na", _) => self.optics.na = Some(decimal(key, value, 0.01..=1.7)?),
            ("wavelength_um", _) => self.optics.wavelength_um = Some(decimal(key, value, 0.1..=3.0)?),
            ("refractive_index", _) => self.optics.refractive_index = Some(decimal(key, value, 1.0..=2.5)?),
            ("defocus_um", _) => self.optics.defocus_um = Some(decimal(key, value, -1e4..=1e4)?),
            ("light", "unknown") => self.optics.light = None,
            ("light", _) => self.optics.light = Some(named(&Light::NAMES, key, value)?),
            ("error_map", "off") => self.error_map = ErrorMap::Off,
            ("error_map", "on") => self.error_map = ErrorMap::On,
            // Not any word: `error_map=yes` would be a file.
            ("error_map", _) if value.contains(['.', '/', '\\']) => self.error_map = ErrorMap::File(value.into()),
            _ => return Err(bad(key, value)),
        }
        Ok(())
    }
}

/// Options for restoring a file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FileOptions {
    /// How each page is restored.
    pub run: RunOptions,
    /// Leave out reduced copies of pages (pyramids) instead of making them anew.
    pub drop_pyramid: bool,
    /// Describe the output in OME-XML, if the input is not.
    pub ome_tiff: bool,
    /// Replace an output that exists; never an input. Not an option of text: a host must not overwrite by mistake.
    pub force: bool,
}

impl FileOptions {
    /// From `key=value` text, the options of a run among it. Errors: `BadOption`.
    pub fn parse(text: &str) -> Result<Self> {
        let mut options = Self::default();
        parse(text, known(Scope::File), |key, value| options.set(key, value))?;
        Ok(options)
    }

    /// Sets one option from its text. Errors: `BadOption`.
    pub fn set(&mut self, name: &str, value: &str) -> Result<()> {
        let key = find(name, Scope::File)?;
        match (name, value) {
            ("pyramid", "rebuild") => self.drop_pyramid = false,
            ("pyramid", "drop") => self.drop_pyramid = true,
            ("format", "same") => self.ome_tiff = false,
            ("format", "ome-tiff") => self.ome_tiff = true,
            _ => self.run.set_for(key, value)?,
        }
        Ok(())
    }
}

/// Options for opening a stream.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamOptions {
    /// How each frame is restored.
    pub run: RunOptions,
    /// Which frames are restored.
    pub mode: Mode,
    /// Frames that may be under way in `Mode::Every`, results not yet received included.
    pub depth: usize,
}

impl StreamOptions {
    /// From `key=value` text. Errors: `BadOption`.
    pub fn parse(text: &str) -> Result<Self> {
        let mut options = Self { run: RunOptions::default(), mode: Mode::Every, depth: 4 };
        let mut depth = None;
        parse(text, known(Scope::Stream), |name, value| {
            let key = find(name, Scope::Stream)?;
            match (name, value) {
                ("mode", "every") => options.mode = Mode::Every,
                ("mode", "latest") => options.mode = Mode::Latest,
                ("depth", _) => depth = Some(number(key, value, 1..=1024)?),
                ("normalize", "stack") => {
                    return Err(Error::new(
                        Status::BadOption,
                        "normalize=stack: a stream does not know its frames beforehand; expected frame, or LO:HI in \
                         input units",
                    ))
                }
                ("mode", _) => return Err(bad(key, value)),
                _ => options.run.set_for(key, value)?,
            }
            Ok(())
        })?;
        if let (Mode::Latest, Some(depth)) = (options.mode, depth) {
            return Err(Error::new(
                Status::BadOption,
                format!("depth={depth}: mode=latest keeps only the newest frame; leave depth out"),
            ));
        }
        options.depth = depth.map_or(options.depth, |depth| depth as usize);
        Ok(options)
    }
}

fn bad(key: &Key, value: &str) -> Error {
    Error::new(Status::BadOption, format!("{}={value}: expected {} (default: {})", key.name, key.values, key.default))
}

fn named<T: Copy>(names: &[(&str, T)], key: &Key, value: &str) -> Result<T> {
    names.iter().find(|(name, _)| *name == value).map(|(_, found)| *found).ok_or_else(|| bad(key, value))
}

fn absolute(key: &Key, value: &str) -> Result<PathBuf> {
    let path = PathBuf::from(value);
    if path.is_absolute() {
        return Ok(path);
    }
    Err(bad(key, value))
}

fn on_or_off(key: &Key, value: &str) -> Result<bool> {
    match value {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err(bad(key, value)),
    }
}

fn number(key: &Key, value: &str, allowed: std::ops::RangeInclusive<u64>) -> Result<u64> {
    value.parse().ok().filter(|n| allowed.contains(n)).ok_or_else(|| bad(key, value))
}

fn decimal(key: &Key, value: &str, allowed: std::ops::RangeInclusive<f64>) -> Result<f64> {
    value.parse().ok().filter(|n| allowed.contains(n)).ok_or_else(|| bad(key, value))
}

fn known(scope: Scope) -> impl Fn(&str) -> Result<()> {
    move |name| find(name, scope).map(drop)
}

fn find(name: &str, scope: Scope) -> Result<&'static Key> {
    let names = |scope: Scope| TABLE.iter().filter(|k| scope.knows(k)).map(|k| k.name).collect::<Vec<_>>().join(", ");
    match TABLE.iter().find(|k| k.name == name) {
        Some(key) if scope.knows(key) => Ok(key),
        Some(key) => {
            let places: Vec<_> = key.scopes.iter().map(|scope| scope.place()).collect();
            Err(Error::new(
                Status::BadOption,
                format!(
                    "option '{name}' belongs to {}, not to {}; here are known: {}",
                    places.join(" and "),
                    scope.place(),
                    names(scope)
                ),
            ))
        }
        None => {
            Err(Error::new(Status::BadOption, format!("unknown option '{name}'; expected one of {}", names(scope))))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_becomes_options() {
        let open = OpenOptions::parse(r"  threads=3 device=cpu runtime='/a b/lib\'s\\x.so' memory=64 ").unwrap();
        assert_eq!(open.threads, Some(3));
        assert_eq!(open.runtime, Some(PathBuf::from(r"/a b/lib's\x.so")));
        assert_eq!((open.device, open.memory_mib), (Device::Cpu, 64));
        let run = RunOptions::parse("tile=512\thalo=exact normalize=-1.5:2e3 pixel_size_um=0.325").unwrap();
        assert_eq!((run.tile, run.halo, run.pixel_size_um), (Some(512), Halo::Exact, Some(0.325)));
        assert_eq!(run.normalize, Normalize::Fixed(Range { lo: -1.5, hi: 2000.0 }));
        assert_eq!(RunOptions::parse(" ").unwrap(), RunOptions::default());
        let stream = StreamOptions::parse("mode=latest tile=256").unwrap();
        assert_eq!((stream.mode, stream.run.tile), (Mode::Latest, Some(256)));
        assert_eq!(StreamOptions::parse("depth=9").unwrap().depth, 9);
        assert_eq!(StreamOptions::parse("").unwrap().depth, 4);
        let file = FileOptions::parse("pyramid=drop tile=256 format=ome-tiff").unwrap();
        assert_eq!((file.drop_pyramid, file.run.tile, file.ome_tiff, file.force), (true, Some(256), true, false));
        assert_eq!(FileOptions::parse("pyramid=rebuild format=same").unwrap(), FileOptions::default());
    }

    #[test]
    fn bad_text_is_refused_with_what_was_expected() {
        let run = |text: &str, expected: &str| {
            let error = RunOptions::parse(text).unwrap_err();
            assert_eq!(error.status(), Status::BadOption);
            assert!(error.message().contains(expected), "{text}: {error}");
        };
        run("tiles=3", "unknown option 'tiles'; expected one of tile, halo, normalize, pixel_size_um");
        run("tile=3", "tile=3: expected auto, or pixels from 16 to 65536 (default: auto)");
        run("tile=64 tile=64", "'tile' stands there twice");
        run("device=cpu", "'device' belongs to opening a model, not to a run");
        run("tile", "no '=' behind 'tile'");
        run("tile='64", "the quote behind 'tile=' is not closed");
        run("tile='64'halo=3", "expected white space behind the quoted value of 'tile'");
        run("normalize=5:1", "normalize=5:1: expected two finite numbers");
        run("normalize=x:1", "normalize=x:1: expected frame, stack, or LO:HI");
        run("pixel_size_um=-1", "pixel_size_um=-1: expected micrometres");
        run("halo=9999", "pixels from 0 to 4096");
        let open = |text: &str, expected: &str| {
            let error = OpenOptions::parse(text).unwrap_err();
            assert!(error.message().contains(expected), "{text}: {error}");
        };
        open("tile=64", "'tile' belongs to a run and opening a stream, not to opening a model");
        run("depth=3", "'depth' belongs to opening a stream, not to a run");
        let stream = |text: &str, expected: &str| {
            let error = StreamOptions::parse(text).unwrap_err();
            assert!(error.message().contains(expected), "{text}: {error}");
        };
        run("pyramid=drop", "'pyramid' belongs to restoring a file, not to a run");
        stream("format=same", "'format' belongs to restoring a file, not to opening a stream");
        let file = |text: &str, expected: &str| {
            let error = FileOptions::parse(text).unwrap_err();
            assert!(error.message().contains(expected), "{text}: {error}");
        };
        file("pyramid=keep", "pyramid=keep: expected rebuild, drop (default: rebuild)");
        file("format=ome", "format=ome: expected same, ome-tiff (default: same)");
        file("tile=3", "tile=3: expected auto, or pixels");
        file("depth=3", "'depth' belongs to opening a stream, not to restoring a file; here are known: tile, halo");
        file("tiles=3", "unknown option 'tiles'; expected one of tile, halo");
        stream("depth=0", "depth=0: expected frames, a whole number from 1 to 1024");
        stream("mode=all", "mode=all: expected every, latest (default: every)");
        stream("mode=latest depth=3", "depth=3: mode=latest keeps only the newest frame");
        stream("normalize=stack", "normalize=stack: a stream does not know its frames beforehand");
        open("threads=0", "threads=0: expected a whole number from 1 to 1024");
        open("device=gpu", "device=gpu: expected auto, cpu");
        open("runtime=lib.so", "runtime=lib.so: expected an absolute path");
        open("plugin=lib.so", "plugin=lib.so: expected an absolute path");
        open("software_adapter=yes", "software_adapter=yes: expected on, off (default: off)");
        open("device=plugin:", "device=plugin:: expected auto, cpu, cuda[:N], webgpu, plugin:NAME");
        open("precision=fp8", "precision=fp8: expected auto, fp32, fp16");
        for device in ["cuda:", "cuda:x", "cuda:-1", "cuda:70000", "cpu:0", "auto:1", "CUDA"] {
            open(&format!("device={device}"), &format!("device={device}: expected auto, cpu, cuda[:N]"));
        }
    }

    #[test]
    fn every_option_of_the_table_is_parsed() {
        for key in TABLE {
            for scope in key.scopes {
                let error = match scope {
                    Scope::Open => OpenOptions::default().set(key.name, "?").unwrap_err(),
                    Scope::Run => RunOptions::default().set(key.name, "?").unwrap_err(),
                    Scope::File => FileOptions::default().set(key.name, "?").unwrap_err(),
                    Scope::Stream => StreamOptions::parse(&format!("{}=?", key.name)).unwrap_err(),
                };
                assert!(error.message().contains(key.values), "{error}");
            }
        }
    }
}
