//! What the command prints, and why it ends.

use std::io::Write;

use serde_json::Value;

use crate::error::Error;

/// Why the command ends without having done what it was asked.
pub enum Failure {
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

/// One line (or block) of result. A reader that has gone, as `head` does, is no error.
pub fn say(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

pub fn complain(kind: &str, text: &str) {
    let _ = writeln!(std::io::stderr(), "{kind}: {text}");
}

pub fn say_json(value: &Value) {
    // Only keys that are no strings and failing serialisers can fail; here are neither.
    say(&serde_json::to_string_pretty(value).expect("values made here are JSON"));
}

/// `key: value` for people; what is not known is said to be so.
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
