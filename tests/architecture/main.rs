//! Compares ARCHITECTURE.md with the code: imports between rooms, import circles, who names ONNX Runtime and the JVM,
//! where `unsafe` is allowed, the length of files, and the folders in the picture.

mod sources;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use sources::{all, arrows, circle, Source};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn map() -> String {
    std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap()
}

/// Parts of `src/` that are no room: the crate's root and the program.
const OUTSIDE: &[&str] = &["lib", "bin"];

/// The table of rooms: for each, the rooms that it may use.
fn may_use(map: &str) -> BTreeMap<String, BTreeSet<String>> {
    let names = |cell: &str| -> BTreeSet<String> {
        let names = cell.split_whitespace().filter(|name| *name != "nothing");
        names.map(|name| name.trim_matches(['`', '/']).trim_end_matches(".rs").to_owned()).collect()
    };
    let lines = map.lines().skip_while(|line| !line.starts_with("| room |")).skip(2);
    lines
        .take_while(|line| line.starts_with('|'))
        .map(|line| {
            let cells: Vec<_> = line.trim_matches('|').split(" | ").collect();
            let [room, _, _, uses] = cells[..] else { panic!("expected four columns: {line}") };
            (names(room).pop_first().unwrap(), names(uses))
        })
        .collect()
}

/// Imports that the table does not allow, and entries of the table that no code uses.
fn differences(sources: &[Source], table: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let rooms: BTreeMap<&str, &str> = sources.iter().map(|s| (s.name.as_str(), s.room())).collect();
    let mut used: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (file, targets) in arrows(sources) {
        let room = rooms[file];
        for target in targets.into_iter().filter(|target| rooms[target] != room && !OUTSIDE.contains(&room)) {
            used.entry(room).or_default().insert(rooms[target]);
            if !table.get(room).is_some_and(|allowed| allowed.contains(rooms[target])) {
                wrong.push(format!("src/{file} imports src/{target}, which the row of {room} does not allow"));
            }
        }
    }
    for (room, allowed) in table {
        let used = used.get(room.as_str()).cloned().unwrap_or_default();
        let unused = allowed.iter().filter(|name| !used.contains(name.as_str()));
        wrong.extend(unused.map(|name| format!("the row of {room} allows {name}, which it does not use")));
    }
    wrong
}

#[test]
fn imports_agree_with_the_table() {
    let table = may_use(&map());
    let sources = all(&root().join("src"));
    let rooms: BTreeSet<&str> = sources.iter().map(Source::room).filter(|room| !OUTSIDE.contains(room)).collect();
    assert_eq!(table.keys().map(String::as_str).collect::<BTreeSet<_>>(), rooms, "rooms of the table, and of src/");
    let wrong = differences(&sources, &table);
    assert!(wrong.is_empty(), "ARCHITECTURE.md:\n{}", wrong.join("\n"));
}

#[test]
fn rooms_do_not_use_each_other_in_a_circle() {
    let table = may_use(&map());
    let arrows = table.iter().map(|(room, uses)| (room.as_str(), uses.iter().map(String::as_str).collect())).collect();
    assert_eq!(circle(&arrows), None, "rooms that use each other");
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let sources = all(&root().join("src"));
    assert_eq!(circle(&arrows(&sources)), None);
}

/// Shows that the tests above can fail.
#[test]
fn planted_imports_and_circles_are_found() {
    let planted = |imports: &[(&str, &str)]| -> Vec<Source> {
        imports.iter().map(|(name, text)| Source::parse(name, text)).collect()
    };
    let table = may_use("| room | a | b | may use |\n|---|\n| `low/` | - | - | nothing |\n| `high/` | - | - | low |\n");
    let high = ("high/mod.rs", "pub mod door;");
    let door = ("high/door.rs", "use crate::low::tool::{self, Tool};");
    for upwards in [
        "use crate::high::door;",
        "fn f() { use crate::{low, high::door::open}; }",
        "fn f() -> u32 { crate::high::door::open() }",
        "fn f() { assert!(g(crate::high::door::open())); }",
        "impl From<super::super::high::door::Door> for u32 {}",
        "macro_rules! m { () => { $crate::high::door::open() } }",
    ] {
        let sources = planted(&[("low/mod.rs", "pub mod tool;"), ("low/tool.rs", upwards), high, door]);
        let wrong = differences(&sources, &table);
        assert!(wrong.iter().any(|w| w.contains("low/tool.rs imports src/high/door.rs")), "{upwards}: {wrong:?}");
        assert_eq!(circle(&arrows(&sources)).unwrap(), ["high/door.rs", "low/tool.rs"], "{upwards}");
    }
    let tests_only = ("low/tool.rs", "#[cfg(test)] mod tests { use crate::high::door; }");
    let sources = planted(&[("low/mod.rs", ""), tests_only, high, door]);
    assert_eq!(differences(&sources, &table), [""; 0]);
    assert_eq!(circle(&arrows(&sources)), None);
    let unused = planted(&[("low/mod.rs", ""), ("high/mod.rs", "")]);
    assert_eq!(differences(&unused, &table), ["the row of high allows low, which it does not use"]);
}

/// Folders that the picture must have: those at the top, and those inside the large ones.
fn folders() -> BTreeSet<String> {
    let listed = Command::new("git").args(["ls-files"]).current_dir(root()).output().expect("git");
    let listed = String::from_utf8(listed.stdout).unwrap();
    let inside = ["src", "training", "xtask/src", "bindings", "tests"];
    let mut found = BTreeSet::new();
    for file in listed.lines() {
        let folder = Path::new(file).parent().unwrap().to_string_lossy().into_owned();
        let parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
        found.extend(parts.first().filter(|top| !top.starts_with('.')).map(|top| format!("{top}/")));
        for big in inside {
            let rest = folder.strip_prefix(big).and_then(|rest| rest.strip_prefix('/'));
            found.extend(rest.map(|rest| format!("{big}/{}/", rest.split('/').next().unwrap())));
            found.extend(rest.map(|_| format!("{big}/")));
        }
    }
    assert!(found.len() > 20, "{found:?}");
    found
}

/// The folders in the picture. A line begins with one or more; folders inside them are indented by two more spaces.
fn drawn(map: &str) -> BTreeSet<String> {
    let picture = map.split("```").nth(1).expect("a picture between ``` lines");
    let mut above: Vec<(usize, String)> = Vec::new();
    let mut found = BTreeSet::new();
    for line in picture.lines() {
        let indent = line.len() - line.trim_start().len();
        above.retain(|(other, _)| *other < indent);
        let parent = above.last().map_or(String::new(), |(_, path)| path.clone());
        for name in line.split_whitespace().take_while(|name| name.ends_with('/')) {
            found.insert(format!("{parent}{name}"));
            above.push((indent, format!("{parent}{name}")));
        }
    }
    found
}

#[test]
fn the_picture_has_every_folder_and_nothing_else() {
    let (drawn, folders) = (drawn(&map()), folders());
    let missing: Vec<_> = folders.difference(&drawn).collect();
    let extra: Vec<_> = drawn.difference(&folders).collect();
    assert!(missing.is_empty() && extra.is_empty(), "not in the picture: {missing:?}; not in the tree: {extra:?}");
}

#[test]
fn the_map_stays_short() {
    let map = map();
    assert!(map.lines().count() <= 150, "ARCHITECTURE.md has {} lines; expected at most 150", map.lines().count());
    for (number, line) in (1..).zip(map.lines()) {
        let length = line.chars().count();
        assert!(length <= 120, "ARCHITECTURE.md:{number} has {length} characters; expected at most 120");
    }
}

fn words(code: &str) -> impl Iterator<Item = &str> {
    code.split(|c: char| !c.is_alphanumeric() && c != '_')
}

/// The code without comments and without the tests at the end of the file.
fn code(source: &Source) -> String {
    let code = source.text.split("#[cfg(test)]").next().unwrap_or_default();
    code.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

#[test]
fn only_network_names_onnx_runtime_and_only_jni_the_jvm() {
    for source in all(&root().join("src")) {
        let (code, name) = (code(&source), &source.name);
        assert!(source.room() == "network" || words(&code).all(|w| w != "ort"), "src/{name} names ort");
        let jvm = source.room() == "jni" || name == "lib.rs";
        assert!(jvm || words(&code).all(|w| w != "jni"), "src/{name} names jni");
    }
}

#[test]
fn unsafe_is_only_where_allowed_and_has_its_reason() {
    for source in all(&root().join("src")) {
        let name = &source.name;
        let allowed = matches!(source.room(), "ffi" | "jni" | "host" | "guest")
            || matches!(name.as_str(), "network/library_path.rs" | "network/runtime.rs" | "network/adapters.rs");
        assert!(allowed || words(&code(&source)).all(|w| w != "unsafe"), "src/{name} says unsafe");
        let lines: Vec<&str> = source.text.lines().collect();
        for (i, line) in lines.iter().enumerate().filter(|(_, line)| line.contains("unsafe {")) {
            let before = &lines[i.saturating_sub(4)..i];
            assert!(before.iter().any(|l| l.contains("// SAFETY:")), "src/{name}:{}: {line}", i + 1);
        }
    }
}

#[test]
fn no_file_is_too_long() {
    for source in all(&root().join("src")) {
        let lines = code(&source).lines().count();
        assert!(lines <= 420, "src/{} has {lines} lines before its tests", source.name);
    }
}
