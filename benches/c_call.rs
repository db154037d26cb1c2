//! The cost of a call through the C ABI outside the network, for the stack of the plugin's bench: 20 planes of
//! 2048x2048 16-bit pixels, tiny network, two threads. `cargo xtask bench` alternates it with `PluginBench`, which
//! prints the same figure for Fiji. One round for each run, after a plane to warm up; prints a line of name, value,
//! unit.

use std::ffi::CString;
use std::ptr::{null, null_mut};
use std::time::Instant;

use parfocal::ffi::{model, restore, task};
use parfocal::network::runtime;

const SIZE: usize = 2048;
const PLANES: usize = 20;

fn main() {
    let tiny = include_bytes!("../tests/models/tiny.onnx");
    let runtime = runtime::locate(None).expect("`cargo xtask setup` puts ONNX Runtime where benches find it");
    let options = CString::new(format!("device=cpu threads=2 runtime='{}'", runtime.display())).unwrap();
    let mut handle = 0;
    // SAFETY: bytes and text outlive the call.
    let status =
        unsafe { model::parfocal_model_open_memory(tiny.as_ptr(), tiny.len() as u64, options.as_ptr(), &mut handle) };
    assert_eq!(status, 0, "open");
    let frame = SIZE * SIZE;
    let from: Vec<u16> = (0..frame * PLANES)
        .map(|i| {
            let (x, y) = ((i % SIZE) as f32, (i / SIZE) as f32);
            (600.0 + 400.0 * (x * 0.05).sin() * (y * 0.03).cos() + (i.wrapping_mul(2_654_435_761) >> 20 & 63) as f32)
                as u16
        })
        .collect();
    let mut to = vec![0u16; from.len()];
    run(handle, &from[..frame], &mut to[..frame], 1);
    // Touch all pages, so that the call does not pay for their first write.
    to.fill(1);
    let (whole, network) = run(handle, &from, &mut to, PLANES);
    println!("c_call_outside_network {:.3} ns/pixel", (whole - network) / from.len() as f64);
    assert_eq!(model::parfocal_model_close(handle), 0);
}

/// Nanoseconds of one call, and of the network inside it.
fn run(handle: u64, from: &[u16], to: &mut [u16], planes: usize) -> (f64, f64) {
    let shape = [SIZE as i64, SIZE as i64, 1, planes as i64];
    let mut run = 0;
    // SAFETY: `run` is writable.
    assert_eq!(unsafe { task::parfocal_task_create(&mut run) }, 0);
    let started = Instant::now();
    // SAFETY: pointers and counts are those of slices that outlive the call.
    let status = unsafe {
        restore::parfocal_restore_u16(
            handle,
            run,
            from.as_ptr(),
            from.len() as u64,
            null(),
            to.as_mut_ptr(),
            to.len() as u64,
            null(),
            shape.as_ptr(),
            null(),
        )
    };
    let whole = started.elapsed().as_secs_f64() * 1e9;
    assert_eq!(status, 0, "restore");
    let network = report(run)["report"]["network_ms"].as_f64().expect("network_ms") * 1e6;
    assert_eq!(task::parfocal_task_close(run), 0);
    (whole, network)
}

fn report(run: u64) -> serde_json::Value {
    let mut length = 0;
    // SAFETY: no buffer, a writable length.
    assert_eq!(unsafe { task::parfocal_task_describe(run, null_mut(), 0, &mut length) }, 0);
    let mut text = vec![0u8; length as usize];
    // SAFETY: as many bytes as the capacity says.
    assert_eq!(unsafe { task::parfocal_task_describe(run, text.as_mut_ptr().cast(), length, null_mut()) }, 0);
    text.pop();
    serde_json::from_slice(&text).expect("JSON")
}
