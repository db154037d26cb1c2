//! The bounded queue of a stream: one producer, one worker, one consumer, and a fixed set of frame buffers that
//! circulate.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::error::{Error, Result, Status};
use crate::sync::{Condvar, Mutex, MutexGuard};

/// Which frames of a stream are restored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// All frames, in order.
    #[default]
    Every,
    /// Only the newest frame.
    Latest,
}

/// Counts of frames. `submitted` = `dropped` + `restored` + `failed` + those waiting or being restored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Accepted by `submit`.
    pub submitted: u64,
    /// Replaced by a newer one before it was restored (`latest` only).
    pub dropped: u64,
    /// Restored.
    pub restored: u64,
    /// Ended with an error.
    pub failed: u64,
    /// Results replaced by a newer one before they were received (`latest` only).
    pub superseded: u64,
    /// Received by the consumer, errors included.
    pub received: u64,
    /// Not accepted because no buffer was free.
    pub refused: u64,
}

/// A frame and the number that the producer gave it.
pub struct Item<F> {
    /// The producer's number.
    pub tag: u64,
    /// The pixels.
    pub frame: F,
    /// The result of the restoration; `Ok` until it has run.
    pub outcome: Result<()>,
}

struct State<F> {
    idle: Vec<F>,
    waiting: VecDeque<Item<F>>,
    ready: VecDeque<Item<F>>,
    counters: Counters,
    closed: bool,
}

/// Passes frames from a producer through a worker to a consumer. Nothing here allocates after `new`.
pub struct Queue<F> {
    mode: Mode,
    state: Mutex<State<F>>,
    /// Wakes the worker: a frame waits, or the queue is closed.
    work: Condvar,
    /// Wakes the consumer: a result is ready, or the queue is closed.
    results: Condvar,
}

fn closed() -> Error {
    Error::new(Status::Closed, "the stream is closed; open another one")
}

impl<F> Queue<F> {
    /// A queue that circulates these buffers. `Latest` needs five: being filled, waiting, being restored, ready,
    /// received.
    pub fn new(mode: Mode, buffers: Vec<F>) -> Self {
        let count = buffers.len();
        let state = State {
            idle: buffers,
            waiting: VecDeque::with_capacity(count),
            ready: VecDeque::with_capacity(count),
            counters: Counters::default(),
            closed: false,
        };
        Self { mode, state: Mutex::new(state), work: Condvar::new(), results: Condvar::new() }
    }

    /// Takes a buffer to fill. Never waits. Errors: `WouldBlock` when all are under way; `Closed`.
    pub fn reserve(&self) -> Result<F> {
        let mut state = self.lock();
        if state.closed {
            return Err(closed());
        }
        if let Some(frame) = state.idle.pop() {
            return Ok(frame);
        }
        state.counters.refused += 1;
        Err(Error::new(
            Status::WouldBlock,
            "all frames of the stream's depth are under way; receive one first, raise depth, or open the stream with \
             mode=latest",
        ))
    }

    /// Gives a buffer back, unused or after its result was received.
    pub fn give_back(&self, frame: F) {
        self.lock().idle.push(frame);
    }

    /// Queues a filled buffer. In `latest` it replaces the waiting one. Errors: `Closed`.
    pub fn submit(&self, tag: u64, frame: F) -> Result<()> {
        let mut state = self.lock();
        if state.closed {
            return Err(closed());
        }
        if self.mode == Mode::Latest {
            while let Some(older) = state.waiting.pop_front() {
                state.counters.dropped += 1;
                state.idle.push(older.frame);
            }
        }
        state.waiting.push_back(Item { tag, frame, outcome: Ok(()) });
        state.counters.submitted += 1;
        drop(state);
        self.work.notify_one();
        Ok(())
    }

    /// Waits for the next frame to restore. `None` once the queue is closed.
    pub fn take(&self) -> Option<Item<F>> {
        let mut state = self.lock();
        loop {
            if state.closed {
                return None;
            }
            if let Some(item) = state.waiting.pop_front() {
                return Some(item);
            }
            state = self.work.wait(state).unwrap_or_else(|poisoned| poisoned.into_inner());
        }
    }

    /// Queues the result of a frame. In `latest` it replaces a result that nobody has received.
    pub fn finish(&self, item: Item<F>) {
        let mut state = self.lock();
        match item.outcome {
            Ok(()) => state.counters.restored += 1,
            Err(_) => state.counters.failed += 1,
        }
        if self.mode == Mode::Latest {
            while let Some(older) = state.ready.pop_front() {
                state.counters.superseded += 1;
                state.idle.push(older.frame);
            }
        }
        state.ready.push_back(item);
        drop(state);
        self.results.notify_one();
    }

    /// Waits for the next result, up to `timeout` (`None`: for ever). Return its buffer by `give_back`.
    ///
    /// Errors: `WouldBlock` with a timeout of zero, else `Timeout`; `Closed`.
    pub fn receive(&self, timeout: Option<Duration>) -> Result<Item<F>> {
        // A timeout beyond the clock's range is no limit.
        let until = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let mut state = self.lock();
        loop {
            if state.closed {
                return Err(closed());
            }
            if let Some(item) = state.ready.pop_front() {
                state.counters.received += 1;
                return Ok(item);
            }
            let Some(until) = until else {
                state = self.results.wait(state).unwrap_or_else(|poisoned| poisoned.into_inner());
                continue;
            };
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let timeout = timeout.unwrap_or_default();
                return Err(if timeout.is_zero() {
                    Error::new(Status::WouldBlock, "no result is ready; try again later, or give a timeout")
                } else {
                    Error::new(Status::Timeout, format!("no result within {} ms", timeout.as_millis()))
                });
            }
            state = self.results.wait_timeout(state, left).unwrap_or_else(|poisoned| poisoned.into_inner()).0;
        }
    }

    /// Closes the queue: wakes every waiting thread; waiting frames are never restored.
    pub fn close(&self) {
        self.lock().closed = true;
        self.work.notify_all();
        self.results.notify_all();
    }

    /// A snapshot: counters, number of waiting frames, number of ready results.
    pub fn counters(&self) -> (Counters, usize, usize) {
        let state = self.lock();
        (state.counters, state.waiting.len(), state.ready.len())
    }

    fn lock(&self) -> MutexGuard<'_, State<F>> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(queue: &Queue<u8>) -> Vec<u64> {
        std::iter::from_fn(|| {
            let item = queue.receive(Some(Duration::ZERO)).ok()?;
            queue.give_back(item.frame);
            Some(item.tag)
        })
        .collect()
    }

    fn restore_one(queue: &Queue<u8>) {
        let item = queue.take().unwrap();
        queue.finish(item);
    }

    #[test]
    fn every_keeps_order_and_refuses_beyond_its_depth() {
        let queue = Queue::new(Mode::Every, vec![0u8; 3]);
        for tag in 0..3 {
            let frame = queue.reserve().unwrap();
            queue.submit(tag, frame).unwrap();
        }
        let full = queue.reserve().unwrap_err();
        assert_eq!(full.status(), Status::WouldBlock);
        assert!(full.message().contains("receive one first, raise depth"), "{full}");
        (0..3).for_each(|_| restore_one(&queue));
        // Results hold their buffers until they are received.
        assert_eq!(queue.reserve().unwrap_err().status(), Status::WouldBlock);
        assert_eq!(tags(&queue), [0, 1, 2]);
        let counters = queue.counters().0;
        assert_eq!((counters.submitted, counters.restored, counters.received, counters.refused), (3, 3, 3, 2));
    }

    #[test]
    fn latest_keeps_the_newest_frame_and_result_and_never_refuses() {
        let queue = Queue::new(Mode::Latest, vec![0u8; 5]);
        let submit = |tag| queue.submit(tag, queue.reserve().unwrap()).unwrap();
        (0..10).for_each(submit);
        let running = queue.take().unwrap();
        assert_eq!(running.tag, 9);
        (10..20).for_each(submit);
        queue.finish(running);
        restore_one(&queue);
        assert_eq!(tags(&queue), [19]);
        let (counters, waiting, ready) = queue.counters();
        assert_eq!((counters.submitted, counters.dropped, counters.restored, counters.superseded), (20, 18, 2, 1));
        assert_eq!((counters.received, waiting, ready), (1, 0, 0));
    }

    #[test]
    fn receive_polls_waits_and_stops_at_close() {
        let queue = Queue::<u8>::new(Mode::Every, vec![0]);
        let status = |timeout| queue.receive(timeout).err().map(|e| e.status());
        assert_eq!(status(Some(Duration::ZERO)), Some(Status::WouldBlock));
        assert_eq!(status(Some(Duration::from_millis(3))), Some(Status::Timeout));
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| status(None));
            let working = scope.spawn(|| queue.take().is_none());
            queue.close();
            assert_eq!(waiting.join().unwrap(), Some(Status::Closed));
            assert!(working.join().unwrap());
        });
        assert_eq!(queue.reserve().unwrap_err().status(), Status::Closed);
        assert_eq!(queue.submit(1, 0).unwrap_err().status(), Status::Closed);
    }
}
