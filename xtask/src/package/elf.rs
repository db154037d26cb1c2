//! What a program or library asks of the machine, and what it shows to others.

use std::path::Path;

use object::elf::{self, FileHeader64};
use object::read::elf::{Dyn, FileHeader, Sym};
use object::Endianness;

use crate::tools::{read as read_file, Result};

#[derive(Debug, Default, PartialEq)]
pub struct Elf {
    pub soname: Option<String>,
    pub needed: Vec<String>,
    /// Folders that it makes the loader look in (RPATH, RUNPATH).
    pub search: Vec<String>,
    pub nodelete: bool,
    /// Versions of symbols of other libraries that must be there: `GLIBC_2.28` and the like; sorted.
    pub versions: Vec<String>,
    /// Symbols of other libraries that it binds to; sorted.
    pub imports: Vec<String>,
    /// Symbols that others may bind to; sorted.
    pub exports: Vec<String>,
}

pub fn read(path: &Path) -> Result<Elf> {
    parsed(&read_file(path)?).map_err(|e| format!("{}: {e}", path.display()))
}

fn parsed(data: &[u8]) -> object::read::Result<Elf> {
    let header = FileHeader64::<Endianness>::parse(data)?;
    let endian = header.endian()?;
    let sections = header.sections(endian, data)?;
    let mut found = Elf::default();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();

    if let Some((entries, index)) = sections.dynamic(endian, data)? {
        let strings = sections.strings(endian, data, index)?;
        for entry in entries {
            match entry.tag(endian) {
                elf::DT_SONAME => found.soname = Some(text(entry.string(endian, strings)?)),
                elf::DT_NEEDED => found.needed.push(text(entry.string(endian, strings)?)),
                elf::DT_RPATH | elf::DT_RUNPATH => found.search.push(text(entry.string(endian, strings)?)),
                elf::DT_FLAGS_1 => found.nodelete = entry.val(endian) & elf::DF_1_NODELETE.0 != 0,
                _ => {}
            }
        }
    }
    if let Some((mut files, index)) = sections.gnu_verneed(endian, data)? {
        let strings = sections.strings(endian, data, index)?;
        while let Some((_, mut versions)) = files.next()? {
            while let Some(version) = versions.next()? {
                found.versions.push(text(version.name(endian, strings)?));
            }
        }
    }
    let symbols = sections.symbols(endian, data, elf::SHT_DYNSYM)?;
    for symbol in symbols.iter().filter(|symbol| symbol.is_undefined(endian)) {
        found.imports.push(text(symbol.name(endian, symbols.strings())?));
    }
    for symbol in symbols.iter().filter(|symbol| !symbol.is_undefined(endian) && symbol.st_bind() != elf::STB_LOCAL) {
        let is_name = !matches!(symbol.st_type(), elf::STT_SECTION | elf::STT_FILE);
        if is_name && matches!(symbol.st_visibility(), elf::STV_DEFAULT | elf::STV_PROTECTED) {
            found.exports.push(text(symbol.name(endian, symbols.strings())?));
        }
    }
    found.imports.retain(|name| !name.is_empty());
    for list in [&mut found.versions, &mut found.exports, &mut found.imports] {
        list.sort();
        list.dedup();
    }
    Ok(found)
}

impl Elf {
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

#[cfg(test)]
mod tests {
    use super::*;

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
    fn other_files_are_refused() {
        let message = read(&crate::tools::root().join("README.md")).unwrap_err();
        assert!(message.contains("README.md: "), "{message}");
    }

    /// A library that says of itself all that is read.
    #[test]
    #[cfg(target_os = "linux")]
    fn a_library_is_read() {
        use crate::tools::{cmd, empty_folder, run, target};
        let folder = target().join("elf");
        empty_folder(&folder).unwrap();
        let (source, library) = (folder.join("planted.c"), folder.join("libplanted.so"));
        let text = "#include <stdlib.h>\nvoid *shown(void) { return malloc(1); }\nint value;\n\
                    __attribute__((weak)) void weak(void) {}\n\
                    __attribute__((visibility(\"protected\"))) void kept(void) {}\n\
                    __attribute__((visibility(\"hidden\"))) void hidden(void) {}\nstatic void inside(void) {}\n\
                    void (*pointer(void))(void) { return inside; }\n";
        std::fs::write(&source, text).unwrap();
        let linker = "-Wl,-soname,libplanted.so.1,-rpath,$ORIGIN,-z,nodelete";
        run(cmd!("cc -shared -fPIC -nostartfiles {linker} {source} -o {library}")).unwrap();
        let found = read(&library).unwrap();
        assert_eq!(found.soname.as_deref(), Some("libplanted.so.1"));
        assert_eq!(
            (&found.needed[..], &found.search[..]),
            (&["libc.so.6".to_owned()][..], &["$ORIGIN".to_owned()][..])
        );
        assert!(found.nodelete);
        assert!(found.versions.iter().all(|version| version.starts_with("GLIBC_")) && !found.versions.is_empty());
        assert_eq!(found.exports, ["kept", "pointer", "shown", "value", "weak"]);
        let plain = folder.join("libplain.so");
        run(cmd!("cc -shared -fPIC -nostartfiles {source} -o {plain}")).unwrap();
        assert_eq!(read(&plain).unwrap(), Elf { soname: None, search: Vec::new(), nodelete: false, ..found });
    }
}
