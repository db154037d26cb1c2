//! What the package for Fiji and ImageJ promises, checked in its files every time that it is made.

use std::path::Path;

use super::Opened;
use crate::package::{elf, GLIBC};
use crate::tools::{read, read_text, root, walk, Result};

/// The class file format of Java 8.
const JAVA_8: u16 = 52;

/// Checks the unpacked jars; one message says everything that is wrong.
pub fn jars(opened: &Opened) -> Result<()> {
    let mut wrong = Vec::new();
    for folder in [&opened.plugin, &opened.library] {
        for file in walk(folder)? {
            let name = file.strip_prefix(folder).unwrap_or(&file).display().to_string();
            let bytes = read(&file)?;
            wrong.extend(class(&name, &bytes));
        }
    }
    let library_in_plugin = opened.plugin.join("org/parfocal/Native.class");
    if library_in_plugin.exists() {
        wrong.push("the plugin's jar holds the Java library: natives would be looked for by two copies of it".into());
    }
    let config = opened.plugin.join("plugins.config");
    let text = read_text(&config)?;
    wrong.extend(commands(&text, |class| opened.plugin.join(class).is_file()));
    verdict(wrong)
}

/// Checks the copy that is packed: it exports what Java calls, and needs no newer C library than promised.
pub fn library(path: &Path) -> Result<()> {
    let found = elf::read(path)?;
    let list = root().join("tests/abi/exports_java.txt");
    let text = read_text(&list)?;
    let missing = text.split_whitespace().filter(|name| !found.exports.iter().any(|export| export == name));
    let mut wrong: Vec<String> = missing.map(|name| format!("libparfocal has no symbol {name}")).collect();
    wrong.extend(found.beyond(&[("GLIBC", GLIBC)]));
    verdict(wrong)
}

fn verdict(wrong: Vec<String>) -> Result<()> {
    if wrong.is_empty() {
        return Ok(());
    }
    Err(format!("the package for Fiji is not as promised:\n  {}", wrong.join("\n  ")))
}

/// What is wrong with one entry of a jar.
fn class(name: &str, bytes: &[u8]) -> Option<String> {
    if name.starts_with("ij/") {
        return Some(format!("{name}: a class of ImageJ, which must come from ImageJ itself"));
    }
    if !name.ends_with(".class") {
        return None;
    }
    match bytes {
        [0xca, 0xfe, 0xba, 0xbe, _, _, high, low, ..] => {
            let major = u16::from_be_bytes([*high, *low]);
            (major > JAVA_8).then(|| format!("{name}: of class file format {major}; Java 8 reads at most {JAVA_8}"))
        }
        _ => Some(format!("{name}: not a class file")),
    }
}

/// Commands of plugins.config whose class does not exist, by `there` for its path in the jar.
fn commands(text: &str, there: impl Fn(&str) -> bool) -> Vec<String> {
    let lines = text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    let mut wrong = Vec::new();
    let mut count = 0;
    for line in lines {
        count += 1;
        let class = line.rsplit(',').next().unwrap_or_default().trim();
        let class = class.split('(').next().unwrap_or_default();
        if !there(&(class.replace('.', "/") + ".class")) {
            wrong.push(format!("plugins.config: no class for the line '{line}'"));
        }
    }
    if count == 0 {
        wrong.push("plugins.config: no command".into());
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_judged() {
        let class_of = |major: u8| [0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, major, 0];
        assert_eq!(class("org/A.class", &class_of(52)), None);
        assert_eq!(class("README", b"text"), None);
        for (name, bytes) in [
            ("org/A.class", &class_of(61)[..]),
            ("ij/IJ.class", &class_of(52)),
            ("org/A.class", b"text"),
            ("org/A.class", b""),
        ] {
            assert!(class(name, bytes).is_some(), "{name}");
        }
    }

    #[test]
    fn commands_have_classes() {
        let text = "# menu\nPlugins>A, \"B...\", org.b.B\nPlugins>A, \"C, too\", org.b.C(\"x\")\n";
        assert!(commands(text, |class| ["org/b/B.class", "org/b/C.class"].contains(&class)).is_empty());
        assert_eq!(commands(text, |class| class == "org/b/B.class").len(), 1);
        assert_eq!(commands("# nothing\n", |_| true).len(), 1);
    }
}
