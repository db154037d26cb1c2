//! WebGPU on an adapter in software: numbers, tiles, colour, stacks, streams, cancel, and faults of the driver.
//!
//! Runs only under `cargo xtask test gpu`, which gets what it needs and sets the variables.

mod common;

use std::ffi::{c_char, c_int, CString};
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::time::{Duration, Instant};

use parfocal::error::{Result, Status};
use parfocal::image::frame::{InPlace, Sample, Shape};
use parfocal::network::apart;
use parfocal::restore::model::Model;
use parfocal::restore::options::{OpenOptions, RunOptions, StreamOptions};
use parfocal::restore::stack::restore;
use parfocal::restore::stream::Stream;
use parfocal::task::Task;

/// The layer that counts Vulkan's calls and lets one of them fail.
///
/// A process has one device, so tests take turns.
struct Layer {
    _turn: MutexGuard<'static, ()>,
    library: libloading::Library,
}

const DEVICE_LOST: c_int = -4;
/// The call takes a while and finds nothing.
const TIMEOUT: c_int = 2;
const OUT_OF_DEVICE_MEMORY: c_int = -2;

impl Layer {
    fn open() -> Option<Self> {
        let path = PathBuf::from(std::env::var_os("PARFOCAL_TEST_LAYER")?);
        static TURN: Mutex<()> = Mutex::new(());
        let turn = TURN.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        // SAFETY: the stage has built the file; Vulkan's loader has loaded it, or will.
        let library = unsafe { libloading::Library::new(path) }.unwrap();
        let layer = Self { _turn: turn, library };
        layer.heal();
        // While one model is open, the device stays, and with it the shaders, which take seconds to compile.
        static WARM: OnceLock<Model> = OnceLock::new();
        WARM.get_or_init(|| tiny(WEBGPU).unwrap());
        Some(layer)
    }

    fn count(&self, name: &str) -> u64 {
        let name = CString::new(name).unwrap();
        // SAFETY: the signature is that of tests/gpu/layer.c; the name is a text.
        let found = unsafe {
            let count = self.library.get::<unsafe extern "C" fn(*const c_char) -> u64>(b"parfocal_test_count\0");
            count.unwrap()(name.as_ptr())
        };
        assert_ne!(found, u64::MAX, "{name:?}");
        found
    }

    /// The n-th call from now on fails, and all after it if `stays`.
    fn fail(&self, name: &str, n: i64, result: c_int, stays: bool) {
        let name = CString::new(name).unwrap();
        type Fail = unsafe extern "C" fn(*const c_char, i64, c_int, c_int) -> c_int;
        // SAFETY: the signature is that of tests/gpu/layer.c; the name is a text.
        let done = unsafe {
            let fail = self.library.get::<Fail>(b"parfocal_test_fail\0");
            fail.unwrap()(name.as_ptr(), n, result, c_int::from(stays))
        };
        assert_eq!(done, 0, "{name:?}");
    }

    fn heal(&self) {
        for name in ["submits", "waits", "memory", "pipelines", "buffers"] {
            self.fail(name, 0, 0, false);
        }
    }
}

fn run<T: Sample>(model: &Model, data: &[T], shape: Shape, options: &str) -> Result<Vec<T>> {
    let mut out = data.to_vec();
    let mut planes = InPlace::new(&mut out, shape, None)?;
    restore(model, &Task::new(), &mut planes, &RunOptions::parse(options)?)?;
    Ok(out)
}

fn tiny(text: &str) -> Result<Model> {
    let options = OpenOptions { runtime: Some(common::runtime()), ..OpenOptions::parse(text)? };
    Model::open_memory(common::TINY, &options)
}

const WEBGPU: &str = "device=webgpu software_adapter=on";

fn specimen(shape: Shape, greatest: f32) -> Vec<f32> {
    (0..shape.width * shape.height * shape.channels * shape.planes)
        .map(|i| {
            let (x, y) = ((i % shape.width) as f32, (i / shape.width) as f32);
            greatest * (0.4 + 0.3 * (0.21 * x).sin() * (0.13 * y).cos() + 0.29 * (0.9 * x + 1.3 * y).sin())
        })
        .collect()
}

/// Fails unless two results agree within `limit` of the range of the first, and half a count for integers.
fn agree<T: Sample>(expected: &[T], found: &[T], limit: f64) {
    let values = expected.iter().map(|v| v.as_f64());
    let (least, most) = values.fold((f64::MAX, f64::MIN), |(least, most), v| (least.min(v), most.max(v)));
    let worst = expected.iter().zip(found).map(|(a, b)| (a.as_f64() - b.as_f64()).abs());
    // Not `max`, which ignores NaN.
    let worst = worst.fold(0.0, |worst, d| if d <= worst { worst } else { d });
    let limit = limit * (most - least) + if T::PIXEL_TYPE.is_float() { 0.0 } else { 1.0 };
    assert!(worst <= limit, "{worst} of {}, expected at most {limit}", most - least);
}

/// Kinds that `Layer` counts; bytes for the second and third.
const COUNTED: [&str; 5] = ["dispatches", "uploaded", "downloaded", "pipelines", "memory"];

/// What a device may differ in fp32.
const FP32: f64 = 1e-4;

#[test]
fn every_kind_of_frame_is_as_on_the_cpu() {
    let Some(_layer) = Layer::open() else { return };
    let (cpu, gpu) = (tiny("device=cpu").unwrap(), tiny(WEBGPU).unwrap());
    let described = gpu.describe();
    assert_eq!((&described["device"], &described["precision"]), (&"webgpu:0".into(), &"fp32".into()));
    assert_eq!(described["provider"], "WebGpuExecutionProvider");
    let adapter = &described["adapter"];
    assert_eq!((&adapter["kind"], &adapter["backend"]), (&"software".into(), &"Vulkan".into()), "{adapter}");
    for key in ["name", "driver"] {
        assert!(adapter[key].as_str().unwrap().contains("SwiftShader"), "{adapter}");
    }
    assert_eq!(described["warnings"], serde_json::json!([]));
    for (shape, options) in [
        (Shape::grey(64, 64), ""),
        (Shape::grey(37, 21), "normalize=100:3000"),
        (Shape { channels: 3, ..Shape::grey(32, 16) }, ""),
        (Shape { planes: 3, ..Shape::grey(16, 32) }, "normalize=stack"),
        (Shape::grey(100, 48), "tile=32 halo=16"),
    ] {
        let floats = specimen(shape, 3900.0);
        let u16s: Vec<u16> = floats.iter().map(|v| *v as u16).collect();
        let expected = run(&cpu, &u16s, shape, options).unwrap();
        assert_ne!(expected, u16s);
        agree(&expected, &run(&gpu, &u16s, shape, options).unwrap(), FP32);
        if shape.channels == 1 && shape.planes == 1 {
            agree(&run(&cpu, &floats, shape, options).unwrap(), &run(&gpu, &floats, shape, options).unwrap(), FP32);
        }
    }
    let shape = Shape::grey(32, 32);
    let u8s: Vec<u8> = specimen(shape, 250.0).iter().map(|v| *v as u8).collect();
    agree(&run(&cpu, &u8s, shape, "").unwrap(), &run(&gpu, &u8s, shape, "").unwrap(), FP32);
    let constant = vec![77u16; 1024];
    assert_eq!(run(&gpu, &constant, shape, "").unwrap(), constant);
}

#[test]
fn the_fast_model_is_as_on_the_cpu_with_every_node_on_the_device() {
    let Some(layer) = Layer::open() else { return };
    let open = |text: &str| {
        let options = OpenOptions { runtime: Some(common::runtime()), ..OpenOptions::parse(text).unwrap() };
        Model::open(Some("fast".as_ref()), &options).unwrap()
    };
    let (cpu, gpu) = (open("device=cpu"), open(WEBGPU));
    let shape = Shape::grey(64, 64);
    let data = specimen(shape, 3900.0);
    let before = layer.count("dispatches");
    agree(&run(&cpu, &data, shape, "").unwrap(), &run(&gpu, &data, shape, "").unwrap(), FP32);
    // ONNX Runtime refuses to make the session if a node would run on the CPU; so do what the driver was asked to run.
    assert!(layer.count("dispatches") >= before + 80, "{}", layer.count("dispatches") - before);
}

#[test]
fn a_stream_restores_as_a_run() {
    let Some(_layer) = Layer::open() else { return };
    let gpu = Arc::new(tiny(WEBGPU).unwrap());
    let shape = Shape::grey(32, 32);
    let frame: Vec<u16> = specimen(shape, 3000.0).iter().map(|v| *v as u16).collect();
    let expected = run(&gpu, &frame, shape, "").unwrap();
    let stream = Stream::<u16>::open(Arc::clone(&gpu), shape, StreamOptions::parse("").unwrap()).unwrap();
    for tag in 0..3 {
        stream.submit(tag, |to| to.copy_from_slice(&frame)).unwrap();
    }
    for expected_tag in 0..3 {
        let (tag, pixels) = stream.receive(Some(Duration::from_secs(60)), |from| from.to_vec()).unwrap();
        assert_eq!((tag, pixels.unwrap()), (expected_tag, expected.clone()));
    }
}

#[test]
fn a_run_is_cancelled_between_nodes() {
    let Some(_layer) = Layer::open() else { return };
    let gpu = tiny(WEBGPU).unwrap();
    let shape = Shape::grey(256, 256);
    let mut data = specimen(shape, 3000.0);
    let task = Task::new();
    let started = Instant::now();
    let error = std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(300));
            task.cancel();
        });
        let mut planes = InPlace::new(&mut data, shape, None).unwrap();
        restore(&gpu, &task, &mut planes, &RunOptions::default()).map(|_| ()).unwrap_err()
    });
    assert_eq!(error.status(), Status::Cancelled, "{error}");
    // Whole, it takes some 20 s.
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
    let shape = Shape::grey(32, 32);
    let cpu = tiny("device=cpu").unwrap();
    let data = specimen(shape, 3000.0);
    agree(&run(&cpu, &data, shape, "").unwrap(), &run(&gpu, &data, shape, "").unwrap(), FP32);
}

#[test]
fn a_device_that_does_not_work_is_an_error_that_says_why() {
    let Some(_layer) = Layer::open() else { return };
    let library = std::env::var("PARFOCAL_WEBGPU").unwrap();
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    for (options, status, parts) in [
        ("device=webgpu".to_owned(), Status::Device, ["a program on the processor", "software_adapter=on"]),
        (
            WEBGPU.replace("webgpu", "webgpu:1"),
            Status::Device,
            ["device=webgpu:1: WebGPU's library takes one adapter", "expected webgpu or webgpu:0"],
        ),
        (format!("{WEBGPU} plugin=/nowhere/lib.so"), Status::Device, ["plugin= is /nowhere/lib.so", "no such file"]),
        (format!("{WEBGPU} precision=fp16"), Status::Unsupported, ["precision=fp16: SwiftShader", "no shader-f16"]),
        (
            "device=plugin:Some".to_owned(),
            Status::BadOption,
            ["device=plugin:Some", "expected plugin= with the absolute"],
        ),
        ("device=plugin:Some plugin=/nowhere/x.so".to_owned(), Status::Device, ["/nowhere/x.so", "no such file"]),
        (format!("device=plugin:Some plugin='{page}'"), Status::Device, ["README.md: not a provider for ONNX", "1."]),
        (
            format!("device=plugin:Some plugin='{library}'"),
            Status::Device,
            ["offers no device of this name here", "WebGpuExecutionProvider"],
        ),
    ] {
        let error = tiny(&options).map(|_| ()).unwrap_err();
        assert_eq!(error.status(), status, "{options}: {error}");
        for part in parts {
            assert!(error.message().contains(part), "{options}: no '{part}' in: {error}");
        }
    }
    // The same library by its name in ONNX Runtime.
    let model = tiny(&format!("device=plugin:webgpu plugin='{library}'")).unwrap();
    assert_eq!(model.describe()["device"], "plugin:webgpu");
    assert_eq!(tiny("device=auto").unwrap().describe()["device"], "cpu");
}

#[test]
fn two_models_serve_four_threads() {
    let Some(_layer) = Layer::open() else { return };
    let shape = Shape::grey(32, 32);
    let data = specimen(shape, 3000.0);
    let expected = run(&tiny("device=cpu").unwrap(), &data, shape, "").unwrap();
    let models = [tiny(WEBGPU).unwrap(), tiny(WEBGPU).unwrap()];
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (models, data, expected) = (&models, &data, &expected);
            scope.spawn(move || {
                (0..2).for_each(|_| agree(expected, &run(&models[thread % 2], data, shape, "").unwrap(), FP32))
            });
        }
    });
}

/// What a frame costs, for docs/performance.md: it must not grow, and nothing is compiled again when sizes alternate.
#[test]
fn a_frame_costs_what_it_did() {
    let Some(layer) = Layer::open() else { return };
    // Dispatches of a run, whatever its size.
    for (name, most) in [("fast", 125), ("accurate", 125)] {
        let options = OpenOptions { runtime: Some(common::runtime()), ..OpenOptions::parse(WEBGPU).unwrap() };
        let model = Model::open(Some(name.as_ref()), &options).unwrap();
        let sizes: &[_] =
            if name == "fast" { &[(48, 32), (64, 64), (48, 32), (64, 64)] } else { &[(48, 32), (48, 32)] };
        for (i, &(width, height)) in sizes.iter().enumerate() {
            let shape = Shape::grey(width, height);
            let data = specimen(shape, 3000.0);
            let before = COUNTED.map(|kind| layer.count(kind));
            run(&model, &data, shape, "").unwrap();
            let spent: Vec<u64> = COUNTED.iter().zip(before).map(|(kind, before)| layer.count(kind) - before).collect();
            let pixels = (width * height) as u64;
            println!("{name} {width}x{height}: {COUNTED:?} {spent:?}");
            let [dispatches, uploaded, downloaded, pipelines, memory] = spent[..] else { unreachable!() };
            assert!(dispatches <= most, "{name}: {dispatches} dispatches");
            assert_eq!(downloaded, 4 * pixels, "{name}");
            // The frame, and the sizes of each dispatch.
            assert!(uploaded <= 4 * pixels + 256 * dispatches, "{name}: {uploaded} bytes");
            if i >= sizes.len() / 2 {
                assert_eq!(pipelines, 0, "{name} {width}x{height}: compiled again");
                assert!(memory <= 2, "{name} {width}x{height}: {memory} allocations");
            }
        }
    }
}

/// A lost device ends in an error, and the next run has a new one, in every model.
#[test]
fn a_lost_device_is_replaced() {
    let Some(layer) = Layer::open() else { return };
    let shape = Shape::grey(32, 32);
    let data = specimen(shape, 3000.0);
    let expected = run(&tiny("device=cpu").unwrap(), &data, shape, "").unwrap();
    let (model, other) = (tiny(WEBGPU).unwrap(), tiny(WEBGPU).unwrap());
    for (what, n) in [("submits", 1), ("submits", 3), ("waits", 1), ("waits", 4)] {
        layer.fail(what, n, DEVICE_LOST, false);
        let error = run(&model, &data, shape, "").unwrap_err();
        layer.heal();
        assert_eq!(error.status(), Status::Device, "{what} {n}: {error}");
        for part in ["device=webgpu:0", "lost", "again", "device=cpu"] {
            assert!(error.message().contains(part), "{what} {n}: no '{part}' in: {error}");
        }
        agree(&expected, &run(&other, &data, shape, "").unwrap(), FP32);
        agree(&expected, &run(&model, &data, shape, "").unwrap(), FP32);
    }
    // For good.
    layer.fail("submits", 1, DEVICE_LOST, true);
    for _ in 0..2 {
        assert_eq!(run(&model, &data, shape, "").unwrap_err().status(), Status::Device);
        assert_eq!(tiny(WEBGPU).map(|_| ()).unwrap_err().status(), Status::Device);
    }
    layer.heal();
    agree(&expected, &run(&model, &data, shape, "").unwrap(), FP32);
}

/// Without memory on the device, tiles are halved, with a warning; where none is small enough, it is an error.
#[test]
fn without_memory_on_the_device_tiles_are_halved() {
    let Some(layer) = Layer::open() else { return };
    let shape = Shape::grey(192, 64);
    let data = specimen(shape, 3000.0);
    let options = RunOptions::parse("halo=16").unwrap();
    let smaller = run(&tiny("device=cpu").unwrap(), &data, shape, "halo=16 tile=96").unwrap();
    let whole = run(&tiny("device=cpu").unwrap(), &data, shape, "halo=16").unwrap();
    for (what, n) in [("buffers", 2), ("memory", 1)] {
        let model = tiny(WEBGPU).unwrap();
        let mut out = data.clone();
        layer.fail(what, n, OUT_OF_DEVICE_MEMORY, false);
        let mut planes = InPlace::new(&mut out, shape, None).unwrap();
        let report = restore(&model, &Task::new(), &mut planes, &options).unwrap();
        layer.heal();
        let warnings = model.describe()["warnings"].to_string();
        match report.tile {
            None => agree(&whole, &out, FP32),
            Some(_) => {
                agree(&smaller, &out, FP32);
                assert!(warnings.contains("tile"), "{warnings}");
            }
        }
        println!("{what} {n}: tile {:?}, {warnings}", report.tile);
        assert!(what != "buffers" || report.tile.is_some(), "{what}: {warnings}");
    }
    let model = tiny(WEBGPU).unwrap();
    layer.fail("buffers", 1, OUT_OF_DEVICE_MEMORY, true);
    let error = run(&model, &data, shape, "").unwrap_err();
    layer.heal();
    assert_eq!(error.status(), Status::OutOfMemory, "{error}");
    assert!(error.message().contains("no memory for the network on 1 images"), "{error}");
    let shape = Shape::grey(32, 32);
    assert!(run(&model, &specimen(shape, 3000.0), shape, "").is_ok());
}

/// A pipeline that the driver cannot compile, and no memory, while the model is opened.
#[test]
fn faults_while_opening_are_errors() {
    let Some(layer) = Layer::open() else { return };
    for (what, result) in
        [("pipelines", OUT_OF_DEVICE_MEMORY), ("submits", DEVICE_LOST), ("buffers", OUT_OF_DEVICE_MEMORY)]
    {
        // Without a device all must be made anew.
        layer.fail("submits", 1, DEVICE_LOST, false);
        let _ = tiny(WEBGPU);
        layer.heal();
        layer.fail(what, 2, result, false);
        let opened = tiny(WEBGPU).map(|_| ());
        layer.heal();
        let error = opened.unwrap_err();
        assert!(matches!(error.status(), Status::Device | Status::OutOfMemory), "{what}: {error}");
        // Found by its cause, not by results that are wrong.
        assert!(!error.message().contains("differs from the CPU's"), "{what}: {error}");
    }
    tiny(WEBGPU).unwrap();
}

/// A GPU that hangs ends in an error after a time, and one that comes back serves the next run.
#[test]
fn a_run_that_hangs_is_left() {
    let Some(layer) = Layer::open() else { return };
    let shape = Shape::grey(32, 32);
    let data = specimen(shape, 3000.0);
    let expected = run(&tiny("device=cpu").unwrap(), &data, shape, "").unwrap();
    let model = tiny(WEBGPU).unwrap();
    layer.fail("waits", 1, TIMEOUT, true);
    apart::limit(3000);
    let started = Instant::now();
    let error = run(&model, &data, shape, "").unwrap_err();
    let after = started.elapsed();
    layer.heal();
    apart::limit(120_000);
    assert!(after < Duration::from_secs(6), "{after:?}");
    assert_eq!(error.status(), Status::Device, "{error}");
    for part in ["device=webgpu:0: the network did not come back within 3 s", "device=cpu"] {
        assert!(error.message().contains(part), "no '{part}' in: {error}");
    }
    agree(&expected, &run(&model, &data, shape, "").unwrap(), FP32);
}

/// What remains of many opened models, beside the one that stays open, in resident memory. What is lost is lost in each
/// block of opens; memory that the allocator only keeps appears in one.
#[test]
fn nothing_is_left_of_closed_models() {
    let Some(_layer) = Layer::open() else { return };
    let count = std::env::var("PARFOCAL_TEST_OPENS").ok().and_then(|n| n.parse().ok()).unwrap_or(15u64);
    let resident = || {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.split_whitespace().next().unwrap().parse::<u64>().unwrap()
    };
    let opens = |count| (0..count).for_each(|_| drop(tiny(WEBGPU).unwrap()));
    opens(10);
    let blocks = [0; 3].map(|_| {
        let before = resident();
        opens(count);
        resident().saturating_sub(before) / count
    });
    let each = blocks.into_iter().min().unwrap();
    println!("three times {count} opens: {blocks:?} KiB of resident memory each");
    assert!(each < 1024, "{each} KiB each");
}

/// `auto` is the CPU, with the reason, where there is no hardware GPU, and where it is slow.
#[test]
fn auto_is_the_cpu_and_says_why() {
    let Some(_layer) = Layer::open() else { return };
    let model = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models/tiny.onnx");
    let doctor = |change: &dyn Fn(&mut Command) -> &mut Command| -> serde_json::Value {
        let mut command = Command::new(env!("CARGO_BIN_EXE_parfocal"));
        command.args(["doctor", "--json", "--model", model]);
        let printed = change(&mut command).output().unwrap();
        assert!(printed.status.success(), "{printed:?}");
        // Nothing but the report: neither Vulkan's loader nor a driver complains.
        assert!(printed.stderr.is_empty(), "{}", String::from_utf8_lossy(&printed.stderr));
        serde_json::from_slice(&printed.stdout).unwrap()
    };
    let folder = tempfile::tempdir().unwrap();
    let broken = folder.path().join("broken.json");
    let icd = r#"{"file_format_version": "1.0.0", "ICD": {"library_path": "/nowhere/lib.so", "api_version": "1.1.0"}}"#;
    std::fs::write(&broken, icd).unwrap();
    let none = folder.path().join("libvulkan.so.1");
    std::fs::write(&none, "no library").unwrap();
    type Change<'a> = &'a dyn Fn(&mut Command) -> &mut Command;
    let cases: [(&str, Change, bool); 4] = [
        ("the only graphics adapter is SwiftShader", &|c| c, false),
        (
            "Vulkan finds no driver that works",
            &|c| c.env("VK_DRIVER_FILES", &broken).env("VK_ICD_FILENAMES", &broken),
            false,
        ),
        ("the Vulkan loader (libvulkan.so.1) cannot be loaded", &|c| c.env("LD_LIBRARY_PATH", folder.path()), false),
        (
            "times as fast as the CPU; expected at least 2 times",
            &|c| c.env("PARFOCAL_TEST_ADAPTER", "integrated"),
            true,
        ),
    ];
    for (expected, change, warned) in cases {
        let report = doctor(change);
        let model = &report["model"];
        assert_eq!(model["device"], "cpu", "{expected}");
        let reason = model["device_reason"].as_str().unwrap();
        assert!(reason.starts_with("the CPU is used") && reason.contains(expected), "{expected}: {reason}");
        assert_eq!(!model["warnings"].as_array().unwrap().is_empty(), warned, "{expected}: {}", model["warnings"]);
        let listed = report["adapters"].as_array().map_or(0, Vec::len);
        assert_eq!(listed == 0, report["adapters_missing"].is_string(), "{report}");
    }
    if std::path::Path::new("/usr/lib/x86_64-linux-gnu/libvulkan.so.1").exists() {
        println!("not tried: a machine without a Vulkan loader");
        return;
    }
    let report = doctor(&|c| c.env_remove("LD_LIBRARY_PATH"));
    let reason = report["model"]["device_reason"].as_str().unwrap();
    assert!(reason.contains("the Vulkan loader (libvulkan.so.1) is not installed"), "{reason}");
}

/// The command restores a file on WebGPU.
#[test]
fn the_command_restores_on_webgpu() {
    let Some(_layer) = Layer::open() else { return };
    let folder = tempfile::tempdir().unwrap();
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let restored = |device: &[&str], name: &str| {
        let output = folder.path().join(name);
        let ran = Command::new(env!("CARGO_BIN_EXE_parfocal"))
            .arg("restore")
            .arg(root.join("tests/data/good/u16.tif"))
            .arg("--model")
            .arg(root.join("tests/models/tiny.onnx"))
            .args(device)
            .args(["--json", "-o"])
            .arg(&output)
            .output()
            .unwrap();
        let printed = String::from_utf8_lossy(&ran.stdout).into_owned() + &String::from_utf8_lossy(&ran.stderr);
        (ran.status.success(), printed, std::fs::read(&output).unwrap_or_default())
    };
    let (ok, printed, cpu) = restored(&["--device", "cpu"], "cpu.tif");
    assert!(ok, "{printed}");
    let (ok, printed, gpu) = restored(&["--device", "webgpu", "--software-adapter", "on"], "gpu.tif");
    assert!(ok && printed.contains("webgpu:0"), "{printed}");
    // The files hold the same image, but for single counts and what names the device.
    assert!(!cpu.is_empty() && gpu.len().abs_diff(cpu.len()) < 200, "{} and {}", cpu.len(), gpu.len());
    let (ok, printed, nothing) = restored(&["--device", "webgpu"], "none.tif");
    assert!(!ok && printed.contains("software_adapter=on") && nothing.is_empty(), "{printed}");
}

/// A process that ends while a run is on the device, and one that is forked, end without a signal.
#[test]
fn the_process_may_end_while_a_run_is_on_the_device() {
    let Some(_layer) = Layer::open() else { return };
    if std::env::var_os("PARFOCAL_TEST_LEAVES").is_some() {
        let model = tiny(WEBGPU).unwrap();
        std::thread::spawn(move || {
            let shape = Shape::grey(48, 32);
            let _ = run(&model, &specimen(shape, 3000.0), shape, "");
        });
        std::thread::sleep(Duration::from_millis(100));
        std::process::exit(7);
    }
    let started = Instant::now();
    let this = std::env::current_exe().unwrap();
    let name = "the_process_may_end_while_a_run_is_on_the_device";
    let ended =
        Command::new(this).args([name, "--exact", "--nocapture"]).env("PARFOCAL_TEST_LEAVES", "1").status().unwrap();
    assert_eq!(ended.code(), Some(7), "{ended} after {:?}", started.elapsed());
}
