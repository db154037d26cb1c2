//! WebGPU's library for ONNX Runtime: one pinned release from PyPI, cut off from the network before it ships.

use std::fs;
use std::path::{Path, PathBuf};

use super::python::Environment;
use super::runtime::{fetch, Wheel};
use super::{at, cache, cmd, lock, make_folder, run, Result};

/// Releases before 0.4 end the host's process when a GPU is lost; this one and 0.3 contain ONNX Runtime's telemetry
/// client, which nothing starts there (docs/decisions/devices.md).
pub const VERSION: &str = "0.4.0";
/// Its file name and SONAME where it ships.
pub const FILE: &str = "libparfocal_webgpu.so";

const LIBRARY: &str = "libonnxruntime_providers_webgpu.so";
const SHA256: &str = "9f76e3dc4459421958ad086a9da03bf7e5de9289e9a3a56e28bbb459773dec81";

/// The checked library in the cache, fetched at first use; its licence and notices lie beside it.
pub fn cached() -> Result<PathBuf> {
    let platform = "manylinux_2_28_x86_64";
    let folder = cache()?.join(format!("onnxruntime-ep-webgpu-{VERSION}-{platform}"));
    let library = folder.join(LIBRARY);
    let _lock = lock("onnxruntime-ep-webgpu")?;
    if !library.exists() {
        let licences = format!("onnxruntime_ep_webgpu-{VERSION}.dist-info/licenses");
        let wheel = Wheel {
            package: "onnxruntime-ep-webgpu",
            version: VERSION,
            platform,
            libraries: "onnxruntime_ep_webgpu",
            licences: &licences,
        };
        fetch(&wheel, &folder, &[(LIBRARY, SHA256)])?;
    }
    super::runtime::check(&library, SHA256, VERSION)?;
    Ok(library)
}

/// Functions of the C library that the copy that ships takes under another name.
///
/// `fchflags` fails on Linux whatever it is given, as a function that has no effect: so there are no sockets, no
/// look-ups, no folders and no databases. `getenv` of a shell command is NULL, which is how `popen` fails.
/// `__cxa_atexit` as for ONNX Runtime.
const RENAMED: &[(&str, &str)] = &[
    ("__cxa_atexit", "sched_yield"),
    ("socket", "fchflags"),
    ("connect", "fchflags"),
    ("bind", "fchflags"),
    ("send", "fchflags"),
    ("recv", "fchflags"),
    ("getaddrinfo", "fchflags"),
    ("popen", "getenv"),
    ("mkdir", "fchflags"),
    ("rmdir", "fchflags"),
    ("rename", "fchflags"),
    ("unlink", "fchflags"),
    ("ftruncate64", "fchflags"),
    ("pwrite64", "fchflags"),
];

/// Puts the library in the place of `to` as it ships: without RUNPATH, network and destructors, with a name of its own.
pub fn place(to: &Path) -> Result<()> {
    let from = cached()?;
    make_folder(to.parent().unwrap_or(Path::new("/")))?;
    fs::copy(&from, to).map_err(at(to))?;
    let patchelf = Environment::Package.program("patchelf")?;
    run(cmd!("{patchelf} --remove-rpath {to}"))?;
    run(cmd!("{patchelf} --set-soname {FILE} {to}"))?;
    let names = to.with_extension("renamed");
    let text: String = RENAMED.iter().map(|(from, to)| format!("{from} {to}\n")).collect();
    fs::write(&names, text).map_err(at(&names))?;
    run(cmd!("{patchelf} --rename-dynamic-symbols {names} {to}"))?;
    fs::remove_file(&names).map_err(at(&names))
}

/// A sentence for each way to the network or to the disk that a library still asks the C library for.
pub fn reaches_out(imports: &[String]) -> Vec<String> {
    let found = RENAMED.iter().map(|(from, _)| *from).filter(|name| imports.iter().any(|import| import == name));
    found.map(|name| format!("takes {name} from the C library; expected none (xtask/src/tools/webgpu.rs)")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_to_the_network_is_seen() {
        let names = |list: &[&str]| list.iter().map(|name| name.to_string()).collect::<Vec<_>>();
        assert_eq!(reaches_out(&names(&["fchflags", "malloc", "sendfile"])), Vec::<String>::new());
        let found = reaches_out(&names(&["connect", "malloc"]));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("takes connect from the C library"));
    }
}
