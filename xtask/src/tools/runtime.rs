//! ONNX Runtime: one pinned release, taken from its PyPI wheel, checked, and put where the project finds it.

use std::fs;
use std::path::{Path, PathBuf};

use super::hash::sha256;
use super::python::Environment;
use super::{at, cache, cmd, files, has_extension, lock, make_folder, remove_folder, root, run, say, target, Result};

/// The newest release whose builds for Linux and macOS have no telemetry: from 1.29 on they carry a client that writes
/// an identifier below the user's home and looks up a collector (onnxruntime #27379). `package` refuses those.
pub const VERSION: &str = "1.28.0";
/// The release with CUDA, which is fetched for tests only and never shipped.
const GPU_VERSION: &str = "1.31.1";

struct Platform {
    wheel: &'static str,
    library: &'static str,
    sha256: &'static str,
}

/// SHA-256 of the libraries inside the wheels of VERSION. Linux x86-64 is what the project is tested on.
fn platform() -> Result<Platform> {
    let (wheel, library, sha256) = match (std::env::consts::OS, std::env::consts::ARCH) {
        ("linux", "x86_64") => (
            "manylinux_2_28_x86_64",
            "libonnxruntime.so.1.28.0",
            "aa4079d18f4ea7a5f3a94d80cd4bbe0f2740436626622d64d793803a20381083",
        ),
        ("linux", "aarch64") => (
            "manylinux_2_28_aarch64",
            "libonnxruntime.so.1.28.0",
            "23a37c2994bc273e1d59a4f49af6cba5bf1cfbc29f04907ec27df375aba50a7d",
        ),
        ("macos", "aarch64") => (
            "macosx_14_0_arm64",
            "libonnxruntime.1.28.0.dylib",
            "99909e99214e31fe2296c9f7fae5abc2eaf0145342efe8b0a6ed82e9ddb0a0a0",
        ),
        ("windows", "x86_64") => {
            ("win_amd64", "onnxruntime.dll", "14e186627f109a15f28f0b36f6e8ea07c79eac666818e63c39a9792f415bf649")
        }
        (os, arch) => {
            return Err(format!("no ONNX Runtime is pinned for {os} on {arch}; see xtask/src/tools/runtime.rs"))
        }
    };
    Ok(Platform { wheel, library, sha256 })
}

pub fn check(path: &Path, expected: &str, version: &str) -> Result<()> {
    let found = sha256(path)?;
    if found == expected {
        return Ok(());
    }
    Err(format!(
        "{}: SHA-256 is {found}, expected {expected}; the file is not the pinned ONNX Runtime {version}: delete it and \
         run again",
        path.display()
    ))
}

/// The checked library in the cache, fetched at first use; its licence and notices lie beside it.
pub fn cached() -> Result<PathBuf> {
    let platform = platform()?;
    let folder = cache()?.join(format!("onnxruntime-{VERSION}-{}", platform.wheel));
    let library = folder.join(platform.library);
    let _lock = lock("onnxruntime")?;
    if !library.exists() {
        let wheel = onnxruntime("onnxruntime", VERSION, platform.wheel);
        fetch(&wheel, &folder, &[(platform.library, platform.sha256)])?;
    }
    check(&library, platform.sha256, VERSION)?;
    Ok(library)
}

/// Symbols that the copy that ships takes from the C library under another name.
///
/// `__cxa_atexit` registers destructors for the end of the process. They free memory that goes with the process anyway,
/// while other threads of the host may still be inside. So it registers none: `sched_yield` has no effect and returns
/// 0, which is success. `write` is how a part of the runtime complains to the standard error output where there is no
/// /proc (cpuinfo); its only other use is to write a model to a file, which Parfocal never asks for.
const RENAMED: &[&str] = &["__cxa_atexit", "write"];
const INSTEAD: &str = "sched_yield";

/// A sentence for each symbol that the copy that ships must not take from the C library.
pub fn renamed(imports: &[String]) -> Vec<String> {
    let mut found: Vec<String> = RENAMED
        .iter()
        .filter(|name| imports.iter().any(|import| import == *name))
        .map(|name| format!("takes {name} from the C library; expected {INSTEAD} in its place"))
        .collect();
    if !imports.iter().any(|import| import == INSTEAD) {
        found.push(format!("does not take {INSTEAD} from the C library; expected it in the place of others"));
    }
    found
}

/// Puts the library in the place of `to` as it ships: without RUNPATH, so that what it needs comes from the system and
/// never from what else lies in the folder, without destructors at the end of the process, and with a SONAME of its
/// own.
pub fn place(to: &Path, soname: Option<&str>) -> Result<()> {
    let from = cached()?;
    make_folder(to.parent().unwrap_or(Path::new("/")))?;
    fs::copy(&from, to).map_err(at(to))?;
    let patchelf = Environment::Package.program("patchelf")?;
    run(cmd!("{patchelf} --remove-rpath {to}"))?;
    if let Some(soname) = soname {
        run(cmd!("{patchelf} --set-soname {soname} {to}"))?;
    }
    let names = to.with_extension("renamed");
    let lines: String = RENAMED.iter().map(|name| format!("{name} {INSTEAD}\n")).collect();
    fs::write(&names, lines).map_err(at(&names))?;
    run(cmd!("{patchelf} --rename-dynamic-symbols {names} {to}"))?;
    fs::remove_file(&names).map_err(at(&names))
}

/// What a telemetry client leaves in a library: the variable that turns it off, the collector it sends to, its classes.
const CALLS_HOME: &[&str] = &["ORT_DISABLE_TELEMETRY", "OneCollector", "OneDsTelemetry", "events.data.microsoft.com"];

/// A sentence for each sign that this ONNX Runtime calls home.
pub fn calls_home(library: &[u8]) -> Vec<String> {
    let found = CALLS_HOME.iter().filter(|words| memchr::memmem::find(library, words.as_bytes()).is_some());
    found
        .map(|words| format!("has a telemetry client ({words}); expected a release without, such as {VERSION}"))
        .collect()
}

/// The libraries of the release with CUDA, and their SHA-256; the first is put in place last, so if it exists all do.
const GPU: &[(&str, &str)] = &[
    ("libonnxruntime.so.1.31.1", "5104254339ecadae808da771bd0b63b240f0dbd466514234905e54372435c303"),
    ("libonnxruntime_providers_shared.so", "086ec1d5388f64153d9c63470d126693db9a182c8ce236d3a1119068471b8a0d"),
    ("libonnxruntime_providers_cuda.so", "d5290158115fa5569a3fe8f1f4037ee9b0e86658a96e52f852bbb7039aa88137"),
    ("libonnxruntime_providers_tensorrt.so", "1882ee49fdb0e6fc2d272b00cfaf9a3310bf8580a34385c0eec4d82014ea172e"),
];

/// The checked library with CUDA in the cache, fetched at first use (256 MB); `None` on a platform that has none.
pub fn cached_gpu() -> Result<Option<PathBuf>> {
    if (std::env::consts::OS, std::env::consts::ARCH) != ("linux", "x86_64") {
        return Ok(None);
    }
    let wheel = platform()?.wheel;
    let folder = cache()?.join(format!("onnxruntime-gpu-{GPU_VERSION}-{wheel}"));
    let _lock = lock("onnxruntime-gpu")?;
    if !folder.join(GPU[0].0).exists() {
        fetch(&onnxruntime("onnxruntime-gpu", GPU_VERSION, wheel), &folder, GPU)?;
    }
    GPU.iter().try_for_each(|(library, sha256)| check(&folder.join(library), sha256, GPU_VERSION))?;
    Ok(Some(folder.join(GPU[0].0)))
}

/// A wheel on PyPI, and the folders in it.
pub struct Wheel<'a> {
    pub package: &'a str,
    pub version: &'a str,
    /// Its tag.
    pub platform: &'a str,
    pub libraries: &'a str,
    /// Of LICENSE and ThirdPartyNotices.txt.
    pub licences: &'a str,
}

/// ONNX Runtime's own.
fn onnxruntime<'a>(package: &'a str, version: &'a str, platform: &'a str) -> Wheel<'a> {
    Wheel { package, version, platform, libraries: "onnxruntime/capi", licences: "onnxruntime" }
}

/// Puts libraries of a wheel into a folder, checked, and its licence and notices beside them.
pub fn fetch(wheel: &Wheel, folder: &Path, libraries: &[(&str, &str)]) -> Result<()> {
    let Wheel { package, version, platform, .. } = wheel;
    say!("fetching {package} {version} (once)");
    let partial = folder.with_extension("partial");
    remove_folder(&partial)?;
    // The environment's pip: a bare system's Python may lack one.
    let python = Environment::Light.interpreter()?;
    let quiet = ["--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:"];
    let platform = ["--python-version", "3.11", "--implementation", "cp", "--platform", platform];
    run(cmd!("{python} -m pip download {quiet...} {platform...} --dest {partial} {package}=={version}"))?;
    let file = files(&partial)?.into_iter().find(|path| has_extension(path, "whl"));
    let file = file.ok_or_else(|| format!("{}: pip left no wheel here", partial.display()))?;
    let unpacked = partial.join("unpacked");
    run(cmd!("{python} -m zipfile -e {file} {unpacked}"))?;
    make_folder(folder)?;
    let place = |from: PathBuf, name: &str| {
        let to = folder.join(name);
        fs::rename(&from, &to).map_err(at(&to))
    };
    for name in ["LICENSE", "ThirdPartyNotices.txt"] {
        place(unpacked.join(wheel.licences).join(name), name)?;
    }
    // The first library last: if it exists, all do.
    for (library, sha256) in libraries.iter().rev() {
        let from = unpacked.join(wheel.libraries).join(library);
        check(&from, sha256, version)?;
        place(from, library)?;
    }
    remove_folder(&partial)
}

/// Copies the library to target/onnxruntime, where .cargo/config.toml points PARFOCAL_ONNXRUNTIME, so that a plain
/// `cargo test`, `cargo bench` or `cargo run` finds it too; and beside the release command. Returns the former.
pub fn install() -> Result<PathBuf> {
    let library = cached()?;
    let name = if cfg!(windows) {
        "onnxruntime.dll"
    } else if cfg!(target_os = "macos") {
        "libonnxruntime.dylib"
    } else {
        "libonnxruntime.so"
    };
    let release = target().join("release").join(name);
    let named = root().join("target/onnxruntime/libonnxruntime.so");
    // Stages that run side by side must not write it at once.
    let _lock = lock("onnxruntime-install")?;
    for place in [&named, &release] {
        make_folder(place.parent().expect("has the folder just joined"))?;
        let same = fs::metadata(place).is_ok_and(|m| m.len() == fs::metadata(&library).map_or(0, |l| l.len()))
            && check(place, platform()?.sha256, VERSION).is_ok();
        if !same {
            let partial = place.with_extension("partial");
            fs::copy(&library, &partial).map_err(at(&partial))?;
            fs::rename(&partial, place).map_err(at(place))?;
            if place == &named {
                // Tests that need a runtime are ignored until the build script looks again.
                let script = root().join("build.rs");
                let touched = fs::File::options().append(true).open(&script);
                touched.and_then(|file| file.set_modified(std::time::SystemTime::now())).map_err(at(&script))?;
            }
        }
    }
    Ok(named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runtime_that_is_not_changed_is_seen() {
        let names = |list: &[&str]| list.iter().map(|name| name.to_string()).collect::<Vec<_>>();
        assert_eq!(renamed(&names(&["malloc", "sched_yield"])), Vec::<String>::new());
        let found = renamed(&names(&["__cxa_atexit", "write"]));
        assert_eq!(found.len(), 3, "{found:?}");
        assert_eq!(found[0], "takes __cxa_atexit from the C library; expected sched_yield in its place");
    }

    #[test]
    fn a_runtime_that_calls_home_is_seen() {
        assert_eq!(calls_home(b"\0GetTelemetryProvider\0nothing"), Vec::<String>::new());
        let found =
            calls_home(b"\0ORT_DISABLE_TELEMETRY\0https://mobile.events.data.microsoft.com/OneCollector/1.0/\0");
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(found[0].contains("has a telemetry client (ORT_DISABLE_TELEMETRY); expected a release without"));
    }
}
