//! Running commands, and where they and the stages print.

use std::cell::{OnceCell, RefCell};
use std::fmt::Arguments;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use xshell::{Cmd, Shell};

use super::{root, Result};

/// A command from one line of text, in the root of the checkout: `cmd!("tar --extract --file {archive}")`.
macro_rules! cmd {
    ($line:literal) => {
        xshell::cmd!($crate::tools::shell(), $line)
    };
}
pub(crate) use cmd;

/// Prints a line for people: to the terminal, or to the report of the stage that this thread runs.
macro_rules! say {
    ($($words:tt)*) => {
        $crate::tools::say_line(format_args!($($words)*))
    };
}
pub(crate) use say;

thread_local! {
    static SHELL: OnceCell<&'static Shell> = const { OnceCell::new() };
    /// Where this thread and its commands print, unless to the terminal.
    static REPORT: RefCell<Option<File>> = const { RefCell::new(None) };
}

/// What `cmd!` makes commands from. One for each thread, which is never freed: commands borrow it.
pub fn shell() -> &'static Shell {
    SHELL.with(|shell| {
        let shell: &'static Shell = shell.get_or_init(|| {
            let shell = Shell::new().expect("the current folder exists");
            shell.change_dir(root());
            Box::leak(Box::new(shell))
        });
        shell
    })
}

/// Runs `work` with everything that it prints, and that its commands print, going to a file.
pub fn reporting_to<T>(file: File, work: impl FnOnce() -> T) -> T {
    REPORT.with(|report| report.replace(Some(file)));
    let done = work();
    REPORT.with(|report| report.replace(None));
    done
}

/// The report of this thread as something that a command can print to.
fn report() -> Result<Option<File>> {
    REPORT.with(|report| {
        let copy = report.borrow().as_ref().map(File::try_clone).transpose();
        copy.map_err(|e| format!("the report of a stage: {e}"))
    })
}

pub fn say_line(words: Arguments) {
    REPORT.with(|report| match report.borrow_mut().as_mut() {
        // Nowhere to complain: the report is the place.
        Some(file) => drop(writeln!(file, "{words}")),
        None => println!("{words}"),
    });
}

pub fn cargo() -> Cmd<'static> {
    shell().cmd(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// The same command in another folder than the root.
pub fn in_folder(command: impl Into<Command>, folder: &Path) -> Command {
    let mut command = command.into();
    command.current_dir(folder);
    command
}

/// Runs a command that prints where the stage prints; an error names the command and how it ended.
pub fn run(command: impl Into<Command>) -> Result<()> {
    let mut command = command.into();
    if let Some(report) = report()? {
        let errors = report.try_clone().map_err(|e| format!("the report of a stage: {e}"))?;
        command.stdout(report).stderr(errors);
    }
    let text = describe(&command);
    let status = command.status().map_err(|e| format!("{text}: cannot be started: {e}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("{text}: {status}"))
    }
}

/// Runs a command; what it prints is shown only if it fails.
pub fn run_quietly(command: impl Into<Command>) -> Result<()> {
    let (text, ran) = ran(command)?;
    if ran.status.success() {
        return Ok(());
    }
    Err(format!("{text}: {}; it printed:\n{}", ran.status, printed(&ran).trim()))
}

/// Runs a command and returns what it printed; its errors go where the stage prints.
pub fn output(command: impl Into<Command>) -> Result<String> {
    let mut command = command.into();
    command.stderr(report()?.map_or_else(Stdio::inherit, Stdio::from));
    let text = describe(&command);
    let output = command.output().map_err(|e| format!("{text}: cannot be started: {e}"))?;
    if !output.status.success() {
        return Err(format!("{text}: {}", output.status));
    }
    String::from_utf8(output.stdout).map_err(|_| format!("{text}: printed something that is not UTF-8"))
}

/// The command in words, and how it ended, which may be badly.
pub fn ran(command: impl Into<Command>) -> Result<(String, Output)> {
    let mut command = command.into();
    let text = describe(&command);
    let output = command.output().map_err(|e| format!("{text}: cannot be started: {e}"))?;
    Ok((text, output))
}

/// Both streams of a command, as text.
pub fn printed(ran: &Output) -> String {
    String::from_utf8_lossy(&[&ran.stdout[..], &ran.stderr].concat()).into_owned()
}

/// Whether a program exists and can say its version.
pub fn has_program(name: impl AsRef<Path>) -> bool {
    Command::new(name.as_ref()).arg("--version").output().is_ok_and(|o| o.status.success())
}

/// The words of a command, but not of all the files of a formatter.
fn describe(command: &Command) -> String {
    const MANY: usize = 40;
    let words: Vec<_> =
        std::iter::once(command.get_program()).chain(command.get_args()).map(|w| w.to_string_lossy()).collect();
    match words.len() {
        ..=MANY => words.join(" "),
        more => format!("{} ... and {} more", words[..MANY / 4].join(" "), more - MANY / 4),
    }
}
