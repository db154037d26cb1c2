//! Printing results and errors, and the reasons for a failure.

use std::io::Write;

use serde_json::Value;

use crate::error::Error;

/// Why the command fails.
pub enum Failure {
    /// Wrong usage: exit code 2.
    Usage(String),
    /// An error: exit code 1.
    Failed(Error),
    /// An error that is printed already: exit code 1.
    Reported,
    /// Some of many files failed, which is printed already, and others are done: exit code 3.
    InPart,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Prints a line (or block) of the result. A closed pipe, as after `head`, is no error.
pub fn say(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

pub fn complain(kind: &str, text: &str) {
    let _ = writeln!(std::io::stderr(), "{kind}: {text}");
}

pub fn say_json(value: &Value) {
    // Only failing serialisers and keys other than strings can fail; a `Value` has neither.
    say(&serde_json::to_string_pretty(value).expect("values made here are JSON"));
}

/// `key: value` for people; null is printed as "unknown".
pub fn line(key: &str, value: &Value) -> String {
    let text = match value {
        Value::Null => "unknown".to_owned(),
        Value::String(text) => text.clone(),
        Value::Object(entries) => entries
            .iter()
            .map(|(k, v)| format!("{k} {}", v.to_string().trim_matches('"')))
            .collect::<Vec<_>>()
            .join(", "),
        Value::Array(values) if values.is_empty() => "none".to_owned(),
        Value::Array(values) => values
            .iter()
            .map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned))
            .collect::<Vec<_>>()
            .join(", "),
        other => other.to_string(),
    };
    format!("{:<22}{text}", format!("{}:", key.replace('_', " ")))
}
