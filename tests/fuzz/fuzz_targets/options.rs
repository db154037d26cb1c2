//! Options: no text makes the parser panic, and a quoted value is parsed unchanged.

#![no_main]

use libfuzzer_sys::fuzz_target;
use parfocal::error::{Result, Status};
use parfocal::restore::options::{FileOptions, Mode, OpenOptions, RunOptions, Scope, StreamOptions, TABLE};

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let open = checked(OpenOptions::parse(text));
    let run = checked(RunOptions::parse(text));
    let file = checked(FileOptions::parse(text));
    if let Some(run) = &run {
        assert_eq!(file.as_ref().map(|file| &file.run), Some(run), "a file takes what a run takes");
    }
    let stream = checked(StreamOptions::parse(text));
    // Models share no key with runs and streams, so only a text without keys is valid for both.
    if open.is_some() && (run.is_some() || stream.is_some()) {
        assert!(text.chars().all(char::is_whitespace), "{text:?} opens a model and is more");
    }
    if let Some(options) = &stream {
        assert!(
            (1..=1024).contains(&options.depth) && (options.mode == Mode::Every || options.depth == 4),
            "{options:?}"
        );
    }
    for scope in [Scope::Open, Scope::Run, Scope::File, Scope::Stream] {
        by_pairs(text, scope);
    }
});

/// Checks that an error is `BadOption` and has a message.
fn checked<T>(result: Result<T>) -> Option<T> {
    result.map_err(|e| assert!(e.status() == Status::BadOption && !e.message().is_empty(), "{e:?}")).ok()
}

/// Takes each line as a key's number and a value. Set one by one, they must give the same options as one quoted text.
fn by_pairs(text: &str, scope: Scope) {
    let keys: Vec<_> = TABLE.iter().filter(|k| scope.knows(k)).collect();
    let mut pairs: Vec<(&str, &str)> = Vec::new();
    for line in text.split('\n') {
        let Some(first) = line.chars().next() else { continue };
        let key = keys[first as usize % keys.len()].name;
        if pairs.iter().all(|p| p.0 != key) {
            pairs.push((key, &line[first.len_utf8()..]));
        }
    }
    let quoted: Vec<_> = pairs
        .iter()
        .map(|(key, value)| format!("{key}='{}'", value.replace('\\', "\\\\").replace('\'', "\\'")))
        .collect();
    let quoted = quoted.join(" \t");
    let mut open = OpenOptions::default();
    let mut run = RunOptions::default();
    let mut file = FileOptions::default();
    match scope {
        Scope::Open => {
            let fine = pairs.iter().all(|(key, value)| checked(open.set(key, value)).is_some());
            assert_eq!(checked(OpenOptions::parse(&quoted)), fine.then_some(open), "{quoted}");
        }
        Scope::Run => {
            let fine = pairs.iter().all(|(key, value)| checked(run.set(key, value)).is_some());
            assert_eq!(checked(RunOptions::parse(&quoted)), fine.then_some(run), "{quoted}");
        }
        Scope::File => {
            let fine = pairs.iter().all(|(key, value)| checked(file.set(key, value)).is_some());
            assert_eq!(checked(FileOptions::parse(&quoted)), fine.then_some(file), "{quoted}");
        }
        // A stream's own keys cannot be set one by one; those that it shares with runs can.
        Scope::Stream => {
            if let Some(stream) = checked(StreamOptions::parse(&quoted)) {
                for (key, value) in pairs.iter().filter(|p| !matches!(p.0, "mode" | "depth")) {
                    run.set(key, value).expect("a stream took it");
                }
                assert_eq!(stream.run, run, "{quoted}");
            }
        }
    }
}
