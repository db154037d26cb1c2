//! The test stage `hard`: the C library under watchers, faults, another ONNX Runtime, many threads and long runs.

mod endure;
mod guest;
mod hosts;
mod library;
mod watched;

use std::time::Instant;

use super::{skip, Outcome};
use crate::tools::machine::need;
use crate::tools::{say, Result};

type Part = (&'static str, &'static str, fn() -> Result<Outcome>);

const PARTS: &[Part] = &[
    (
        "asan",
        "the whole C suite with library and suite instrumented by AddressSanitizer, leaks included",
        watched::asan,
    ),
    ("valgrind", "the fast part of the C suite under valgrind", watched::valgrind),
    ("panic", "a fault inside: a status, one handle spoiled, nothing printed", watched::panic),
    ("quiet", "no file, no socket, no look-up beside what was asked for, in every host", guest::quiet),
    ("leaving", "ends at any moment, forked children, calls at the end, parfocal_shutdown", guest::leaving),
    ("memory", "address space and allocations that cannot be had, from opening to the doctor", guest::memory),
    ("threads", "what the library's threads inherit, and threads that cannot be had", guest::threads),
    ("idle", "processor time between frames", guest::idle),
    ("caller", "the caller's rounding, traps, cancellation and stack", guest::caller),
    ("small", "a system without /proc, RTLD_DEEPBIND beside another allocator, the header in C89", guest::small),
    ("two", "two copies of ONNX Runtime in one process, both orders", endure::two_runtimes),
    ("stress", "eight threads at once: open, restore, cancel, close, streams, stale handles", endure::stress),
    ("slope", "resident memory over 20,000 restores", endure::slope),
];

/// Chooses parts, for work on one of them: PARFOCAL_HARD=asan,stress.
const CHOICE: &str = "PARFOCAL_HARD";

pub fn check() -> Result<Outcome> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return skip("the programs of this stage are built for Linux on x86-64 only");
    }
    let chosen = std::env::var(CHOICE).unwrap_or_default();
    let chosen: Vec<&str> = chosen.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    if let Some(unknown) = chosen.iter().find(|name| PARTS.iter().all(|part| part.0 != **name)) {
        let known: Vec<_> = PARTS.iter().map(|part| part.0).collect();
        return Err(format!("{CHOICE}: '{unknown}'; expected any of {}", known.join(", ")));
    }
    let is_chosen = |name: &str| chosen.is_empty() || chosen.contains(&name);
    // All that is missing before the first minute is spent.
    let needed = [("gcc", "gcc", true), ("valgrind", "valgrind", is_chosen("valgrind"))];
    let needed: Vec<_> = needed.iter().filter(|n| n.2).map(|n| (n.0, n.1)).collect();
    need(&needed)?;
    let mut failed = Vec::new();
    let mut outcome = Outcome::Passed;
    for (name, what, part) in PARTS.iter().filter(|part| is_chosen(part.0)) {
        say!("-- {name}: {what}");
        let started = Instant::now();
        match part() {
            Ok(Outcome::Passed) => {}
            Ok(skipped) => outcome = skipped,
            Err(message) => {
                say!("xtask: hard, {name}: {message}");
                failed.push(*name);
            }
        }
        say!("-- {name}: {:.0} s", started.elapsed().as_secs_f64());
    }
    if failed.is_empty() {
        return Ok(outcome);
    }
    Err(format!("failed: {} ({CHOICE}={} runs these only)", failed.join(", "), failed.join(",")))
}
