//! The command on long stacks: memory does not grow with their length, and Ctrl-C leaves nothing behind.
#![cfg(target_os = "linux")]

mod common;

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use parfocal::tiff::{Reader, Writer};
use tempfile::TempDir;

const SIDE: usize = 1024;
const TINY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models/tiny.onnx");

/// Writes a stack of 16-bit frames, with tags and storage from a small file.
fn stack(path: &Path, pages: usize) {
    square_stack(path, pages, SIDE);
}

fn square_stack(path: &Path, pages: usize, side: usize) {
    let mut reader = Reader::open(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/good/u16.tif")).unwrap();
    let (mut plan, mut page) = (reader.plan(), reader.page(0).unwrap());
    (page.format.width, page.format.height) = (side, side);
    (plan.pages, plan.contiguous) = (pages, Some(page.format));
    page.storage.rows_per_strip = side;
    let mut writer = Writer::create(path, false, plan).unwrap();
    let mut pixels: Vec<u16> = (0..side * side).map(|i| ((i * i * 7 + 3 * i) % 65521) as u16).collect();
    for _ in 0..pages {
        pixels.rotate_left(side + 1);
        writer.write(&mut pixels, &page, None).unwrap();
    }
    writer.finish().unwrap();
}

fn start(input: &Path, output: &Path) -> Child {
    start_with(input, output, &[])
}

fn start_with(input: &Path, output: &Path, more: &[&str]) -> Child {
    // Default signal handling, even if the tests run under nohup or in the background.
    Command::new("env")
        .args(["--default-signal=INT,TERM,HUP", env!("CARGO_BIN_EXE_parfocal")])
        .args(["restore", "--threads", "1", "--model", TINY, "-o"])
        .args([output, input])
        .args(more)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Peak resident memory in KiB, from the kernel. It is polled and only grows, so only the last milliseconds can be
/// missing.
fn peak_of(input: &Path, output: &Path, more: &[&str]) -> u64 {
    let mut child = start_with(input, output, more);
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    while child.try_wait().unwrap().is_none() {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let found = text.lines().find_map(|l| l.strip_prefix("VmHWM:")?.split_whitespace().next()?.parse().ok());
        peak = peak.max(found.unwrap_or(0));
        std::thread::sleep(Duration::from_millis(5));
    }
    let done = child.wait_with_output().unwrap();
    assert!(done.status.success(), "{done:?}");
    peak
}

#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn memory_does_not_grow_with_the_stack() {
    let folder = TempDir::new().unwrap();
    let mut peaks = [0; 2];
    for (peak, pages) in peaks.iter_mut().zip([2, 100]) {
        let (input, output) = (folder.path().join("in.tif"), folder.path().join("out.tif"));
        stack(&input, pages);
        let started = Instant::now();
        *peak = peak_of(&input, &output, &[]);
        let size = std::fs::metadata(&output).unwrap().len() >> 20;
        println!(
            "{pages} pages of {SIDE}x{SIDE}: peak {} MiB, output {size} MiB, {:.1?}",
            *peak >> 10,
            started.elapsed()
        );
        assert_eq!(Reader::open(&output).unwrap().pages(), pages);
        std::fs::remove_file(input).unwrap();
        std::fs::remove_file(output).unwrap();
    }
    let [short, long] = peaks;
    assert!(short > 10_000, "a peak of {short} KiB was not measured");
    assert!(long * 10 <= short * 11, "100 pages took {long} KiB, 2 pages {short} KiB; expected at most 10 % more");
}

/// `memory` limits the network; the frame's own buffers come on top (docs/decisions/tiles.md).
#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn memory_stays_within_its_option() {
    let folder = TempDir::new().unwrap();
    let peak = |side: usize, memory: &str| {
        let (input, output) = (folder.path().join("in.tif"), folder.path().join("out.tif"));
        square_stack(&input, 2, side);
        let peak = peak_of(&input, &output, &["--memory", memory]);
        std::fs::remove_file(input).unwrap();
        std::fs::remove_file(output).unwrap();
        peak
    };
    // Everything but the frame: 64x64 pixels need next to nothing.
    let base = peak(64, "64");
    let side = 2048;
    // For each sample 8 bytes in 32-bit buffers and 2 of the page; the tile of input counts within `memory`.
    let buffers = (side * side * (8 + 2)) as u64 >> 10;
    for memory in [32u64, 64, 128] {
        let peak = peak(side, &memory.to_string());
        let network = (peak - base).saturating_sub(buffers);
        println!("memory={memory}: peak {} MiB, {} MiB beyond the frame's buffers", peak >> 10, network >> 10);
        assert!(network <= (memory << 10) * 11 / 10, "memory={memory}: the network took {network} KiB");
    }
}

/// Waits until some of the temporary file is written.
fn wait_for_output(folder: &Path) {
    let deadline = Instant::now() + Duration::from_secs(60);
    let written = || {
        let names = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path());
        let mut temporary = names.filter(|p| p.extension().is_some_and(|e| e == "tmp"));
        temporary.any(|p| p.metadata().is_ok_and(|m| m.len() > 100_000))
    };
    while !written() {
        assert!(Instant::now() < deadline, "nothing was written in a minute");
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("sh").args(["-c", &format!("kill -{name} {}", child.id())]).status().unwrap();
    assert!(sent.success());
}

#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn a_signal_leaves_nothing_behind() {
    let folder = TempDir::new().unwrap();
    let input = folder.path().join("in.tif");
    stack(&input, 40);
    for name in ["INT", "TERM", "HUP"] {
        let out = TempDir::new().unwrap();
        let child = start(&input, &out.path().join("out.tif"));
        wait_for_output(out.path());
        signal(&child, name);
        let asked = Instant::now();
        let done = child.wait_with_output().unwrap();
        let message = String::from_utf8_lossy(&done.stderr).into_owned();
        assert_eq!(done.status.code(), Some(1), "{name}: {message}");
        assert!(message.contains("in.tif: cancelled at page"), "{name}: {message}");
        assert!(message.contains("of 40; nothing was written"), "{name}: {message}");
        assert!(asked.elapsed() < Duration::from_secs(20), "{name}: it took {:.1?} to stop", asked.elapsed());
        assert_eq!(std::fs::read_dir(out.path()).unwrap().count(), 0, "{name}: something is left");
    }
}

/// As under nohup, when the terminal closes.
#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn an_ignored_signal_stays_ignored() {
    let folder = TempDir::new().unwrap();
    stack(&folder.path().join("in.tif"), 6);
    let script =
        format!("trap '' HUP; exec '{}' restore in.tif -o out.tif --model '{TINY}'", env!("CARGO_BIN_EXE_parfocal"));
    let child = Command::new("sh").args(["-c", &script]).current_dir(folder.path()).spawn().unwrap();
    wait_for_output(folder.path());
    signal(&child, "HUP");
    let done = child.wait_with_output().unwrap();
    assert!(done.status.success(), "{done:?}");
    assert!(folder.path().join("out.tif").exists());
}

/// `script` (util-linux) gives the command a terminal.
#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn a_terminal_shows_progress_and_the_time_left() {
    if Command::new("script").arg("--version").output().is_err() {
        eprintln!("skipped: no `script` (util-linux) to make a terminal with");
        return;
    }
    let folder = TempDir::new().unwrap();
    stack(&folder.path().join("in.tif"), 6);
    let command = format!("'{}' restore in.tif -o out.tif --model '{TINY}'", env!("CARGO_BIN_EXE_parfocal"));
    let done =
        Command::new("script").args(["-qec", &command, "/dev/null"]).current_dir(folder.path()).output().unwrap();
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(done.status.success(), "{text}");
    assert!(text.contains("in.tif [") && text.contains("% ") && text.contains("s left"), "{text}");
    assert!(text.contains("in.tif -> out.tif: 6 pages of 1024x1024"), "{text}");
}
