//! Streams: all frames or the newest, in order, and counted; closing stops the running frame.

mod common;

use std::sync::Arc;
use std::time::Duration;

use parfocal::error::Status;
use parfocal::image::frame::{InPlace, Shape};
use parfocal::restore::model::Model;
use parfocal::restore::options::{RunOptions, StreamOptions};
use parfocal::restore::stack::restore;
use parfocal::restore::stream::Stream;
use parfocal::task::Task;

const SHAPE: Shape = Shape { width: 48, height: 40, channels: 1, planes: 1 };

fn frame(seed: u64) -> Vec<u16> {
    (0..SHAPE.samples() as u64).map(|i| ((i * i * 7 + i * (3 + seed)) % 4093) as u16).collect()
}

fn restored(model: &Model, seed: u64) -> Vec<u16> {
    let mut pixels = frame(seed);
    restore(model, &Task::new(), &mut InPlace::new(&mut pixels, SHAPE, None).unwrap(), &RunOptions::default()).unwrap();
    pixels
}

fn open(model: &Arc<Model>, options: &str) -> Stream<u16> {
    Stream::open(Arc::clone(model), SHAPE, StreamOptions::parse(options).unwrap()).unwrap()
}

const LONG: Option<Duration> = Some(Duration::from_secs(60));

#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn every_frame_is_restored_in_order_as_by_a_run() {
    let model = Arc::new(common::tiny("threads=1"));
    let stream = open(&model, "depth=3");
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for seed in 0..20 {
                // This producer can wait and tries again; a camera would drop the frame.
                while let Err(error) = stream.submit(1000 + seed, |to| to.copy_from_slice(&frame(seed))) {
                    assert_eq!(error.status(), Status::WouldBlock);
                    std::thread::sleep(Duration::from_millis(1));
                }
            }
        });
        for seed in 0..20 {
            let (tag, pixels) = stream.receive(LONG, |from| from.to_vec()).unwrap();
            assert_eq!((tag, pixels.unwrap()), (1000 + seed, restored(&model, seed)));
        }
    });
    let described = stream.describe();
    for key in ["submitted", "restored", "received"] {
        assert_eq!(described[key], 20, "{described}");
    }
    assert!(described["latency_ms"]["median"].as_f64().unwrap() > 0.0, "{described}");
}

#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn latest_drops_older_frames_and_counts_them() {
    let model = Arc::new(common::tiny("threads=1"));
    let stream = open(&model, "mode=latest");
    for seed in 0..200 {
        stream.submit(seed, |to| to.copy_from_slice(&frame(seed))).unwrap();
    }
    let mut last = None;
    while last != Some(199) {
        let (tag, pixels) = stream.receive(LONG, |from| from.to_vec()).unwrap();
        assert!(last.is_none_or(|last| tag > last), "{tag} after {last:?}");
        assert_eq!(pixels.unwrap(), restored(&model, tag));
        last = Some(tag);
    }
    let d = stream.describe();
    let count = |key: &str| d[key].as_u64().unwrap();
    assert_eq!(count("submitted"), 200);
    assert_eq!(count("dropped") + count("restored"), 200, "{d}");
    assert_eq!(count("superseded") + count("received"), count("restored"), "{d}");
    assert!(count("dropped") > 0, "{d}");
}

#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn a_failed_frame_has_its_tag_and_error_and_the_stream_continues() {
    let model = Arc::new(common::tiny("threads=1"));
    let options = StreamOptions::parse("normalize=0:1e-5").unwrap();
    let stream: Stream<f32> = Stream::open(Arc::clone(&model), SHAPE, options).unwrap();
    let ramp = |top: f32| move |to: &mut [f32]| to.iter_mut().enumerate().for_each(|(i, v)| *v = i as f32 * top);
    stream.submit(7, ramp(1e33)).unwrap();
    stream.submit(8, ramp(1e-8)).unwrap();
    let (tag, outcome) = stream.receive(LONG, |_| ()).unwrap();
    let error = outcome.unwrap_err();
    assert_eq!((tag, error.status()), (7, Status::Model), "{error}");
    let (tag, outcome) = stream.receive(LONG, |_| ()).unwrap();
    assert_eq!((tag, outcome), (8, Ok(())));
    let described = stream.describe();
    assert_eq!((described["failed"].as_u64(), described["restored"].as_u64()), (Some(1), Some(1)));
    assert_eq!(described["last_error"], error.message());
}

#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn closing_wakes_a_waiting_receiver() {
    let model = Arc::new(common::tiny("threads=1"));
    let stream = open(&model, "");
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| stream.receive(None, |_| ()).unwrap_err().status());
        std::thread::sleep(Duration::from_millis(20));
        stream.close();
        assert_eq!(waiting.join().unwrap(), Status::Closed);
    });
    assert_eq!(stream.submit(1, |_| ()).unwrap_err().status(), Status::Closed);
    stream.close();
}

#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn a_stream_that_cannot_run_is_refused_when_opened() {
    let model = Arc::new(common::tiny("threads=1 memory=1"));
    let open = |shape, options: &str| {
        Stream::<u8>::open(Arc::clone(&model), shape, StreamOptions::parse(options).unwrap()).err().unwrap()
    };
    let two = open(Shape { planes: 2, ..SHAPE }, "");
    assert!(two.message().contains("2 planes; expected 1"), "{two}");
    let none = open(Shape { width: 0, ..SHAPE }, "");
    assert!(none.message().contains("at least 1"), "{none}");
    let memory = open(Shape { width: 4096, height: 4096, ..SHAPE }, "tile=2048");
    assert_eq!(memory.status(), Status::BadOption, "{memory}");
}

#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn live_numbers_follow_the_frames() {
    let model = Arc::new(common::tiny("threads=1"));
    let stream = open(&model, "depth=3");
    let before = stream.describe();
    assert_eq!((&before["queued"], &before["age_ms"]), (&0.into(), &serde_json::Value::Null), "{before}");
    for seed in 0..3 {
        stream.submit(seed, |to| to.copy_from_slice(&frame(seed))).unwrap();
    }
    let queued = stream.describe()["queued"].as_u64().unwrap();
    assert!(queued <= 3, "{queued}");
    stream.receive(LONG, |_| ()).unwrap().1.unwrap();
    std::thread::sleep(Duration::from_millis(30));
    let age = stream.describe()["age_ms"].as_f64().unwrap();
    assert!((30.0..60_000.0).contains(&age), "{age}");
    (0..2).for_each(|_| stream.receive(LONG, |_| ()).unwrap().1.unwrap());
    // Busy for over half a second, then idle for as long.
    let started = std::time::Instant::now();
    while started.elapsed() < Duration::from_millis(700) {
        stream.submit(9, |to| to.copy_from_slice(&frame(9))).unwrap();
        stream.receive(LONG, |_| ()).unwrap().1.unwrap();
    }
    let busy = stream.describe();
    std::thread::sleep(Duration::from_millis(700));
    let idle = stream.describe();
    assert_eq!((&busy["queued"], &idle["queued"]), (&0.into(), &0.into()));
    if cfg!(target_os = "linux") {
        let (busy, idle) = (busy["cpu_share"].as_f64().unwrap(), idle["cpu_share"].as_f64().unwrap());
        // Other tests of this program may be running.
        assert!(busy > 0.02 && idle >= 0.0, "{busy} {idle}");
    }
}
