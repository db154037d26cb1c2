//! Arguments that several subcommands share. The flags for options come from the option table.

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches};

use crate::error::Result;
use crate::onnx::models::{BUILT_IN, FOLDER};
use crate::restore::model::Model;
use crate::restore::options::{FileOptions, Key, OpenOptions, Scope, TABLE};

/// `--json`.
pub fn json() -> Arg {
    Arg::new("json").long("json").action(ArgAction::SetTrue).help("Print JSON for machines")
}

/// A path argument, shown as `name` in the help.
pub fn path(name: &'static str) -> Arg {
    Arg::new(name).value_name(name).value_parser(clap::value_parser!(PathBuf))
}

/// `--model NAME|FILE`.
pub fn model() -> Arg {
    let names = BUILT_IN.iter().map(|model| format!("{} ({})", model.name, model.help)).collect::<Vec<_>>().join(", ");
    path("NAME|FILE")
        .id("model")
        .long("model")
        .help(format!("A model: {names}; the name of one in the folder {FOLDER}; or a file"))
}

/// The flags for all options of these scopes.
pub fn flags(scopes: &'static [Scope]) -> impl Iterator<Item = Arg> {
    TABLE.iter().filter(move |key| key.scopes.iter().any(|scope| scopes.contains(scope))).map(flag)
}

/// The flag of one option: `--pixel-size-um` for `pixel_size_um`.
fn flag(key: &'static Key) -> Arg {
    let check = |value: &str| -> std::result::Result<String, String> {
        let set = if key.scopes.contains(&Scope::Open) {
            OpenOptions::default().set(key.name, value)
        } else {
            FileOptions::default().set(key.name, value)
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

/// The options of a scope that are on the command line, with their values.
fn set_options(arguments: &ArgMatches, scope: Scope) -> impl Iterator<Item = (&'static str, &String)> {
    TABLE
        .iter()
        .filter(move |key| scope.knows(key))
        .filter_map(|key| Some((key.name, arguments.try_get_one::<String>(key.name).ok()??)))
}

pub fn open_options(arguments: &ArgMatches) -> Result<OpenOptions> {
    let mut options = OpenOptions::default();
    set_options(arguments, Scope::Open).try_for_each(|(name, value)| options.set(name, value))?;
    Ok(options)
}

/// Without `force`, which is no option of the table.
pub fn file_options(arguments: &ArgMatches) -> Result<FileOptions> {
    let mut options = FileOptions::default();
    set_options(arguments, Scope::File).try_for_each(|(name, value)| options.set(name, value))?;
    Ok(options)
}

pub fn model_path(arguments: &ArgMatches) -> Option<&PathBuf> {
    arguments.get_one("model")
}

pub fn open_model(arguments: &ArgMatches) -> Result<Model> {
    Model::open(model_path(arguments).map(PathBuf::as_path), &open_options(arguments)?)
}
