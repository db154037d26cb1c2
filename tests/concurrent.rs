//! One model, several threads: each gets the same bytes as alone, and a waiting run can be cancelled like a running
//! one.

mod common;

use std::time::{Duration, Instant};

use parfocal::error::Status;
use parfocal::image::frame::{InPlace, Shape};
use parfocal::restore::model::Model;
use parfocal::restore::options::RunOptions;
use parfocal::restore::stack::restore;
use parfocal::task::Task;

fn specimen(shape: Shape, seed: usize) -> Vec<u16> {
    (0..shape.width * shape.height * shape.planes)
        .map(|i| (500 + (i * (7 + seed) + i / shape.width * 13) % 1009) as u16)
        .collect()
}

fn run(model: &Model, task: &Task, shape: Shape, seed: usize, options: &str) -> parfocal::error::Result<Vec<u16>> {
    let mut pixels = specimen(shape, seed);
    let mut planes = InPlace::new(&mut pixels, shape, None)?;
    restore(model, task, &mut planes, &RunOptions::parse(options)?)?;
    Ok(pixels)
}

#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn concurrent_callers_get_the_same_bytes_as_alone() {
    for options in ["threads=1", ""] {
        let model = common::tiny(options);
        let jobs: Vec<_> = (0..6)
            .map(|seed| (Shape { planes: 1 + seed % 2, ..Shape::grey(60 + 37 * seed, 150 - 9 * seed) }, seed))
            .map(|(shape, seed)| (shape, seed, if seed % 3 == 0 { "tile=32 halo=16" } else { "" }))
            .collect();
        let alone: Vec<_> = jobs.iter().map(|&(s, seed, o)| run(&model, &Task::new(), s, seed, o).unwrap()).collect();
        std::thread::scope(|scope| {
            for (&(shape, seed, options), expected) in jobs.iter().zip(&alone) {
                let model = &model;
                scope.spawn(move || {
                    for _ in 0..3 {
                        let found = run(model, &Task::new(), shape, seed, options).unwrap();
                        assert!(found == *expected, "{shape}, options '{options}': other bytes than alone");
                    }
                });
            }
        });
    }
}

#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn a_waiting_run_is_cancelled_at_once() {
    // By default one run at a time uses all cores, so the second must wait.
    let model = common::tiny("");
    let long = Shape { planes: 400, ..Shape::grey(512, 512) };
    let (first, second) = (Task::new(), Task::new());
    std::thread::scope(|scope| {
        let running = scope.spawn(|| run(&model, &first, long, 1, ""));
        while first.progress().0 == 0 {
            std::thread::sleep(Duration::from_millis(1));
        }
        let waiting = scope.spawn(|| run(&model, &second, long, 2, ""));
        while second.progress().1 == 0 {
            std::thread::sleep(Duration::from_millis(1));
        }
        let asked = Instant::now();
        second.cancel();
        assert_eq!(waiting.join().unwrap().unwrap_err().status(), Status::Cancelled);
        assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
        // The first run continues.
        let before = first.progress().0;
        while first.progress().0 == before {
            std::thread::sleep(Duration::from_millis(1));
        }
        first.cancel();
        assert_eq!(running.join().unwrap().unwrap_err().status(), Status::Cancelled);
    });
}
