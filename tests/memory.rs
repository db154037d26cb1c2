//! With too little memory for the whole frame, it is restored in tiles, and the report has a warning. The test starts
//! itself again under `ulimit -v`, as a child with a limited address space.

#![cfg(target_os = "linux")]

mod common;

use std::process::Command;

use parfocal::error::Status;
use parfocal::image::frame::{InPlace, Shape};
use parfocal::restore::options::RunOptions;
use parfocal::restore::stack::restore;
use parfocal::task::Task;

/// Environment variable with the options of the child's run.
const CASE: &str = "PARFOCAL_TEST_MEMORY";
const SHAPE: Shape = Shape { width: 1024, height: 1024, channels: 1, planes: 2 };

fn specimen() -> Vec<u16> {
    (0..SHAPE.width * SHAPE.height * SHAPE.planes).map(|i| (500 + i * 7 % 1009 + i / SHAPE.width % 97) as u16).collect()
}

/// In the child: restores, and prints tile and warnings or the error, progress, and the peak of mapped memory.
#[test]
fn child() {
    let Ok(options) = std::env::var(CASE) else { return };
    let model = common::tiny("threads=1");
    let task = Task::new();
    let mut pixels = specimen();
    let mut planes = InPlace::new(&mut pixels, SHAPE, None).unwrap();
    match restore(&model, &task, &mut planes, &RunOptions::parse(&options).unwrap()) {
        Ok(report) => println!("tile {:?} warnings {:?}", report.tile, report.warnings),
        Err(error) => {
            assert_eq!(error.status(), Status::OutOfMemory, "{error}");
            println!("{error}; untouched: {}", pixels == specimen());
        }
    }
    let (done, total) = task.progress();
    println!("progress {done} of {total}, {} planes", task.planes_done());
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|l| l.strip_prefix("VmPeak:")?.trim().strip_suffix(" kB"));
    println!("peak {} kB", peak.unwrap());
}

/// Output of the child with `options` in `kib` of address space.
fn restored(options: &str, kib: Option<u64>) -> String {
    let limit = kib.map_or(String::new(), |kib| format!("ulimit -v {kib} && "));
    let script = format!("{limit}exec \"$0\" --exact child --nocapture --test-threads=1");
    let mut child = Command::new("sh");
    child.args(["-c", &script]).arg(std::env::current_exe().unwrap()).env(CASE, options);
    let output = child.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

fn peak(text: &str) -> u64 {
    let number = text.lines().find_map(|l| l.strip_prefix("peak ")?.strip_suffix(" kB"));
    number.unwrap_or_else(|| panic!("no peak in: {text}")).parse().unwrap()
}

/// Output of the child at the first limit at which memory runs out, going down from the peak of the whole frame.
fn restored_with_too_little(options: &str, whole: u64) -> String {
    let limits = (4..10).rev().map(|tenths| whole * tenths / 10);
    let tried = limits.map(|kib| restored(options, Some(kib)));
    tried.into_iter().find(|text| text.contains("memory")).expect("at some limit the whole frame fails")
}

#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn out_of_memory_halves_the_tile_with_a_warning() {
    // A small halo, so that tiles of a small frame need much less.
    let whole = restored("halo=16", None);
    assert!(whole.contains("tile None warnings []") && whole.contains("progress 2 of 2, 2 planes"), "{whole}");
    let text = restored_with_too_little("halo=16", peak(&whole));
    assert!(text.contains("tile Some(512)"), "{text}");
    assert!(text.contains("out of memory at plane 0: from here on in tiles of 512; tile=512 spares"), "{text}");
    assert!(!text.contains("at plane 1"), "the second plane starts with what the first found: {text}");
    assert!(text.contains("progress 8 of 8, 2 planes"), "all done, no more than expected: {text}");
}

#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn if_no_tile_is_small_enough_the_frame_is_unchanged() {
    // A halo so large that every tile is the whole frame.
    let whole = restored("halo=1024", None);
    let text = restored_with_too_little("halo=1024", peak(&whole));
    assert!(text.contains("plane 0: no memory for the network on 1 images of 1024x1024"), "{text}");
    assert!(text.contains("untouched: true") && text.contains(", 0 planes"), "{text}");
}
