//! The progress bars on a terminal, one for each file that is being restored.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::task::Task;

/// The bars of all files that are being restored.
pub struct Bars(MultiProgress);

impl Bars {
    pub fn new() -> Self {
        Self(MultiProgress::new())
    }

    /// Prints lines above the bars.
    pub fn print(&self, lines: impl FnOnce()) {
        self.0.suspend(lines);
    }

    /// Runs `work` and draws the task's progress, if the output is a terminal.
    pub fn with<R>(&self, task: &Task, name: &str, work: impl FnOnce() -> R) -> R {
        if self.0.is_hidden() {
            return work();
        }
        with_progress(self.0.add(ProgressBar::new(0)), task, name, work)
    }
}

fn with_progress<R>(bar: ProgressBar, task: &Task, name: &str, work: impl FnOnce() -> R) -> R {
    // The template is a constant, and tests draw it.
    let style = ProgressStyle::with_template("{prefix} [{bar:30}] {percent:>3}% {eta} left").expect("a valid template");
    bar.set_style(style.progress_chars("=> "));
    bar.set_prefix(name.to_owned());
    painted(
        || {
            let (done, total) = task.progress();
            bar.set_length(total);
            bar.set_position(done);
        },
        || bar.finish_and_clear(),
        work,
    )
}

/// Runs `work`. Another thread calls `paint` ten times a second, and `clear` at the end, also after a panic.
fn painted<R>(paint: impl Fn() + Sync, clear: impl Fn() + Sync, work: impl FnOnce() -> R) -> R {
    /// Ends the painter on drop, however `work` ends: the scope below waits for it.
    struct Over<'a>(&'a AtomicBool, std::thread::Thread);
    impl Drop for Over<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Release);
            self.1.unpark();
        }
    }
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let painter = scope.spawn(|| {
            while !over.load(Ordering::Acquire) {
                paint();
                std::thread::park_timeout(Duration::from_millis(100));
            }
            clear();
        });
        let _over = Over(&over, painter.thread().clone());
        work()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_ends_the_painter() {
        let (painted_once, cleared) = (AtomicBool::new(false), AtomicBool::new(false));
        let result = std::panic::catch_unwind(|| {
            painted(
                || painted_once.store(true, Ordering::SeqCst),
                || cleared.store(true, Ordering::SeqCst),
                || {
                    while !painted_once.load(Ordering::SeqCst) {
                        std::thread::yield_now();
                    }
                    panic!("in the work")
                },
            )
        });
        assert!(result.is_err() && cleared.load(Ordering::SeqCst));
    }
}
