//! The command `parfocal`, one file for each subcommand. Exit codes: 0 done, 1 failed, 2 wrong
//! usage, 3 some of many files failed.

mod arguments;
mod batch;
mod compare;
mod doctor;
mod info;
mod output;
mod outputs;
mod progress;
mod restore;
mod score;
mod stop;
mod summary;

use std::process::ExitCode;

use clap::{ArgMatches, Command};

use self::output::{complain, Failure};
use crate::error::{Error, Status};

/// What makes the arguments of a subcommand.
type Arguments = fn() -> Command;
/// Runs a subcommand with its arguments.
type Run = fn(&ArgMatches) -> std::result::Result<(), Failure>;

/// The subcommands, in the order of the help.
const SUBCOMMANDS: &[(Arguments, Run)] = &[
    (restore::command, restore::run),
    (info::command, info::run),
    (score::command, score::run),
    (compare::command, compare::run),
    (doctor::command, doctor::run),
];

/// Runs the command with the process's arguments.
pub fn main() -> ExitCode {
    let matches = match command().try_get_matches() {
        Ok(matches) => matches,
        Err(error) => {
            // Help and version go to stdout and are no error; for everything else clap's exit code is 2.
            let _ = error.print();
            return ExitCode::from(error.exit_code() as u8);
        }
    };
    // `subcommand_required` is set below.
    let (name, arguments) = matches.subcommand().expect("clap demands a subcommand");
    let run = || {
        let (_, run) = SUBCOMMANDS.iter().find(|(command, _)| command().get_name() == name).expect("clap knows it");
        run(arguments)
    };
    // Rust has printed the panic's place; the exit code stays one of three. Unwinding has removed temporary files.
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
        Err(Failure::InPart) => ExitCode::from(3),
    }
}

fn command() -> Command {
    let subcommands = SUBCOMMANDS.iter().map(|(command, _)| command());
    Command::new("parfocal")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Restores out-of-focus microscope images")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands(subcommands)
}

#[cfg(test)]
mod tests {
    use super::arguments::file_options;
    use super::*;
    use crate::restore::options::{FileOptions, Scope, TABLE};

    #[test]
    fn the_command_is_consistent() {
        command().debug_assert();
    }

    #[test]
    fn every_option_is_a_flag() {
        let arguments =
            ["parfocal", "restore", "a.tif", "-o", "b.tif", "--normalize", "-5:10", "--pixel-size-um", "0.2"];
        let matches = command().try_get_matches_from(arguments).unwrap();
        let options = file_options(matches.subcommand().unwrap().1).unwrap();
        assert_eq!(options, FileOptions::parse("normalize=-5:10 pixel_size_um=0.2").unwrap());
        let restore = command().find_subcommand("restore").unwrap().clone();
        for key in TABLE.iter().filter(|key| key.scopes != [Scope::Stream]) {
            assert!(restore.get_arguments().any(|a| a.get_id() == key.name), "{}", key.name);
        }
    }
}
