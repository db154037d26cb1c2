//! Finds ONNX Runtime at an absolute path, checks its version, and loads it once per process.

use std::ffi::CStr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use once_cell::sync::OnceCell;
use ort::environment::Environment;
use ort::logging::LogLevel;

use crate::error::{Error, Result, Status};
use crate::guest::environment::without_telemetry;
use crate::guest::leaving;
use crate::guest::locals;
use crate::guest::paths::canonical;
use crate::guest::spare::with_spare_memory;
use crate::network::library_path;

/// Minor version of the oldest release that the engine runs with.
pub const OLDEST_MINOR: u32 = ort::MINOR_VERSION;

/// File names looked for beside this library or program. First the private name of the copy that we ship, which no
/// other ONNX Runtime in the process has.
const NAMES: &[&str] = if cfg!(windows) {
    &["parfocal_onnxruntime.dll", "onnxruntime.dll"]
} else if cfg!(target_os = "macos") {
    &["libparfocal_onnxruntime.dylib", "libonnxruntime.dylib"]
} else {
    &["libparfocal_onnxruntime.so", "libonnxruntime.so", "libonnxruntime.so.1"]
};

/// The environment variable that names the library.
pub const VARIABLE: &str = "PARFOCAL_ONNXRUNTIME";

/// The loaded library. It stays until the process ends.
pub struct Runtime {
    /// Absolute.
    pub path: PathBuf,
    /// As the library reports it, for example `1.31.1`.
    pub version: String,
    pub(crate) environment: Environment,
}

impl Runtime {
    /// A plain ONNX Runtime session, for benches that compare the engine with other graphs.
    #[doc(hidden)]
    pub fn session_builder(&self) -> ort::Result<ort::session::builder::SessionBuilder> {
        ort::session::Session::builder(&self.environment)
    }
}

static RUNTIME: OnceCell<Runtime> = OnceCell::new();
static LOG: Mutex<Vec<String>> = Mutex::new(Vec::new());
const LOG_LINES: usize = 32;

/// The last warnings and errors of ONNX Runtime, oldest first. Its log is never printed.
pub fn log() -> Vec<String> {
    LOG.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).clone()
}

/// The last error that WebGPU's library has logged since it was asked last. It goes on after some of them, and its
/// results are wrong.
static FAULT: Mutex<Option<String>> = Mutex::new(None);

/// Takes that error.
pub(super) fn fault() -> Option<String> {
    FAULT.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take()
}

fn record(level: LogLevel, message: &str) {
    // That WebGPU's library may be offered without a GPU is as we asked: `plugin` has looked for one.
    if message.starts_with("ORT_WEBGPU_EP_ALLOW_SOFTWARE_ADAPTER") {
        return;
    }
    if message.starts_with("WebGPU device error") {
        *FAULT.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = Some(message.trim().to_owned());
    }
    if matches!(level, LogLevel::Warning | LogLevel::Error | LogLevel::Fatal) {
        let mut lines = LOG.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if lines.len() == LOG_LINES {
            lines.remove(0);
        }
        lines.push(format!("{level:?}: {message}"));
    }
}

/// Path of the library: `requested`, else the variable, else beside this library or program; nowhere else is searched.
pub fn locate(requested: Option<&Path>) -> Result<PathBuf> {
    let advice = format!(
        "install ONNX Runtime 1.{OLDEST_MINOR} or later and give the absolute path of its library as runtime=PATH or \
         in {VARIABLE}"
    );
    let named = |path: PathBuf, source: &str| {
        if !path.is_absolute() {
            return Err(Error::new(
                Status::Runtime,
                format!("ONNX Runtime: {source} is '{}'; expected an absolute path", path.display()),
            ));
        }
        if path.is_file() {
            return Ok(path);
        }
        let found = if path.is_dir() { "is a folder" } else { "does not exist" };
        Err(Error::new(
            Status::Runtime,
            format!("ONNX Runtime: {} ({source}) {found}; expected the library file: {advice}", path.display()),
        ))
    };
    if let Some(path) = requested {
        return named(path.to_owned(), "runtime=");
    }
    if let Some(path) = std::env::var_os(VARIABLE).filter(|v| !v.is_empty()) {
        return named(path.into(), VARIABLE);
    }
    let file = library_path::this_file().ok_or_else(|| {
        Error::new(Status::Runtime, format!("ONNX Runtime: the system does not tell where to look; {advice}"))
    })?;
    let folder = file.parent().unwrap_or(Path::new("/"));
    // An installed `bin/parfocal` has its copy in `lib`. Only the private name counts there: other copies may be
    // installed.
    let installed = folder.parent().filter(|_| folder.file_name().is_some_and(|name| name == "bin"));
    let private = installed.map(|prefix| prefix.join("lib").join(NAMES[0]));
    let mut places = NAMES.iter().map(|name| folder.join(name)).chain(private);
    places.find(|path| path.is_file()).ok_or_else(|| {
        Error::new(
            Status::Runtime,
            format!(
                "ONNX Runtime is missing: {VARIABLE} is not set and {} has no {}, which comes with Parfocal and \
                 belongs beside it; put it back, or {advice}",
                folder.display(),
                NAMES[0]
            ),
        )
    })
}

/// Loads the library, or returns the loaded one. Errors: `Runtime`, also if `requested` differs from the loaded one.
pub fn load(requested: Option<&Path>) -> Result<&'static Runtime> {
    if let Some(runtime) = RUNTIME.get() {
        return match requested {
            Some(path) if !same_file(path, &runtime.path) => Err(Error::new(
                Status::Runtime,
                format!(
                    "runtime={}: this process already runs {}; one ONNX Runtime per process: start another process",
                    path.display(),
                    runtime.path.display()
                ),
            )),
            _ => Ok(runtime),
        };
    }
    let runtime = RUNTIME.get_or_try_init(|| {
        let path = locate(requested)?;
        // The runtime of a user's own may have a telemetry client; the one that we ship has none.
        without_telemetry(|| leaving::watching_exit(|| with_spare_memory(|| start(path))))
    })?;
    // Another thread may have loaded a different library meanwhile.
    match requested {
        Some(path) if !same_file(path, &runtime.path) => load(requested),
        _ => Ok(runtime),
    }
}

/// Loads the library and makes its environment.
fn start(path: PathBuf) -> Result<Runtime> {
    let _inside = leaving::enter()?;
    let version = check(&path)?;
    // Before any of its functions uses it.
    locals::remember(&path);
    leaving::check_memory()?;
    let fail = |e: &dyn std::fmt::Display| {
        let text = e.to_string();
        if is_memory(&text) {
            return no_memory(&path);
        }
        Error::new(Status::Runtime, format!("{}: ONNX Runtime {version} does not start: {text}", path.display()))
    };
    let environment = ort::init_from(&path)
        .map_err(|e| fail(&e))?
        .with_name("parfocal")
        .with_telemetry(false)
        .with_logger(Arc::new(|level, _, _, _, message| record(level, message)))
        .build()
        .map_err(|e| fail(&e))?;
    Ok(Runtime { path, version, environment })
}

/// Whether a message of ONNX Runtime or of the system says that there is no memory.
pub(super) fn is_memory(text: &str) -> bool {
    let words = [
        "bad_alloc",
        "Failed to allocate memory",
        "CUDA_ERROR_OUT_OF_MEMORY",
        "out of memory",
        "annot allocate memory",
        "cannot create shared object descriptor",
    ];
    words.iter().any(|words| text.contains(words))
}

/// Whether a message of WebGPU's library says that there is no memory on the device for a buffer. It goes on with an
/// invalid one and says so at the end of the run.
pub(super) fn is_device_memory(text: &str) -> bool {
    let words = [
        "[Invalid Buffer",
        "VK_ERROR_OUT_OF_DEVICE_MEMORY",
        "VK_ERROR_OUT_OF_HOST_MEMORY",
        "E_OUTOFMEMORY",
        "max buffer size",
        "maxStorageBufferBindingSize",
        "maximum storage buffer binding size",
    ];
    words.iter().any(|words| text.contains(words))
}

fn no_memory(path: &Path) -> Error {
    Error::new(
        Status::OutOfMemory,
        format!(
            "{}: no memory to load ONNX Runtime; expected some tens of MiB: close other programs, or raise the limit",
            path.display()
        ),
    )
}

fn same_file(a: &Path, b: &Path) -> bool {
    a == b || matches!((canonical(a), canonical(b)), (Ok(a), Ok(b)) if a == b)
}

/// The library's version, if it is an ONNX Runtime that is new enough. Loading it runs its code: see SECURITY.md.
fn check(path: &Path) -> Result<String> {
    let wrong = |found: String| {
        Error::new(
            Status::Runtime,
            format!("{}: {found}; expected an ONNX Runtime library, 1.{OLDEST_MINOR} or later", path.display()),
        )
    };
    // SAFETY: loading runs the library's initialisers. The user or the installation names this file, and using it would
    // load it anyway.
    let library = unsafe { libloading::Library::new(path) }.map_err(|e| {
        // The system's own sentence is behind the error.
        let text = std::error::Error::source(&e).map_or_else(|| e.to_string(), ToString::to_string);
        // glibc does not say why it could not map the file.
        let unmapped = text.contains("failed to map segment") && Vec::<u8>::new().try_reserve(64 << 20).is_err();
        // Where it has no memory for the name; else it says why the file cannot be opened.
        let unnamed = text.ends_with("cannot open shared object file");
        if is_memory(&text) || unmapped || unnamed {
            return no_memory(path);
        }
        wrong(format!("not a loadable library ({text})"))
    })?;
    // SAFETY: the signature is that of onnxruntime_c_api.h; the symbol's name is unique to ONNX Runtime.
    let base = unsafe {
        library
            .get::<unsafe extern "system" fn() -> *const ort::sys::OrtApiBase>(b"OrtGetApiBase\0")
            .map_err(|_| wrong("a library without OrtGetApiBase".into()))?()
    };
    if base.is_null() {
        return Err(wrong("OrtGetApiBase returned nothing".into()));
    }
    // SAFETY: `base` is not null and points to a static of the loaded library; so does the string.
    let version = unsafe { CStr::from_ptr(((*base).GetVersionString)()) }.to_string_lossy().into_owned();
    let mut numbers = version.split('.').map(|n| n.parse::<u32>().unwrap_or(0));
    let (major, minor) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    if major != 1 || minor < OLDEST_MINOR {
        return Err(wrong(format!("ONNX Runtime {version}")));
    }
    // Once used, the library must stay loaded until the process ends.
    std::mem::forget(library);
    Ok(version)
}
