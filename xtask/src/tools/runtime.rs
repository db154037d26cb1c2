//! ONNX Runtime: one pinned release, taken from its PyPI wheel, checked, and put where the project finds it.

use std::fs;
use std::path::{Path, PathBuf};

use super::hash::sha256;
use super::python::Environment;
use super::{at, cache, cmd, files, has_extension, lock, make_folder, remove_folder, root, run, say, target, Result};

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
    say!("fetching {package} {VERSION} (once)");
    let partial = folder.with_extension("partial");
    remove_folder(&partial)?;
    // The environment's pip: a bare system's Python may lack one.
    let python = Environment::Light.interpreter()?;
    let quiet = ["--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:"];
    let platform = ["--python-version", "3.11", "--implementation", "cp", "--platform", wheel];
    run(cmd!("{python} -m pip download {quiet...} {platform...} --dest {partial} {package}=={VERSION}"))?;
    let wheel = files(&partial)?.into_iter().find(|path| has_extension(path, "whl"));
    let wheel = wheel.ok_or_else(|| format!("{}: pip left no wheel here", partial.display()))?;
    let unpacked = partial.join("unpacked");
    run(cmd!("{python} -m zipfile -e {wheel} {unpacked}"))?;
    let package = unpacked.join("onnxruntime");
    make_folder(folder)?;
    let place = |from: PathBuf, name: &str| {
        let to = folder.join(name);
        fs::rename(&from, &to).map_err(at(&to))
    };
    for name in ["LICENSE", "ThirdPartyNotices.txt"] {
        place(package.join(name), name)?;
    }
    // The first library last: if it exists, all do.
    for (library, sha256) in libraries.iter().rev() {
        let from = package.join("capi").join(library);
        check(&from, sha256)?;
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
            && check(place, platform()?.sha256).is_ok();
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
