//! The rooms of ARCHITECTURE.md: who may name ONNX Runtime, who may say `unsafe`, how long a file may grow, which way
//! dependencies point.

use std::path::{Path, PathBuf};

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// Name below `src/` and text without comments and without the tests at its end.
fn all() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    sources(&root, &mut found);
    found.sort();
    assert!(found.len() > 10);
    found
        .into_iter()
        .map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            let code = code.lines().map(|l| l.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n");
            (path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/"), code)
        })
        .collect()
}

fn words(code: &str) -> impl Iterator<Item = &str> {
    code.split(|c: char| !c.is_alphanumeric() && c != '_')
}

#[test]
fn only_the_boundary_names_onnx_runtime() {
    for (name, code) in all() {
        let names = words(&code).any(|w| w == "ort");
        assert_eq!(names, matches!(name.as_str(), "provider.rs" | "runtime.rs" | "session.rs"), "src/{name}");
    }
}

#[test]
fn only_its_boundary_names_the_jvm() {
    for (name, code) in all() {
        assert!(name.starts_with("jni/") || name == "lib.rs" || words(&code).all(|w| w != "jni"), "src/{name}");
    }
}

#[test]
fn only_boundaries_are_unsafe() {
    for (name, code) in all() {
        let boundary = matches!(name.as_str(), "beside.rs" | "runtime.rs")
            || ["ffi/", "jni/"].iter().any(|room| name.starts_with(room));
        assert!(boundary || words(&code).all(|w| w != "unsafe"), "src/{name}");
    }
}

#[test]
fn every_unsafe_block_gives_its_reason() {
    for (name, _) in all() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(&name);
        let text = std::fs::read_to_string(path).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        for (i, line) in lines.iter().enumerate().filter(|(_, line)| line.contains("unsafe {")) {
            let before = &lines[i.saturating_sub(4)..i];
            assert!(before.iter().any(|l| l.contains("// SAFETY:")), "src/{name}:{}: {line}", i + 1);
        }
    }
}

#[test]
fn files_do_one_thing() {
    for (name, code) in all() {
        let lines = code.lines().count();
        assert!(lines <= 420, "src/{name} has {lines} lines before its tests");
    }
}

#[test]
fn dependencies_point_one_way() {
    // A room may use those before it.
    let order = [
        "error",
        "sync",
        "handles",
        "sample",
        "frame",
        "normalise",
        "tile",
        "blend",
        "placement",
        "options",
        "onnx",
        "onnx_graph",
        "onnx_edit",
        "metrics",
        "control",
        "queue",
        "pool",
        "beside",
        "focus",
        "provider",
        "runtime",
        "model",
        "session",
        "device",
        "plane",
        "pipeline",
        "stream",
        "tiff",
        "restore_file",
        "doctor",
        "ffi",
        "jni",
        "cli",
    ];
    let rank = |room: &str| order.iter().position(|r| *r == room);
    for (name, code) in all() {
        let room = name.split(['/', '.']).next().unwrap();
        if matches!(room, "lib" | "bin") {
            continue;
        }
        let own = rank(room).unwrap_or_else(|| panic!("src/{name}: not in the order of rooms"));
        for used in code.split("crate::").skip(1).filter_map(|rest| words(rest).next()) {
            if let Some(other) = rank(used) {
                assert!(other <= own, "src/{name} uses {used}, which stands above it");
            }
        }
    }
}
