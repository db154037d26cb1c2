//! The command line: subcommands, flags made from the table of options, exit codes. Exit 0 done, 1 failed, 2 usage.

mod compare;
mod doctor;
mod info;
mod restore;
mod score;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Arg, ArgAction, ArgMatches, Command};

use crate::error::{Error, Result, Status};
use crate::options::{Key, OpenOptions, RunOptions, Scope, TABLE};
use crate::pipeline::Model;

/// Why the command ends without having done what it was asked.
enum Failure {
    /// Wrongly called: exit 2.
    Usage(String),
    /// Tried and failed: exit 1.
    Failed(Error),
    /// As `Failed`, and said already.
    Reported,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Runs the command with the process's arguments.
pub fn main() -> ExitCode {
    let matches = match command().try_get_matches() {
        Ok(matches) => matches,
        Err(error) => {
            // Help and version go to stdout and are no error; clap's code for the rest is 2.
            let _ = error.print();
            return ExitCode::from(error.exit_code() as u8);
        }
    };
    // `subcommand_required` above.
    let (name, arguments) = matches.subcommand().expect("clap demands a subcommand");
    let run = || match name {
        "restore" => restore::run(arguments),
        "info" => info::run(arguments),
        "score" => score::run(arguments),
        "compare" => compare::run(arguments),
        _ => doctor::run(arguments),
    };
    // Rust has said where; the exit code stays one of three. Temporary files are gone by the unwinding.
    let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).unwrap_or_else(|_| {
        Err(Failure::Failed(Error::new(
            Status::Internal,
            "this is a fault of Parfocal, not of the input; nothing was written: please report it with the lines above",
        )))
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Usage(message)) => {
            complain("error", &format!("{message}\n\nFor more information, try 'parfocal {name} --help'."));
            ExitCode::from(2)
        }
        Err(Failure::Failed(error)) => {
            complain("error", error.message());
            ExitCode::FAILURE
        }
        Err(Failure::Reported) => ExitCode::FAILURE,
    }
}

fn command() -> Command {
    let json = || Arg::new("json").long("json").action(ArgAction::SetTrue).help("Print JSON for machines");
    let path = |name: &'static str| Arg::new(name).value_name(name).value_parser(clap::value_parser!(PathBuf));
    let model = || path("FILE").id("model").long("model").help("A model file instead of the built-in model");
    Command::new("parfocal")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Restores out-of-focus microscope images")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(
            Command::new("restore")
                .about("Restore TIFF images; the outputs keep pixel type, pages and metadata")
                .arg(path("INPUT").required(true).num_args(1..).help("TIFF files, single images or stacks"))
                .arg(path("OUT").short('o').long("output").required(true).help(
                    "The output file; or a folder (existing, or ending in '/') that gets <name>-restored.tif of each",
                ))
                .arg(
                    Arg::new("force")
                        .long("force")
                        .action(ArgAction::SetTrue)
                        .help("Overwrite outputs that exist; an input is never overwritten"),
                )
                .arg(json().help("Print a report as JSON"))
                .arg(model())
                .args(flags(&[Scope::Open, Scope::Run])),
        )
        .subcommand(
            Command::new("info")
                .about("Tell what an image or a model file is")
                .arg(path("FILE").required(true).help("A TIFF image, or a model (.onnx)"))
                .arg(json()),
        )
        .subcommand(
            Command::new("score")
                .about("Tell how sharp each page is, and which is the sharpest; larger is sharper")
                .arg(
                    path("FILE").required(true).num_args(1..).help("TIFF files; focal stacks of one field and channel"),
                )
                .arg(json()),
        )
        .subcommand(
            Command::new("compare")
                .about("PSNR and SSIM of image A against reference B, raw and after the best gain and offset")
                .arg(path("A").required(true).help("The image"))
                .arg(path("B").required(true).help("The reference, of the same size"))
                .arg(json()),
        )
        .subcommand(
            Command::new("doctor")
                .about("Tell what runs here, or what is missing")
                .arg(json())
                .arg(model())
                .args(flags(&[Scope::Open])),
        )
}

/// The flags of the options of some scopes.
fn flags(scopes: &'static [Scope]) -> impl Iterator<Item = Arg> {
    TABLE.iter().filter(move |key| key.scopes.iter().any(|scope| scopes.contains(scope))).map(flag)
}

/// The flag of one option: `--pixel-size-um` for `pixel_size_um`.
fn flag(key: &'static Key) -> Arg {
    let check = |value: &str| -> std::result::Result<String, String> {
        let set = if key.scopes.contains(&Scope::Open) {
            OpenOptions::default().set(key.name, value)
        } else {
            RunOptions::default().set(key.name, value)
        };
        set.map(|()| value.to_owned()).map_err(|e| e.message().to_owned())
    };
    Arg::new(key.name)
        .long(key.name.replace('_', "-"))
        .value_name("VALUE")
        // Negative limits of `normalize` begin with a hyphen.
        .allow_hyphen_values(true)
        .value_parser(check)
        .help(format!("{} ({}; default: {})", capitalised(key.help), key.values, key.default))
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |first| first.to_uppercase().chain(chars).collect())
}

fn given(arguments: &ArgMatches, scope: Scope) -> impl Iterator<Item = (&'static str, &String)> {
    TABLE
        .iter()
        .filter(move |key| key.scopes.contains(&scope))
        .filter_map(|key| Some((key.name, arguments.try_get_one::<String>(key.name).ok()??)))
}

fn open_options(arguments: &ArgMatches) -> Result<OpenOptions> {
    let mut options = OpenOptions::default();
    given(arguments, Scope::Open).try_for_each(|(name, value)| options.set(name, value))?;
    Ok(options)
}

fn run_options(arguments: &ArgMatches) -> Result<RunOptions> {
    let mut options = RunOptions::default();
    given(arguments, Scope::Run).try_for_each(|(name, value)| options.set(name, value))?;
    Ok(options)
}

fn model_path(arguments: &ArgMatches) -> Option<&PathBuf> {
    arguments.get_one("model")
}

fn open_model(arguments: &ArgMatches) -> Result<Model> {
    Model::open(model_path(arguments).map(PathBuf::as_path), &open_options(arguments)?)
}

/// One line (or block) of result. A reader that has gone, as `head` does, is no error.
fn say(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

fn complain(kind: &str, text: &str) {
    let _ = writeln!(std::io::stderr(), "{kind}: {text}");
}

fn say_json(value: &serde_json::Value) {
    // Only keys that are no strings and failing serialisers can fail; here are neither.
    say(&serde_json::to_string_pretty(value).expect("values made here are JSON"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_is_consistent() {
        command().debug_assert();
    }

    #[test]
    fn every_option_is_a_flag() {
        let arguments =
            ["parfocal", "restore", "a.tif", "-o", "b.tif", "--normalize", "-5:10", "--pixel-size-um", "0.2"];
        let matches = command().try_get_matches_from(arguments).unwrap();
        let options = run_options(matches.subcommand().unwrap().1).unwrap();
        assert_eq!(options, RunOptions::parse("normalize=-5:10 pixel_size_um=0.2").unwrap());
        let restore = command().find_subcommand("restore").unwrap().clone();
        for key in TABLE.iter().filter(|key| key.scopes != [Scope::Stream]) {
            assert!(restore.get_arguments().any(|a| a.get_id() == key.name), "{}", key.name);
        }
    }
}
