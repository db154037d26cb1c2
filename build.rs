//! Linker flags for the cdylib (SONAME, nodelete), the ABI number for its code, and whether tests have an ONNX Runtime.

use std::env;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=Cargo.toml");
    let abi = abi();
    // `env!("PARFOCAL_ABI")` in the crate.
    println!("cargo:rustc-env=PARFOCAL_ABI={abi}");
    println!("cargo:rustc-check-cfg=cfg(no_runtime)");
    if !runtime_is_there() {
        println!("cargo:rustc-cfg=no_runtime");
    }
    let argument = |text: &str| println!("cargo:rustc-cdylib-link-arg=-Wl,{text}");
    match env::var("CARGO_CFG_TARGET_OS").as_deref() {
        Ok("linux") => {
            argument(&format!("-soname,libparfocal.so.{abi}"));
            // ONNX Runtime's threads and environment live to the end of the process; the code they run must, too.
            argument("-z,nodelete");
        }
        // Not run so far: docs/packaging.md.
        Ok("macos") => argument(&format!("-install_name,@rpath/libparfocal.{abi}.dylib")),
        _ => {}
    }
}

/// Tests that need ONNX Runtime are reported as ignored where it is missing: `cfg_attr(no_runtime, ignore)`.
fn runtime_is_there() -> bool {
    println!("cargo:rerun-if-env-changed=PARFOCAL_ONNXRUNTIME");
    let Some(path) = env::var_os("PARFOCAL_ONNXRUNTIME").map(std::path::PathBuf::from) else { return false };
    if path.is_file() {
        println!("cargo:rerun-if-changed={}", path.display());
        return true;
    }
    // Watching a missing file would rebuild the crate every time; `cargo xtask setup` touches this script instead.
    false
}

/// `abi` below `[package.metadata.parfocal]`.
fn abi() -> u32 {
    let manifest = env::var("CARGO_MANIFEST_DIR").expect("cargo sets it") + "/Cargo.toml";
    let text = std::fs::read_to_string(&manifest).expect("cargo read it, too");
    let table = text.split("[package.metadata.parfocal]").nth(1).unwrap_or_default().split("\n[").next();
    let line = table.unwrap_or_default().lines().find_map(|line| line.trim().strip_prefix("abi = "));
    line.and_then(|number| number.trim().parse().ok())
        .expect("Cargo.toml: [package.metadata.parfocal] has no 'abi = NUMBER'")
}
