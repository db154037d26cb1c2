//! The text of options, split into keys and values.

use crate::error::{Error, Result, Status};

/// Parses `key=value` text like libpq's connection strings: a value with white space is in single quotes, with `\'` and
/// `\\` as escapes.
///
/// `check` refuses unknown keys, `set` takes each key with its value. Errors: theirs, and `BadOption`.
pub(super) fn parse(
    text: &str,
    check: impl Fn(&str) -> Result<()>,
    mut set: impl FnMut(&str, &str) -> Result<()>,
) -> Result<()> {
    let wrong = |what: &str| Error::new(Status::BadOption, format!("options \"{text}\": {what}"));
    let mut seen: Vec<String> = Vec::new();
    let mut chars = text.chars().peekable();
    loop {
        while chars.next_if(|c| c.is_whitespace()).is_some() {}
        if chars.peek().is_none() {
            return Ok(());
        }
        let mut key = String::new();
        while let Some(c) = chars.next_if(|&c| c != '=' && !c.is_whitespace()) {
            key.push(c);
        }
        if chars.next() != Some('=') {
            return Err(wrong(&format!("no '=' behind '{key}'; expected key=value")));
        }
        let mut value = String::new();
        let quoted = chars.next_if_eq(&'\'').is_some();
        loop {
            match chars.next() {
                Some('\'') if quoted => break,
                None if quoted => return Err(wrong(&format!("the quote behind '{key}=' is not closed"))),
                None => break,
                Some('\\') => match chars.next() {
                    Some(c @ ('\'' | '\\')) => value.push(c),
                    // A Windows path outside quotes keeps its backslashes.
                    Some(c) if !quoted && !c.is_whitespace() => value.extend(['\\', c]),
                    _ => return Err(wrong(&format!("a '\\' in the value of '{key}' must precede ' or \\"))),
                },
                Some(c) if !quoted && c.is_whitespace() => break,
                Some(c) => value.push(c),
            }
        }
        if quoted && chars.peek().is_some_and(|c| !c.is_whitespace()) {
            return Err(wrong(&format!("expected white space behind the quoted value of '{key}'")));
        }
        check(&key)?;
        if seen.contains(&key) {
            return Err(wrong(&format!("'{key}' stands there twice")));
        }
        set(&key, &value)?;
        seen.push(key);
    }
}
