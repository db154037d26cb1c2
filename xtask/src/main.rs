//! The only task runner of the project: `cargo xtask demo | test | bench | package | setup`.

mod package;
mod stages;
mod tools;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  demo [FILE.tif]   restore a simulated specimen with known truth (or FILE.tif) through the real command;
                    everything it needs is fetched, checked and built; results in target/demo
  test [NAME ...]   every test there is: format, lints, Rust, Python, demo; NAMEs run those stages only
  package           the archive for builders in target/dist: library, headers, command, ONNX Runtime, licences (Linux)
  package fiji      the plugin for Fiji and ImageJ in target/dist/fiji: an update site's files and one zip (Linux)
  package micromanager   the device adapter for Micro-Manager in target/dist/micromanager (Linux)
  bench             the benches, each against its limit; `bench fiji`, `bench matlab`, `bench micromanager` only theirs
  setup             only fetch what the tests need (ONNX Runtime, Python environments)
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let rest = arguments.get(1..).unwrap_or_default();
    let result = match arguments.first().map(String::as_str) {
        Some("demo") if rest.len() <= 1 => stages::demo::demo(rest.first().map(String::as_str)).map(|_| ()),
        Some("test") => stages::test(rest),
        Some("package") if rest.is_empty() => tools::check_machine().and_then(|_| package::package()).map(|_| ()),
        Some("package") if rest == ["fiji"] => stages::fiji::package(),
        Some("package") if rest == ["micromanager"] => stages::micromanager::package(),
        Some("bench") => stages::bench(rest),
        Some("setup") if rest.is_empty() => stages::setup(),
        _ => {
            eprint!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("xtask: {message}");
            ExitCode::FAILURE
        }
    }
}
