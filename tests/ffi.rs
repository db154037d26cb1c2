//! The C functions, called from Rust: cases that the C and C++ suites cannot cover (forks, spoiled handles), and a
//! quick check of the rest.

mod common;

use std::ffi::{c_char, CStr, CString};
use std::ptr::{null, null_mut};

use parfocal::error::Status;
use parfocal::ffi::general::*;
use parfocal::ffi::model::*;
use parfocal::ffi::packed::*;
use parfocal::ffi::restore::*;
use parfocal::ffi::stream::*;
use parfocal::ffi::task::*;

fn last_error() -> String {
    let mut length = 0;
    let mut buffer = vec![0 as c_char; 4096];
    unsafe {
        parfocal_last_error(null_mut(), 0, &mut length);
        assert_eq!(parfocal_last_error(buffer.as_mut_ptr(), 4096, null_mut()), 0);
        let text = CStr::from_ptr(buffer.as_ptr()).to_str().unwrap().to_owned();
        assert_eq!(text.len() as u64 + 1, length);
        text
    }
}

fn open() -> u64 {
    let path = common::runtime();
    let options = CString::new(format!("runtime='{}' threads=1", path.display())).unwrap();
    let mut model = 0;
    let status = unsafe {
        parfocal_model_open_memory(common::TINY.as_ptr(), common::TINY.len() as u64, options.as_ptr(), &mut model)
    };
    assert_eq!(status, 0, "{}", last_error());
    model
}

#[track_caller]
fn fails(status: i32, expected: Status, words: &str) {
    let message = last_error();
    assert_eq!(status, expected as i32, "{message}");
    assert!(message.contains(words), "{message}");
}

#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn every_layout_gives_the_same_pixels() {
    let model = open();
    let (width, height) = (40usize, 32usize);
    let pixels: Vec<u16> = (0..width * height).map(|i| (i * i * 13 % 4001) as u16).collect();
    let shape = [width as i64, height as i64, 1, 1];
    let mut packed = vec![0u16; pixels.len()];
    let status = unsafe {
        parfocal_restore_u16(
            model,
            0,
            pixels.as_ptr(),
            pixels.len() as u64,
            null(),
            packed.as_mut_ptr(),
            packed.len() as u64,
            null(),
            shape.as_ptr(),
            null(),
        )
    };
    assert_eq!(status, 0, "{}", last_error());
    assert_ne!(packed, pixels);
    // Column-major, in place, at an odd address.
    let mut bytes = vec![0u8; pixels.len() * 2 + 1];
    for (i, v) in pixels.iter().enumerate() {
        let at = 1 + 2 * ((i % width) * height + i / width);
        bytes[at..at + 2].copy_from_slice(&v.to_ne_bytes());
    }
    let strides = [height as i64, 1, 0, 0];
    let odd = bytes[1..].as_mut_ptr().cast::<u16>();
    let status = unsafe {
        parfocal_restore_u16(
            model,
            0,
            odd,
            pixels.len() as u64,
            strides.as_ptr(),
            odd,
            pixels.len() as u64,
            strides.as_ptr(),
            shape.as_ptr(),
            null(),
        )
    };
    assert_eq!(status, 0, "{}", last_error());
    for (i, v) in packed.iter().enumerate() {
        let at = 1 + 2 * ((i % width) * height + i / width);
        assert_eq!(bytes[at..at + 2], v.to_ne_bytes());
    }
    // A target shifted by one pixel overlaps the source.
    let status = unsafe {
        let shifted = odd.add(1);
        let count = pixels.len() as u64 - 1;
        let shape = [width as i64, height as i64 - 1, 1, 1];
        parfocal_restore_u16(model, 0, odd, count, null(), shifted, count, null(), shape.as_ptr(), null())
    };
    fails(status, Status::InvalidArgument, "src and dst overlap");
    assert_eq!(parfocal_model_close(model), 0);
    fails(parfocal_model_close(model), Status::InvalidHandle, "this model is closed");
}

#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn a_task_belongs_to_one_run() {
    let model = open();
    let mut pixels = [7f32, 8.0, 9.0, 1.0];
    let shape = [2, 2, 1, 1];
    let mut task = 0;
    let run = |task, pixels: &mut [f32; 4]| unsafe {
        let p = pixels.as_mut_ptr();
        parfocal_restore_f32(model, task, p, 4, null(), p, 4, null(), shape.as_ptr(), null())
    };
    unsafe {
        assert_eq!(parfocal_task_create(&mut task), 0);
        assert_eq!(run(task, &mut pixels), 0, "{}", last_error());
        let (mut done, mut total, mut planes) = (0, 0, 0);
        assert_eq!(parfocal_task_progress(task, &mut done, &mut total), 0);
        assert_eq!(parfocal_task_planes_done(task, &mut planes), 0);
        assert_eq!((done, total, planes), (1, 1, 1));
        fails(run(task, &mut pixels), Status::InvalidArgument, "create a task for each run");
        fails(run(model, &mut pixels), Status::InvalidHandle, "a model; expected a task");
        assert_eq!(parfocal_task_close(task), 0);
        assert_eq!(parfocal_task_create(&mut task), 0);
        assert_eq!(parfocal_task_cancel(task), 0);
        let before = pixels;
        fails(run(task, &mut pixels), Status::Cancelled, "cancelled after 0 planes");
        assert_eq!(pixels, before);
        assert_eq!(parfocal_task_close(task), 0);
    }
    parfocal_model_close(model);
}

#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn a_stream_accepts_strides() {
    let model = open();
    // In: interleaved RGB, rows padded to 50 bytes. Out: planar.
    let (width, height) = (12usize, 10usize);
    let frame: Vec<u8> = (0..50 * height).map(|i| (i * 37 % 251) as u8).collect();
    let strides = [3i64, 50, 1, 0];
    let planar = [1i64, width as i64, (width * height) as i64, 0];
    let shape = [width as i64, height as i64, 3, 1];
    let mut alone = frame.clone();
    let mut out = vec![0u8; width * height * 3];
    let mut tag = 0;
    unsafe {
        let status = parfocal_restore_u8(
            model,
            0,
            alone.as_ptr(),
            alone.len() as u64,
            strides.as_ptr(),
            alone.as_mut_ptr(),
            alone.len() as u64,
            strides.as_ptr(),
            shape.as_ptr(),
            null(),
        );
        assert_eq!(status, 0, "{}", last_error());
        let mut stream = 0;
        assert_eq!(parfocal_stream_open(model, 1, shape.as_ptr(), c"depth=1".as_ptr(), &mut stream), 0);
        // The model may be closed: the stream has its own reference.
        assert_eq!(parfocal_model_close(model), 0);
        let count = frame.len() as u64;
        assert_eq!(parfocal_stream_submit(stream, frame.as_ptr().cast(), count, strides.as_ptr(), 42), 0);
        let full = parfocal_stream_submit(stream, frame.as_ptr().cast(), count, strides.as_ptr(), 43);
        fails(full, Status::WouldBlock, "raise depth");
        let other = parfocal_stream_submit(stream, frame.as_ptr().cast(), 100, null(), 44);
        fails(
            other,
            Status::InvalidArgument,
            "a frame of 100 elements; this stream takes 360 (12x10, 3 channels, 1 planes)",
        );
        let received = parfocal_stream_receive(stream, out.as_mut_ptr().cast(), 360, planar.as_ptr(), &mut tag, 60_000);
        assert_eq!((received, tag), (0, 42), "{}", last_error());
        let nothing = parfocal_stream_receive(stream, out.as_mut_ptr().cast(), 360, null(), null_mut(), 0);
        fails(nothing, Status::WouldBlock, "no result is ready");
        assert_eq!(parfocal_stream_close(stream), 0);
        fails(parfocal_stream_close(stream), Status::InvalidHandle, "this stream is closed");
    }
    for (y, x, c) in (0..height).flat_map(|y| (0..width).flat_map(move |x| (0..3).map(move |c| (y, x, c)))) {
        assert_eq!(out[c * width * height + y * width + x], alone[y * 50 + 3 * x + c]);
    }
}

/// Column-major pixels, as in MATLAB, are copied in strips. Widths around a strip's: every pixel must arrive, and
/// nothing else may be written.
#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn a_stream_accepts_column_major_pixels() {
    let model = open();
    for (width, channels) in [1usize, 15, 16, 17, 32, 45].into_iter().flat_map(|width| [(width, 1usize), (width, 3)]) {
        let (height, pad) = (21usize, 3usize);
        // Columns are padded.
        let column = height + pad;
        let count = column * width * channels;
        let frame: Vec<u16> = (0..count).map(|i| (i * i * 13 % 4001) as u16).collect();
        let strides = [column as i64, 1, (column * width) as i64, 0];
        let shape = [width as i64, height as i64, channels as i64, 1];
        let mut whole = frame.clone();
        let mut out = vec![7u16; count];
        unsafe {
            let (source, steps) = (frame.as_ptr(), strides.as_ptr());
            let (target, options, count) = (whole.as_mut_ptr(), c"normalize=0:4000".as_ptr(), count as u64);
            let status =
                parfocal_restore_u16(model, 0, source, count, steps, target, count, steps, shape.as_ptr(), options);
            assert_eq!(status, 0, "{}", last_error());
            let mut stream = 0;
            assert_eq!(parfocal_stream_open(model, 2, shape.as_ptr(), options, &mut stream), 0, "{}", last_error());
            assert_eq!(parfocal_stream_submit(stream, source.cast(), count, steps, 1), 0, "{}", last_error());
            let received = parfocal_stream_receive(stream, out.as_mut_ptr().cast(), count, steps, null_mut(), 60_000);
            assert_eq!(received, 0, "{}", last_error());
            assert_eq!(parfocal_stream_close(stream), 0);
        }
        for (i, (found, expected)) in out.iter().zip(&whole).enumerate() {
            let inside = i % column < height;
            assert_eq!(*found, if inside { *expected } else { 7 }, "{width} pixels, {channels} channels, element {i}");
        }
    }
    parfocal_model_close(model);
}

#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn returned_texts_have_a_length_and_are_cut_between_characters() {
    let model = open();
    let mut length = 0;
    unsafe {
        assert_eq!(parfocal_model_describe(model, null_mut(), 0, &mut length), 0);
        let mut buffer = vec![1 as c_char; length as usize];
        assert_eq!(parfocal_model_describe(model, buffer.as_mut_ptr(), length, null_mut()), 0);
        let text = CStr::from_ptr(buffer.as_ptr()).to_str().unwrap();
        assert_eq!(text.len() as u64 + 1, length);
        let described: serde_json::Value = serde_json::from_str(text).unwrap();
        assert_eq!(described["name"], "tiny");
        let short = parfocal_model_describe(model, buffer.as_mut_ptr(), 10, &mut length);
        fails(short, Status::InvalidArgument, "capacity = 10 bytes; the text needs");
        assert_eq!(CStr::from_ptr(buffer.as_ptr()).to_bytes().len(), 9);
        let status = parfocal_model_open(c"\xff".as_ptr(), null(), &mut length);
        fails(status, Status::InvalidArgument, "is not UTF-8 (byte 1 of 1)");
        assert_eq!(length, 0, "the handle is 0 after a failure");
        // Cutting a message with characters of several bytes.
        let status = parfocal_model_open(c"\u{b5}\u{b5}\u{b5}.onnx".as_ptr(), null(), &mut length);
        fails(status, Status::NotFound, "\u{b5}\u{b5}\u{b5}.onnx: no such file");
        let status = parfocal_last_error(buffer.as_mut_ptr(), 4, null_mut());
        assert_eq!(status, Status::InvalidArgument as i32);
        assert_eq!(CStr::from_ptr(buffer.as_ptr()).to_str(), Ok("\u{b5}"));
        assert!(last_error().contains("no such file"), "it does not replace itself");
    }
    parfocal_model_close(model);
}

#[cfg(unix)]
#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn a_forked_child_is_refused_and_does_not_hang() {
    // In a separate process, since the test runner has threads.
    if std::env::var_os("PARFOCAL_TEST_FORK").is_none() {
        let status = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "a_forked_child_is_refused_and_does_not_hang"])
            .env("PARFOCAL_TEST_FORK", "1")
            .output()
            .unwrap();
        assert!(status.status.success(), "{status:?}");
        return;
    }
    let model = open();
    let child = unsafe { libc::fork() };
    if child == 0 {
        let mut task = 0;
        let refused = unsafe { parfocal_task_create(&mut task) } == Status::Unsupported as i32
            && parfocal_model_close(model) == Status::Unsupported as i32
            && last_error().contains("was forked from process");
        unsafe { libc::_exit(i32::from(!refused)) };
    }
    let mut status = 0;
    assert_eq!(unsafe { libc::waitpid(child, &mut status, 0) }, child);
    assert_eq!(status, 0, "the child was refused");
    assert_eq!(parfocal_model_close(model), 0, "the parent goes on");
}

#[cfg(feature = "plant")]
#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn a_panic_is_an_error_and_spoils_its_handle_only() {
    use parfocal::ffi::plant::parfocal_test_panic;
    let (model, other) = (open(), open());
    fails(parfocal_test_panic(model), Status::Internal, "planted, at src/ffi/plant.rs");
    let mut length = 0;
    let spoiled = unsafe { parfocal_model_describe(model, null_mut(), 0, &mut length) };
    fails(spoiled, Status::Internal, "an earlier fault of Parfocal has spoiled this model");
    assert_eq!(unsafe { parfocal_model_describe(other, null_mut(), 0, &mut length) }, 0);
    assert_eq!((parfocal_model_close(model), parfocal_model_close(other)), (0, 0));
}

#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn a_runs_warning_is_in_the_models_description_once() {
    let model = open();
    let describe = || {
        let mut buffer = vec![0 as c_char; 16384];
        assert_eq!(unsafe { parfocal_model_describe(model, buffer.as_mut_ptr(), 16384, null_mut()) }, 0);
        let text = unsafe { CStr::from_ptr(buffer.as_ptr()) }.to_str().unwrap().to_owned();
        serde_json::from_str::<serde_json::Value>(&text).unwrap()["warnings"].clone()
    };
    assert_eq!(describe(), serde_json::json!([]));
    let mut pixels = [1u8, 2, 3, 4];
    let p = pixels.as_mut_ptr();
    // Two runs, one warning.
    for _ in 0..2 {
        let options = c"pixel_size_um=999".as_ptr();
        let status =
            unsafe { parfocal_restore_u8(model, 0, p, 4, null(), p, 4, null(), [2, 2, 1, 1].as_ptr(), options) };
        assert_eq!(status, 0, "{}", last_error());
    }
    let warnings = describe();
    assert!(warnings[0].as_str().is_some_and(|w| w.contains("pixel size 999 um")), "{warnings}");
    assert_eq!(warnings.as_array().map(Vec::len), Some(1));
    parfocal_model_close(model);
}

#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn a_task_has_the_report_of_its_run() {
    let model = open();
    let mut task = 0;
    let mut pixels = [1.0f32, f32::NAN, 3.0, 4.0, 7.0, 7.0, 7.0, 7.0];
    let p = pixels.as_mut_ptr();
    let describe = |task| {
        let mut buffer = vec![0 as c_char; 16384];
        assert_eq!(unsafe { parfocal_task_describe(task, buffer.as_mut_ptr(), 16384, null_mut()) }, 0);
        let text = unsafe { CStr::from_ptr(buffer.as_ptr()) }.to_str().unwrap();
        serde_json::from_str::<serde_json::Value>(text).unwrap()
    };
    unsafe { parfocal_task_create(&mut task) };
    assert_eq!(describe(task)["report"], serde_json::Value::Null);
    let status =
        unsafe { parfocal_restore_f32(model, task, p, 8, null(), p, 8, null(), [2, 2, 1, 2].as_ptr(), null()) };
    assert_eq!(status, 0, "{}", last_error());
    let described = describe(task);
    let report = &described["report"];
    assert_eq!((&described["planes_done"], &report["nonfinite"]), (&2.into(), &1.into()), "{described}");
    assert_eq!(report["constant_planes"], 1, "{described}");
    assert_eq!(report["ranges"].as_array().map(Vec::len), Some(2), "{described}");
    parfocal_task_close(task);
    parfocal_model_close(model);
}

#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn a_packed_frame_has_its_error_map_too() {
    let options = CString::new(format!("runtime='{}' threads=1", common::runtime().display())).unwrap();
    let on = c"error_map=on light=reflected normalize=0:4095";
    let (packed, shape) = (vec![0x5au8; 32 * 32 * 3 / 2], [32i64, 32, 1, 1]);
    let (mut model, mut task, mut out) = (0, 0, vec![0u16; 32 * 32]);
    let mut errors = vec![-1f32; 32 * 32];
    unsafe {
        let bytes = common::TOLD;
        let opened = parfocal_model_open_memory(bytes.as_ptr(), bytes.len() as u64, options.as_ptr(), &mut model);
        assert_eq!(opened, 0, "{}", last_error());
        let (src, size) = (packed.as_ptr(), packed.len() as u64);
        let mut restore = |task| {
            let (to, count) = (out.as_mut_ptr(), out.len() as u64);
            parfocal_restore_packed(model, task, 2, src, size, 0, to, count, null(), shape.as_ptr(), on.as_ptr())
        };
        assert_eq!(restore(0), Status::InvalidArgument as i32);
        assert!(last_error().contains("error_map=on without a task"), "{}", last_error());
        assert_eq!(parfocal_task_create(&mut task), 0);
        assert_eq!(restore(task), 0, "{}", last_error());
        let mapped = parfocal_task_error_map(task, errors.as_mut_ptr(), errors.len() as u64, null());
        assert_eq!(mapped, 0, "{}", last_error());
        parfocal_task_close(task);
        parfocal_model_close(model);
    }
    assert!(errors.iter().all(|error| *error > 0.0), "{:?}", &errors[..8]);
}
