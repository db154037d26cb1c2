//! The test stage `cuda`: the command with an ONNX Runtime that has CUDA, on a machine with or without a device.

use std::fs;
use std::path::Path;

use xshell::Cmd;

use super::{skip, Outcome};
use crate::tools::{cargo, cmd, make_folder, printed, ran, release, run, runtime, say, target, Result};

/// Whether a command succeeded, and what it printed.
fn tried(command: Cmd) -> Result<(bool, String)> {
    let (_, ran) = ran(command)?;
    Ok((ran.status.success(), printed(&ran)))
}

fn expect(text: &str, parts: &[&str]) -> Result<()> {
    match parts.iter().find(|part| !text.contains(**part)) {
        None => Ok(()),
        Some(part) => Err(format!("expected '{part}' in:\n{text}")),
    }
}

pub fn check() -> Result<Outcome> {
    let Some(library) = runtime::cached_gpu()? else {
        return skip("no ONNX Runtime with CUDA is pinned for this platform");
    };
    // The CPU's runtime lies beside it.
    let command = release::command()?;
    let plain = runtime::install()?;
    let doctor =
        |library: &Path, device: &str| tried(cmd!("{command} doctor --json --device {device} --runtime {library}"));

    let (ok, text) = doctor(&plain, "cuda")?;
    expect(&text, &["device=cuda:0: this ONNX Runtime (", "has no CUDAExecutionProvider", "device=cpu"])?;
    if ok {
        return Err(format!("a runtime without CUDA passed as one with it:\n{text}"));
    }

    let (works, text) = doctor(&library, "cuda")?;
    if works {
        expect(&text, &["\"device\": \"cuda:0\"", "\"provider\": \"CUDAExecutionProvider\""])?;
        say!("CUDA works here");
        let test = ["test", "--release", "--package", "parfocal", "--test", "devices", "cuda", "--", "--nocapture"];
        run(cargo().args(test).env("PARFOCAL_TEST_CUDA", "1").env("PARFOCAL_ONNXRUNTIME", &library))?;
        return Ok(Outcome::Passed);
    }
    // What is missing first: the driver's library, CUDA's, or what the driver says.
    expect(&text, &["device=cuda:0: ", "it needs an NVIDIA driver, and the CUDA and cuDNN", "\"in_runtime\": true"])?;
    let why = text.lines().find(|line| line.contains("device=cuda:0")).unwrap_or_default().trim();
    say!("device=cuda: {why}");
    if !has_nvidia_device() {
        expect(why, &["the library lib", ".so.", " is missing"])?;
    }

    let (ok, text) = doctor(&library, "auto")?;
    expect(&text, &["\"device\": \"cpu\"", "the CPU is used, CUDA does not work here: device=cuda:0"])?;
    if !ok {
        return Err(format!("device=auto must run on the CPU:\n{text}"));
    }
    restores_on_the_cpu(&command, &library)?;
    Ok(Outcome::PassedWithout("no CUDA device, so no results to compare with the CPU's".into()))
}

/// Whether a driver is installed and finds a device.
fn has_nvidia_device() -> bool {
    ran(cmd!("nvidia-smi -L")).is_ok_and(|(_, ran)| ran.status.success())
}

/// `device=auto` restores, with a warning in the report; `device=cuda` writes nothing.
fn restores_on_the_cpu(command: &Path, library: &Path) -> Result<()> {
    let folder = target().join("cuda-stage");
    make_folder(&folder)?;
    let output = folder.join("restored.tif");
    let restore = |device: &str| {
        let _ = fs::remove_file(&output);
        let input = "tests/data/good/u16.tif";
        tried(cmd!("{command} restore {input} --json --device {device} -o {output} --runtime {library}"))
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
