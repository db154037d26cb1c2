//! The test stage `cuda`: the command with an ONNX Runtime that has CUDA, on a machine with or without a device.

use std::path::Path;
use std::process::Command;

use crate::stages::demo;
use crate::tools::runtime;
use crate::tools::{cargo, run, target, Result};

/// What a command printed and how it ended.
fn told(command: &mut Command) -> Result<(bool, String)> {
    let output = command.output().map_err(|e| format!("{command:?}: cannot be started: {e}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    Ok((output.status.success(), text))
}

fn expect(text: &str, parts: &[&str]) -> Result<()> {
    match parts.iter().find(|part| !text.contains(**part)) {
        None => Ok(()),
        Some(part) => Err(format!("expected '{part}' in:\n{text}")),
    }
}

pub fn cuda() -> Result<()> {
    let Some(library) = runtime::cached_gpu()? else {
        println!("skipped: no ONNX Runtime with CUDA is pinned for this platform");
        return Ok(());
    };
    // Built with the CPU's runtime beside it.
    let command = demo::build()?;
    let plain = runtime::install()?;
    let doctor = |library: &Path, device: &str| {
        told(Command::new(&command).args(["doctor", "--json", "--device", device, "--runtime"]).arg(library))
    };

    let (ok, text) = doctor(&plain, "cuda")?;
    expect(&text, &["device=cuda:0: this ONNX Runtime (", "has no CUDAExecutionProvider", "device=cpu"])?;
    if ok {
        return Err(format!("a runtime without CUDA passed as one with it:\n{text}"));
    }

    let (works, text) = doctor(&library, "cuda")?;
    if works {
        expect(&text, &["\"device\": \"cuda:0\"", "\"provider\": \"CUDAExecutionProvider\""])?;
        println!("CUDA works here");
        return run(cargo()
            .args(["test", "--release", "--package", "parfocal", "--test", "devices", "cuda", "--", "--nocapture"])
            .env("PARFOCAL_TEST_CUDA", "1")
            .env("PARFOCAL_ONNXRUNTIME", &library));
    }
    // The driver's library, or CUDA's: the first that is not there, or what the driver says.
    expect(&text, &["device=cuda:0: ", "it needs an NVIDIA driver, and the CUDA and cuDNN", "\"in_runtime\": true"])?;
    let why = text.lines().find(|line| line.contains("device=cuda:0")).unwrap_or_default().trim();
    println!("device=cuda: {why}");
    if !nvidia() {
        expect(why, &["the library lib", ".so.", " is missing"])?;
    }

    let (ok, text) = doctor(&library, "auto")?;
    expect(&text, &["\"device\": \"cpu\"", "the CPU is used, CUDA does not work here: device=cuda:0"])?;
    if !ok {
        return Err(format!("device=auto must run on the CPU:\n{text}"));
    }
    restores_on_the_cpu(&command, &library)?;
    println!("skipped: no CUDA device, so nothing to compare with the CPU and no frames a second");
    Ok(())
}

/// A driver is installed and finds a device.
fn nvidia() -> bool {
    Command::new("nvidia-smi").arg("-L").output().is_ok_and(|o| o.status.success())
}

/// By itself it restores, with a warning in the report; by name it writes nothing.
fn restores_on_the_cpu(command: &Path, library: &Path) -> Result<()> {
    let folder = target().join("cuda-stage");
    std::fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let output = folder.join("restored.tif");
    let restore = |device: &str| {
        let _ = std::fs::remove_file(&output);
        told(
            Command::new(command)
                .args(["restore", "tests/data/good/u16.tif", "--json", "--device", device, "-o"])
                .arg(&output)
                .arg("--runtime")
                .arg(library)
                .current_dir(crate::tools::root()),
        )
    };
    let (ok, text) = restore("auto")?;
    expect(&text, &["\"device_requested\": \"auto\"", "warning: the CPU is used, CUDA does not work here"])?;
    if !ok || !output.is_file() {
        return Err(format!("device=auto must restore on the CPU:\n{text}"));
    }
    let (ok, text) = restore("cuda")?;
    expect(&text, &["device=cuda:0: "])?;
    if ok || output.exists() {
        return Err(format!("device=cuda must fail and write nothing:\n{text}"));
    }
    Ok(())
}
