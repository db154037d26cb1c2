//! The queue of a stream: a producer, a worker, a consumer, and one who closes.

use std::time::Duration;

use loom::sync::Arc;
use loom::thread::{self, JoinHandle};

use crate::error::Status;
use crate::queue::Mode;
use crate::queue::Queue;
use crate::Model;

pub const MODELS: &[Model] = &[
    ("queue: every frame comes out, in order", every_frame_in_order),
    ("queue: every refuses beyond its depth", every_refuses),
    ("queue: latest gives newer ones only, and the newest", latest_gives_the_newest),
    ("queue: latest polled", latest_polled),
    ("queue: closing wakes all", closing_wakes_all),
    ("queue: closed in the middle", closed_in_the_middle),
];

/// Buffers are told apart by their number: none may be lost or be in two places.
type Frames = Arc<Queue<u8>>;

fn queue(mode: Mode, buffers: u8) -> Frames {
    Arc::new(Queue::new(mode, (0..buffers).collect()))
}

/// Restores until the end.
fn worker(queue: &Frames) -> JoinHandle<()> {
    let queue = Arc::clone(queue);
    thread::spawn(move || {
        while let Some(item) = queue.take() {
            queue.finish(item);
        }
    })
}

/// Submits 0, 1, ... and returns how many of `count` were taken in; those refused are not tried again.
fn submit(queue: &Frames, count: u64) -> u64 {
    let mut taken = 0;
    for _ in 0..count {
        match queue.reserve() {
            Ok(frame) => match queue.submit(taken, frame) {
                Ok(()) => taken += 1,
                Err(e) => assert_eq!(e.status(), Status::Closed),
            },
            Err(e) => assert!(matches!(e.status(), Status::WouldBlock | Status::Closed)),
        }
    }
    taken
}

fn producer(queue: &Frames, count: u64) -> JoinHandle<u64> {
    let queue = Arc::clone(queue);
    thread::spawn(move || submit(&queue, count))
}

/// The next result without a time limit; its tag.
fn receive(queue: &Frames) -> Result<u64, Status> {
    take(queue, None)
}

fn take(queue: &Frames, timeout: Option<Duration>) -> Result<u64, Status> {
    let item = queue.receive(timeout).map_err(|e| e.status())?;
    assert!(item.outcome.is_ok());
    queue.give_back(item.frame);
    Ok(item.tag)
}

/// What holds at any moment; in `latest`, one frame at most waits on either side.
fn adds_up(queue: &Frames, mode: Mode) {
    let (counters, waiting, ready) = queue.counters();
    let taken = counters.dropped + counters.restored + counters.failed + waiting as u64;
    assert!(counters.submitted == taken || counters.submitted == taken + 1, "{counters:?} {waiting}");
    assert_eq!(counters.restored, counters.superseded + counters.received + ready as u64);
    assert!(mode == Mode::Every || (waiting <= 1 && ready <= 1), "{waiting} wait, {ready} are ready");
}

/// All of them are idle again, each once.
fn buffers_are_back(queue: &Frames, count: u8) {
    let mut idle: Vec<u8> = std::iter::from_fn(|| queue.reserve().ok()).collect();
    idle.sort_unstable();
    assert!(idle.iter().copied().eq(0..count), "{idle:?} of {count} buffers are back");
}

fn every_frame_in_order() {
    let queue = queue(Mode::Every, 2);
    let (worker, producer) = (worker(&queue), producer(&queue, 2));
    assert_eq!(receive(&queue), Ok(0));
    adds_up(&queue, Mode::Every);
    assert_eq!(receive(&queue), Ok(1));
    assert_eq!(producer.join().unwrap(), 2);
    let (counters, waiting, ready) = queue.counters();
    assert_eq!((counters.submitted, counters.restored, counters.received, waiting, ready), (2, 2, 2, 0, 0));
    assert_eq!((counters.refused, counters.dropped, counters.superseded), (0, 0, 0));
    buffers_are_back(&queue, 2);
    queue.close();
    worker.join().unwrap();
}

/// A single buffer goes round: what is refused is counted, what is taken in comes out.
fn every_refuses() {
    let queue = queue(Mode::Every, 1);
    let (worker, producer) = (worker(&queue), producer(&queue, 2));
    // The first always comes; a second only if its turn came after this.
    assert_eq!(receive(&queue), Ok(0));
    let taken = producer.join().unwrap();
    if taken == 2 {
        assert_eq!(receive(&queue), Ok(1));
    }
    let counters = queue.counters().0;
    assert_eq!((counters.submitted, counters.received, counters.refused), (taken, taken, 2 - taken));
    buffers_are_back(&queue, 1);
    queue.close();
    worker.join().unwrap();
}

fn latest_gives_the_newest() {
    let queue = queue(Mode::Latest, 5);
    let (worker, producer) = (worker(&queue), producer(&queue, 3));
    let mut seen = Vec::new();
    // The newest comes however fast the producer is: this would wait for ever if it did not.
    while seen.last() != Some(&2) {
        adds_up(&queue, Mode::Latest);
        seen.push(receive(&queue).unwrap());
    }
    assert!(seen.windows(2).all(|w| w[0] < w[1]), "an older one after a newer: {seen:?}");
    assert_eq!(producer.join().unwrap(), 3, "latest refused a frame");
    let (counters, waiting, ready) = queue.counters();
    assert_eq!((counters.submitted, counters.refused, waiting, ready), (3, 0, 0, 0));
    assert_eq!(counters.submitted, counters.dropped + counters.restored);
    assert_eq!(counters.restored, counters.superseded + counters.received);
    assert_eq!(counters.received, seen.len() as u64);
    buffers_are_back(&queue, 5);
    queue.close();
    worker.join().unwrap();
}

/// A viewer that looks now and then: what it sees is newer each time, and nothing is counted twice.
fn latest_polled() {
    let queue = queue(Mode::Latest, 5);
    let (worker, producer) = (worker(&queue), producer(&queue, 2));
    let mut seen = Vec::new();
    for _ in 0..2 {
        match take(&queue, Some(Duration::ZERO)) {
            Ok(tag) => seen.push(tag),
            Err(status) => assert_eq!(status, Status::WouldBlock),
        }
        adds_up(&queue, Mode::Latest);
    }
    assert!(seen.windows(2).all(|w| w[0] < w[1]), "an older one after a newer: {seen:?}");
    assert_eq!(producer.join().unwrap(), 2);
    queue.close();
    worker.join().unwrap();
    let (counters, waiting, ready) = queue.counters();
    assert_eq!(counters.submitted, 2);
    assert_eq!(counters.submitted, counters.dropped + counters.restored + waiting as u64);
    assert_eq!(counters.restored, counters.superseded + counters.received + ready as u64);
    assert_eq!(counters.received, seen.len() as u64);
}

fn closing_wakes_all() {
    let queue = queue(Mode::Every, 1);
    let worker = worker(&queue);
    let consumer = {
        let queue = Arc::clone(&queue);
        thread::spawn(move || receive(&queue))
    };
    queue.close();
    worker.join().unwrap();
    assert_eq!(consumer.join().unwrap(), Err(Status::Closed));
    assert_eq!(queue.reserve().err().map(|e| e.status()), Some(Status::Closed));
}

/// Closed while frames are under way: all threads end, and what was received is a beginning, in order.
fn closed_in_the_middle() {
    let queue = queue(Mode::Every, 2);
    let (worker, producer) = (worker(&queue), producer(&queue, 2));
    let consumer = {
        let queue = Arc::clone(&queue);
        thread::spawn(move || std::iter::from_fn(|| receive(&queue).ok()).collect::<Vec<_>>())
    };
    queue.close();
    let taken = producer.join().unwrap();
    worker.join().unwrap();
    let received = consumer.join().unwrap();
    assert!(received.iter().copied().eq(0..received.len() as u64), "{received:?}");
    let (counters, waiting, ready) = queue.counters();
    assert_eq!((counters.submitted, counters.received), (taken, received.len() as u64));
    assert_eq!(counters.submitted, counters.restored + waiting as u64);
    assert_eq!(counters.restored, counters.received + ready as u64);
}
