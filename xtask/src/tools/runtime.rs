//! ONNX Runtime: one pinned release, taken from its PyPI wheel, checked, and laid where the project finds it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest, Sha256};

use crate::tools::python::Environment;
use crate::tools::{cache, lock, root, run, target, Result};

pub const VERSION: &str = "1.31.1";

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
            "libonnxruntime.so.1.31.1",
            "fc44112fbe06d7d689c57e11d3862031f64711007e4ee020f8eed5185fd2c1d3",
        ),
        ("linux", "aarch64") => (
            "manylinux_2_28_aarch64",
            "libonnxruntime.so.1.31.1",
            "8aa3b76b28c778a2b1dd660d34161adb1d508c9ccd04ff9dc80e26eca5df8467",
        ),
        ("macos", "aarch64") => (
            "macosx_14_0_arm64",
            "libonnxruntime.1.31.1.dylib",
            "f8b06155feece624e55e49124340eea279da812529ae6fbc46a9f2be9c9cad2e",
        ),
        ("windows", "x86_64") => {
            ("win_amd64", "onnxruntime.dll", "8482d2ee174e28504f99730fb01d6861575870283de4ed3a897ad39170d9a9b9")
        }
        (os, arch) => {
            return Err(format!("no ONNX Runtime is pinned for {os} on {arch}; see xtask/src/tools/runtime.rs"))
        }
    };
    Ok(Platform { wheel, library, sha256 })
}

pub fn sha256(path: &Path) -> Result<String> {
    let bytes = fs::read(path).map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(Sha256::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect())
}

fn check(path: &Path, expected: &str) -> Result<()> {
    let found = sha256(path)?;
    if found == expected {
        return Ok(());
    }
    Err(format!(
        "{}: SHA-256 is {found}, expected {expected}; the file is not the pinned ONNX Runtime {VERSION}: delete it and \
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
        fetch("onnxruntime", platform.wheel, &folder, &[(platform.library, platform.sha256)])?;
    }
    check(&library, platform.sha256)?;
    Ok(library)
}

/// Libraries of the release with CUDA, and their SHA-256. The first is loaded last: its presence says that all are there.
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
    let folder = cache()?.join(format!("onnxruntime-gpu-{VERSION}-{wheel}"));
    let _lock = lock("onnxruntime-gpu")?;
    if !folder.join(GPU[0].0).exists() {
        fetch("onnxruntime-gpu", wheel, &folder, GPU)?;
    }
    GPU.iter().try_for_each(|(library, sha256)| check(&folder.join(library), sha256))?;
    Ok(Some(folder.join(GPU[0].0)))
}

/// Puts libraries of a wheel into a folder, checked, and its licence and notices beside them.
fn fetch(package: &str, wheel: &str, folder: &Path, libraries: &[(&str, &str)]) -> Result<()> {
    eprintln!("xtask: fetching {package} {VERSION} (once)");
    let partial = folder.with_extension("partial");
    if partial.exists() {
        fs::remove_dir_all(&partial).map_err(|e| format!("{}: {e}", partial.display()))?;
    }
    // Of an environment: a bare system's Python may lack pip, which venv brings along.
    let interpreter = Environment::Light.interpreter()?;
    run(Command::new(&interpreter)
        .args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"])
        .args(["--only-binary=:all:", "--python-version", "3.11", "--implementation", "cp"])
        .args(["--platform", wheel, "--dest"])
        .arg(&partial)
        .arg(format!("{package}=={VERSION}")))?;
    let wheel = fs::read_dir(&partial)
        .map_err(|e| format!("{}: {e}", partial.display()))?
        .filter_map(|entry| entry.ok().map(|e| e.path()))
        .find(|path| path.extension().is_some_and(|e| e == "whl"))
        .ok_or_else(|| format!("{}: pip left no wheel here", partial.display()))?;
    let unpacked = partial.join("unpacked");
    run(Command::new(&interpreter).args(["-m", "zipfile", "-e"]).arg(&wheel).arg(&unpacked))?;
    let package = unpacked.join("onnxruntime");
    fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let place = |from: PathBuf, name: &str| {
        let to = folder.join(name);
        fs::rename(&from, &to).map_err(|e| format!("{}: {e}", to.display()))
    };
    for name in ["LICENSE", "ThirdPartyNotices.txt"] {
        place(package.join(name), name)?;
    }
    // The first library last: its presence says that all is there.
    for (library, sha256) in libraries.iter().rev() {
        let from = package.join("capi").join(library);
        check(&from, sha256)?;
        place(from, library)?;
    }
    fs::remove_dir_all(&partial).map_err(|e| format!("{}: {e}", partial.display()))
}

/// The library at target/onnxruntime, where .cargo/config.toml points PARFOCAL_ONNXRUNTIME, so that a plain
/// `cargo test`, `cargo bench` or `cargo run` finds it too; and beside the release command.
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
    for place in [&named, &release] {
        let parent = place.parent().expect("has the folder just joined");
        fs::create_dir_all(parent).map_err(|e| format!("{}: {e}", parent.display()))?;
        let same = fs::metadata(place).is_ok_and(|m| m.len() == fs::metadata(&library).map_or(0, |l| l.len()))
            && check(place, platform()?.sha256).is_ok();
        if !same {
            let partial = place.with_extension("partial");
            fs::copy(&library, &partial).map_err(|e| format!("{}: {e}", partial.display()))?;
            fs::rename(&partial, place).map_err(|e| format!("{}: {e}", place.display()))?;
        }
    }
    Ok(named)
}
