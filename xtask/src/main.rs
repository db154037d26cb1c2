//! The only task runner of the project: `cargo xtask setup | test | format | demo | package | bench | fuzz`.

mod bench;
mod package;
mod stages;
mod tools;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  setup                  fetch what the tests need: ONNX Runtime, Python environments
  test [NAME ...]        every check there is, or the stages of these names; CONTRIBUTING.md lists them
  test quick             format, lint, rust, header and readback: for every change
  format                 format the files of every language
  demo [FILE.tif]        restore a simulated specimen with known truth, or FILE.tif; results in target/demo
  package                the archive for builders in target/dist (Linux)
  package fiji           the plugin for Fiji and ImageJ in target/dist/fiji (Linux)
  package micromanager   the device adapter for Micro-Manager in target/dist/micromanager (Linux)
  bench [NAME]           the benches, each against its limit; NAME is a bench, or fiji, matlab or micromanager
  fuzz --hours N         all fuzz targets by turns for N hours of processor time; without --hours, the hours so far

Everything they need is fetched, checked and built.
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let rest = arguments.get(1..).unwrap_or_default();
    let result = match arguments.first().map(String::as_str) {
        Some("setup") if rest.is_empty() => stages::setup(),
        Some("test") => stages::test(rest),
        Some("format") if rest.is_empty() => stages::format::apply(),
        Some("demo") if rest.len() <= 1 => stages::demo::demo(rest.first().map(String::as_str)),
        Some("package") if rest.is_empty() => {
            tools::machine::check_machine().and_then(|()| package::package()).map(drop)
        }
        Some("package") if rest == ["fiji"] => stages::fiji::package(),
        Some("package") if rest == ["micromanager"] => stages::micromanager::package(),
        Some("fuzz") => stages::fuzz::long(rest),
        Some("bench") => bench::bench(rest),
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
