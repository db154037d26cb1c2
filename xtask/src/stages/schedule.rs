//! Runs stages, two at a time, and says how they ended: a stage's report is printed whole when the stage ends.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::panic;
use std::sync::{Mutex, MutexGuard};
use std::thread;
use std::time::Instant;

use super::{Outcome, Stage};
use crate::tools::{at, make_folder, reporting_to, say, shown, target, Result};

/// Stages at once: most of them have long parts that use one core, or wait.
const SIDE_BY_SIDE: usize = 2;

/// Stages that ended, and the seconds that all of them took together.
pub struct Ran {
    stages: Vec<Ended>,
    seconds: f64,
}

struct Ended {
    name: &'static str,
    seconds: f64,
    outcome: Result<Outcome>,
}

/// Runs the stages in their order. A single one prints as it goes.
pub fn run(stages: &[&'static Stage]) -> Ran {
    let started = Instant::now();
    let mut ended = match stages {
        [stage] => {
            println!("\n== {}: {}", stage.name, stage.what);
            let ended = run_one(stage);
            print_end(&ended);
            vec![ended]
        }
        _ => side_by_side(stages),
    };
    ended.sort_by_key(|one| stages.iter().position(|stage| stage.name == one.name));
    Ran { stages: ended, seconds: started.elapsed().as_secs_f64() }
}

fn side_by_side(stages: &[&'static Stage]) -> Vec<Ended> {
    let waiting: Mutex<VecDeque<_>> = Mutex::new(stages.iter().copied().collect());
    let next = || locked(&waiting).pop_front();
    let ended = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..SIDE_BY_SIDE {
            scope.spawn(|| {
                while let Some(stage) = next() {
                    let (one, report) = run_reported(stage);
                    // Also keeps two reports from mixing.
                    let mut ended = locked(&ended);
                    println!("\n== {}: {}", stage.name, stage.what);
                    print!("{report}");
                    print_end(&one);
                    ended.push(one);
                }
            });
        }
    });
    ended.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner())
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// Runs a stage whose report goes to a file, which people can follow; returns what is in it.
fn run_reported(stage: &'static Stage) -> (Ended, String) {
    let path = target().join("stages").join(format!("{}.log", stage.name));
    let file = make_folder(&target().join("stages")).and_then(|()| File::create(&path).map_err(at(&path)));
    match file {
        Ok(file) => {
            println!("== {} starts; report: {}", stage.name, shown(&path));
            let ended = reporting_to(file, || run_one(stage));
            (ended, String::from_utf8_lossy(&fs::read(&path).unwrap_or_default()).into_owned())
        }
        Err(message) => (Ended { name: stage.name, seconds: 0.0, outcome: Err(message.clone()) }, message + "\n"),
    }
}

fn run_one(stage: &Stage) -> Ended {
    let started = Instant::now();
    // A panic is the failure of its stage: the others go on.
    let outcome = panic::catch_unwind(stage.check).unwrap_or_else(|_| Err("the task runner panicked".into()));
    if let Err(message) = &outcome {
        say!("xtask: {}: {message}", stage.name);
    }
    Ended { name: stage.name, seconds: started.elapsed().as_secs_f64(), outcome }
}

fn print_end(ended: &Ended) {
    match &ended.outcome {
        Ok(Outcome::Skipped(reason)) => println!("skipped: {reason}"),
        Ok(Outcome::PassedWithout(part)) => println!("{part}"),
        _ => {}
    }
    println!("== {}: {:.0} s", ended.name, ended.seconds);
}

impl Ran {
    /// Seconds and result of each stage; the counts; an error that names the stages that failed.
    pub fn verdict(&self) -> Result<()> {
        print!("\n{}", self.table());
        let failed: Vec<&str> = self.stages.iter().filter(|one| one.outcome.is_err()).map(|one| one.name).collect();
        // Programs that read the output of CI look for the second line.
        println!("\nstages: {}\n{}", self.counts(), self.counts());
        if failed.is_empty() {
            Ok(())
        } else {
            Err(format!("failed: {}", failed.join(", ")))
        }
    }

    fn table(&self) -> String {
        let mut table = format!("{:<14}{:>8}  result\n", "stage", "seconds");
        for one in &self.stages {
            let result = match &one.outcome {
                Ok(Outcome::Passed) => "passed".to_owned(),
                Ok(Outcome::PassedWithout(part)) => format!("passed; {part}"),
                Ok(Outcome::Skipped(reason)) => format!("skipped: {reason}"),
                Err(_) => "FAILED".to_owned(),
            };
            table += &format!("{:<14}{:>8.0}  {result}\n", one.name, one.seconds);
        }
        table + &format!("{:<14}{:>8.0}\n", "all", self.seconds)
    }

    fn counts(&self) -> String {
        let count = |wanted: fn(&Result<Outcome>) -> bool| self.stages.iter().filter(|s| wanted(&s.outcome)).count();
        let skipped = count(|outcome| matches!(outcome, Ok(Outcome::Skipped(_))));
        let failed = count(Result::is_err);
        let counts = format!("{} passed, {failed} failed", self.stages.len() - failed - skipped);
        if skipped == 0 {
            counts
        } else {
            format!("{counts}, {skipped} skipped")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes() -> Result<Outcome> {
        say!("report of one that passes");
        Ok(Outcome::Passed)
    }

    fn panics() -> Result<Outcome> {
        panic!("planted")
    }

    const PLANTED: &[Stage] = &[
        Stage { name: "planted-1", what: "passes", check: passes },
        Stage { name: "planted-2", what: "fails", check: || Err("planted".into()) },
        Stage { name: "planted-3", what: "skips", check: || Ok(Outcome::Skipped("no screen".into())) },
        Stage { name: "planted-4", what: "panics", check: panics },
        Stage { name: "planted-5", what: "passes", check: || Ok(Outcome::PassedWithout("no device".into())) },
    ];

    #[test]
    fn every_stage_ends_in_the_table() {
        let ran = run(&PLANTED.iter().collect::<Vec<_>>());
        let table = ran.table();
        // Without the second column, which depends on the machine.
        let results: Vec<String> = table.lines().map(|line| line[..14].trim().to_owned() + &line[22..]).collect();
        let expected = [
            "stage  result",
            "planted-1  passed",
            "planted-2  FAILED",
            "planted-3  skipped: no screen",
            "planted-4  FAILED",
            "planted-5  passed; no device",
            "all",
        ];
        assert_eq!(results, expected);
        assert_eq!(ran.counts(), "2 passed, 2 failed, 1 skipped");
        assert_eq!(ran.verdict().unwrap_err(), "failed: planted-2, planted-4");
        let report = fs::read_to_string(target().join("stages/planted-1.log")).unwrap();
        assert_eq!(report, "report of one that passes\n");
    }
}
