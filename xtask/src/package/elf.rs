//! What a program or library asks of the machine, and what it shows to others, as `readelf` tells it.

use std::path::Path;
use std::process::Command;

use crate::tools::{output, Result};

#[derive(Debug, Default, PartialEq)]
pub struct Elf {
    pub soname: Option<String>,
    pub needed: Vec<String>,
    /// Folders that it makes the loader look in (RPATH, RUNPATH).
    pub search: Vec<String>,
    pub nodelete: bool,
    /// Versions of others' symbols that must be there: `GLIBC_2.28` and the like.
    pub versions: Vec<String>,
    /// Symbols that others may bind to, sorted.
    pub exports: Vec<String>,
}

pub fn read(path: &Path) -> Result<Elf> {
    let mut elf = Elf::default();
    let listing = |what: &[&str]| output(Command::new("readelf").arg("-W").args(what).arg(path).env("LC_ALL", "C"));
    elf.dynamic(&listing(&["--dynamic"])?);
    elf.versions = versions(&listing(&["--version-info"])?);
    elf.exports = exports(&listing(&["--dyn-syms"])?);
    Ok(elf)
}

impl Elf {
    fn dynamic(&mut self, listing: &str) {
        for line in listing.lines() {
            let value =
                || line.split_once('[').and_then(|(_, rest)| rest.split_once(']')).map(|(value, _)| value.to_owned());
            match line.split(['(', ')']).nth(1) {
                Some("SONAME") => self.soname = value(),
                Some("NEEDED") => self.needed.extend(value()),
                Some("RPATH" | "RUNPATH") => self.search.extend(value()),
                Some("FLAGS_1") => self.nodelete = line.split_whitespace().any(|word| word == "NODELETE"),
                _ => {}
            }
        }
    }

    /// What is wrong for a file that may ask for at most these versions, of these families only.
    pub fn beyond(&self, limits: &[(&str, &str)]) -> Vec<String> {
        let above = |version: &&String| {
            let (family, number) = version.rsplit_once('_').unwrap_or((version.as_str(), ""));
            !limits.iter().any(|(name, limit)| *name == family && numbers(number) <= numbers(limit))
        };
        let allowed = limits.iter().map(|(family, limit)| format!("{family} {limit}")).collect::<Vec<_>>().join(", ");
        self.versions.iter().filter(above).map(|version| format!("needs {version}; at most {allowed}")).collect()
    }
}

/// `2.28` as numbers; a name that is none (`PRIVATE`) is above all numbers.
fn numbers(version: &str) -> Vec<u32> {
    version.split('.').map(|number| number.parse().unwrap_or(u32::MAX)).collect()
}

/// Of the section that says what is needed, not of the one that says what is defined.
fn versions(listing: &str) -> Vec<String> {
    let needs = listing.split("Version needs section").nth(1).unwrap_or_default();
    let mut found: Vec<String> =
        needs.split("Name: ").skip(1).filter_map(|rest| rest.split_whitespace().next()).map(str::to_owned).collect();
    found.sort();
    found.dedup();
    found
}

fn exports(listing: &str) -> Vec<String> {
    let mut found: Vec<String> = listing
        .lines()
        .filter_map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            // Num: Value Size Type Bind Vis Ndx Name
            let [number, _, _, kind, bind, visibility, section, name, ..] = words[..] else { return None };
            let ours = number.ends_with(':') && section != "UND" && kind != "SECTION" && kind != "FILE";
            let seen = bind != "LOCAL" && matches!(visibility, "DEFAULT" | "PROTECTED");
            (ours && seen).then(|| name.split('@').next().unwrap_or(name).to_owned())
        })
        .collect();
    found.sort();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dynamic_section_is_read() {
        let mut elf = Elf::default();
        elf.dynamic(
            " 0x0000000000000001 (NEEDED)             Shared library: [libc.so.6]\n \
             0x000000000000000e (SONAME)             Library soname: [libparfocal.so.1]\n \
             0x000000000000001d (RUNPATH)            Library runpath: [$ORIGIN]\n \
             0x000000006ffffffb (FLAGS_1)            Flags: NOW NODELETE\n",
        );
        let expected = Elf {
            soname: Some("libparfocal.so.1".into()),
            needed: vec!["libc.so.6".into()],
            search: vec!["$ORIGIN".into()],
            nodelete: true,
            ..Elf::default()
        };
        assert_eq!(elf, expected);
    }

    #[test]
    fn versions_compare_as_numbers() {
        let elf =
            |versions: &[&str]| Elf { versions: versions.iter().map(|v| v.to_string()).collect(), ..Elf::default() };
        let limits = [("GLIBC", "2.28")];
        assert!(elf(&["GLIBC_2.2.5", "GLIBC_2.3", "GLIBC_2.28"]).beyond(&limits).is_empty());
        for bad in ["GLIBC_2.29", "GLIBC_2.100", "GLIBC_3.0", "GLIBC_2.28.1", "GLIBC_PRIVATE", "GLIBCXX_3.4", "odd"] {
            assert_eq!(elf(&["GLIBC_2.2.5", bad]).beyond(&limits).len(), 1, "{bad}");
        }
    }

    #[test]
    fn only_what_is_needed_counts() {
        let listing = "Version definition section '.gnu.version_d' contains 2 entries:\n  000000: Rev: 1  Flags: BASE  Index: 1  \
                       Cnt: 1  Name: libonnxruntime.so.1\nVersion needs section '.gnu.version_r' contains 1 entry:\n  000000: \
                       Version: 1  File: libc.so.6  Cnt: 2\n  0x0010:   Name: GLIBC_2.14  Flags: none  Version: 3\n  0x0020:   \
                       Name: GLIBC_2.2.5  Flags: none  Version: 2\n";
        assert_eq!(versions(listing), ["GLIBC_2.14", "GLIBC_2.2.5"]);
    }

    #[test]
    fn defined_symbols_are_exports() {
        let listing = "   Num:    Value          Size Type    Bind   Vis      Ndx Name\n     \
                       0: 0000000000000000     0 NOTYPE  LOCAL  DEFAULT  UND \n     \
                       1: 0000000000000000     0 FUNC    GLOBAL DEFAULT  UND malloc@GLIBC_2.2.5 (2)\n     \
                       2: 0000000000035f80    11 FUNC    GLOBAL DEFAULT   13 parfocal_version\n     \
                       3: 0000000000035f90    11 FUNC    WEAK   DEFAULT   13 other@@VERS_1\n     \
                       4: 0000000000035fa0    11 FUNC    GLOBAL HIDDEN    13 hidden\n";
        assert_eq!(exports(listing), ["other", "parfocal_version"]);
    }
}
