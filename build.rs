//! Linker flags for the cdylib (SONAME, nodelete), the ABI number, and whether there is an ONNX Runtime for tests.

use std::env;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=Cargo.toml");
    let abi = abi();
    // Read in the crate by `env!("PARFOCAL_ABI")`.
    println!("cargo:rustc-env=PARFOCAL_ABI={abi}");
    println!("cargo:rustc-check-cfg=cfg(no_runtime)");
    if !runtime_is_there() {
        println!("cargo:rustc-cfg=no_runtime");
    }
    let argument = |text: &str| println!("cargo:rustc-cdylib-link-arg=-Wl,{text}");
    match env::var("CARGO_CFG_TARGET_OS").as_deref() {
        Ok("linux") => {
            argument(&format!("-soname,libparfocal.so.{abi}"));
            // ONNX Runtime's threads live until the process ends, so the code that they run must stay loaded.
            argument("-z,nodelete");
        }
        // Nobody has run this yet: docs/packaging.md.
        Ok("macos") => argument(&format!("-install_name,@rpath/libparfocal.{abi}.dylib")),
        _ => {}
    }
}

/// Whether ONNX Runtime is there; without it, tests that need it are ignored: `cfg_attr(no_runtime, ignore)`.
fn runtime_is_there() -> bool {
    println!("cargo:rerun-if-env-changed=PARFOCAL_ONNXRUNTIME");
    let Some(path) = env::var_os("PARFOCAL_ONNXRUNTIME").map(std::path::PathBuf::from) else { return false };
    if path.is_file() {
        println!("cargo:rerun-if-changed={}", path.display());
        return true;
    }
    // Watching a missing file would rebuild the crate every time; `cargo xtask setup` touches this script after
    // installing.
    false
}

/// The number `abi` in `[package.metadata.parfocal]`.
fn abi() -> u32 {
    let manifest = env::var("CARGO_MANIFEST_DIR").expect("cargo sets it") + "/Cargo.toml";
    let text = std::fs::read_to_string(&manifest).expect("cargo read it, too");
    let table = text.split("[package.metadata.parfocal]").nth(1).unwrap_or_default().split("\n[").next();
    let line = table.unwrap_or_default().lines().find_map(|line| line.trim().strip_prefix("abi = "));
    line.and_then(|number| number.trim().parse().ok())
        .expect("Cargo.toml: [package.metadata.parfocal] has no 'abi = NUMBER'")
}
