//! The licences of all that is linked into what ships: copies their texts, makes a table, refuses what must not ship.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::linker::sysroot;
use super::{copy, Project};
use crate::tools::{files, read_text, root, walk, Result};
use crate::tools::{runtime, webgpu};

/// The licences that may be in the archive: they ask for their text and no more.
const ALLOWED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unicode-DFS-2016",
    "Unlicense",
    "Zlib",
];

/// The models that ship: the one inside the library, and others as files beside their cards.
const MODELS: &[&str] = &[BUILT_IN, "parfocal-w8"];
const BUILT_IN: &str = "parfocal-w16";

/// The licence MIT without its copyright line.
const MIT: &str = include_str!("../../package/mit.txt");

/// Fills `folder` (share/doc/parfocal). `zig` is the folder of the linker, which links in parts of its own.
pub fn gather(project: &Project, zig: &Path, folder: &Path) -> Result<()> {
    let mut table = format!(
        "# What Parfocal {} is made of\n\nThe program is under MIT or Apache-2.0, as you choose; the model inside it \
         is under CC-BY-4.0.\n\n| part | version | licence | texts |\n|---|---|---|---|\n",
        project.version
    );
    let mut row = |part: &str, version: &str, licence: &str, texts: &str| {
        table += &format!("| {part} | {version} | {licence} | `{texts}` |\n");
    };
    for name in ["LICENSE-MIT", "LICENSE-APACHE"] {
        copy(&root().join(name), &folder.join(name))?;
    }
    row("Parfocal", &project.version, "MIT OR Apache-2.0", "LICENSE-MIT, LICENSE-APACHE");
    copy(&root().join("models/LICENSE"), &folder.join("model/LICENSE"))?;
    for model in MODELS {
        let models = root().join("models");
        let (card, picture) = (models.join(format!("{model}.md")), format!("{model}-failures.png"));
        let text = read_text(&card)?;
        super::write(&folder.join(format!("model/{model}.md")), &without_links_up(&text))?;
        copy(&models.join(&picture), &folder.join("model").join(&picture))?;
        if *model != BUILT_IN {
            copy(&root().join(format!("models/{model}.onnx")), &folder.join(format!("model/{model}.onnx")))?;
        }
        row(&format!("the model {model}"), "", "CC-BY-4.0", "model/");
    }
    let library = runtime::cached()?;
    for name in ["LICENSE", "ThirdPartyNotices.txt"] {
        copy(&library.with_file_name(name), &folder.join("onnxruntime").join(name))?;
    }
    row("ONNX Runtime", runtime::VERSION, "MIT, and what it is made of", "onnxruntime/");
    let library = webgpu::cached()?;
    for name in ["LICENSE", "ThirdPartyNotices.txt"] {
        copy(&library.with_file_name(name), &folder.join("onnxruntime-ep-webgpu").join(name))?;
    }
    row("WebGPU for ONNX Runtime", webgpu::VERSION, "MIT, and what it is made of", "onnxruntime-ep-webgpu/");
    copy(&sysroot()?.join("share/doc/rust/COPYRIGHT-library.html"), &folder.join("rust/COPYRIGHT-library.html"))?;
    row("Rust's standard library", "", "MIT OR Apache-2.0, and what it is made of", "rust/");
    copy(&zig.join("lib/libunwind/LICENSE.TXT"), &folder.join("libunwind/LICENSE.TXT"))?;
    row("LLVM's libunwind", "", "Apache-2.0 WITH LLVM-exception", "libunwind/");
    copy(&zig.join("LICENSE"), &folder.join("compiler-rt/LICENSE"))?;
    row("Zig's compiler runtime", "", "MIT", "compiler-rt/");
    for package in linked(project)? {
        let text = |key: &str| package[key].as_str().unwrap_or_default();
        let (name, version, expression) = (text("name"), text("version"), text("license"));
        let place = format!("crates/{name}-{version}");
        if !allowed(expression) {
            return Err(format!(
                "{name} {version}: its licence is '{expression}'; allowed are {}: take another crate, or extend the \
                 list in xtask/src/package/licences.rs if such a text may ship",
                ALLOWED.join(", ")
            ));
        }
        let source = Path::new(text("manifest_path")).parent().unwrap_or(Path::new("/"));
        let mut found = texts(source)?;
        found.extend(package["license_file"].as_str().map(|file| source.join(file)));
        for file in &found {
            let file_name = file.file_name().unwrap_or_default();
            copy(file, &folder.join(&place).join(file_name))?;
        }
        if found.is_empty() {
            standard(package, expression, &folder.join(&place))?;
        }
        row(name, version, &expression.replace('/', " OR "), &format!("{place}/"));
    }
    super::write(&folder.join("THIRD-PARTY.md"), &table)
}

/// Replaces a card's links to other pages of the repository by words: the package does not have these pages there.
fn without_links_up(card: &str) -> String {
    let mut text = card.to_owned();
    while let Some(middle) = text.find("](../") {
        let Some(open) = text[..middle].rfind('[') else { break };
        let Some(length) = text[middle..].find(')') else { break };
        let (words, page) = (&text[open + 1..middle], &text[middle + "](../".len()..middle + length]);
        let plain = if words == page { words.to_owned() } else { format!("{words}: {page} in Parfocal's sources") };
        text.replace_range(open..=middle + length, &plain);
    }
    text
}

/// Copies the licences of the archive in `tree` into another package; `rows` of the table are for its own contents.
pub fn carry(tree: &Path, folder: &Path, rows: &str) -> Result<()> {
    let from = tree.join("share/doc/parfocal");
    for file in walk(&from)? {
        let name = file.strip_prefix(&from).map_err(|e| format!("{}: {e}", file.display()))?;
        // The manuals of the archive are for builders.
        let manual = name.parent() == Some(Path::new("")) && !name.starts_with("THIRD-PARTY.md");
        if !manual || name.to_string_lossy().starts_with("LICENSE") {
            super::copy(&file, &folder.join(name))?;
        }
    }
    let table = folder.join("THIRD-PARTY.md");
    let text = read_text(&table)?;
    super::write(&table, &(text + rows))
}

/// The packages whose code is in the library or the command, sorted: normal dependencies, theirs, and so on.
fn linked(project: &Project) -> Result<Vec<&Value>> {
    let list = |value: &'static str, of: &Value| of[value].as_array().cloned().unwrap_or_default();
    let nodes = list("nodes", &project.metadata["resolve"]);
    let package = |id: &str| project.packages().iter().find(|package| package["id"] == id);
    let mut wanted = vec![project.parfocal()?["id"].as_str().unwrap_or_default().to_owned()];
    let mut seen = wanted.clone();
    let mut found = Vec::new();
    while let Some(id) = wanted.pop() {
        let node =
            nodes.iter().find(|node| node["id"] == id.as_str()).ok_or("cargo metadata: a package has no node")?;
        for dependency in list("deps", node) {
            let normal = list("dep_kinds", &dependency).iter().any(|kind| kind["kind"].is_null());
            let Some(id) = dependency["pkg"].as_str().filter(|id| normal && !seen.iter().any(|s| s == id)) else {
                continue;
            };
            seen.push(id.to_owned());
            let package = package(id).ok_or_else(|| format!("cargo metadata: no package {id}"))?;
            // These and their dependencies run in the compiler.
            let macros = list("targets", package).iter().any(|t| list("kind", t).contains(&"proc-macro".into()));
            if !macros {
                found.push(package);
                wanted.push(id.to_owned());
            }
        }
    }
    found.sort_by_key(|package| (package["name"].to_string(), package["version"].to_string()));
    Ok(found)
}

/// Licences, notices and copyright statements in a crate's folder.
fn texts(folder: &Path) -> Result<Vec<PathBuf>> {
    let wanted = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        let starts = ["license", "licence", "unlicense", "copying", "copyright", "notice"];
        starts.iter().any(|start| name.starts_with(start)) && !name.ends_with(".rs")
    };
    Ok(files(folder)?.into_iter().filter(wanted).collect())
}

/// Writes the licence's own text, for a crate that forgot to pack it.
fn standard(package: &Value, expression: &str, folder: &Path) -> Result<()> {
    let authors: Vec<&str> = package["authors"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let name = package["name"].as_str().unwrap_or_default();
    let owner = if authors.is_empty() { format!("the authors of {name}") } else { authors.join(", ") };
    // `MIT` must be one of the choices by itself: in `MIT AND X` both texts are wanted.
    let choices: Vec<&str> = expression.split(" OR ").flat_map(|part| part.split('/')).map(str::trim).collect();
    if choices.contains(&"MIT") {
        super::write(&folder.join("LICENSE-MIT"), &format!("MIT License\n\nCopyright (c) {owner}\n\n{MIT}"))
    } else if choices.contains(&"Apache-2.0") {
        copy(&root().join("LICENSE-APACHE"), &folder.join("LICENSE-APACHE"))
    } else {
        Err(format!("{name}: no licence file in the crate, and no standard text here for '{expression}'"))
    }
}

/// Whether an SPDX expression can be met by the list: any side of an OR, every side of an AND.
fn allowed(expression: &str) -> bool {
    // Older crates write `/` for OR.
    let mode = spdx::ParseMode { allow_slash_as_or_operator: true, allow_deprecated: true, ..spdx::ParseMode::STRICT };
    let parsed = spdx::Expression::parse_mode(expression, mode);
    parsed.is_ok_and(|parsed| parsed.evaluate(|requirement| ALLOWED.contains(&requirement.to_string().as_str())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_out_of_the_folder_become_words() {
        let card = "a ([why](../docs/networks.md)) and [docs/e.md](../docs/e.md); ![x](w8.png) [y](https://z)";
        let expected = "a (why: docs/networks.md in Parfocal's sources) and docs/e.md; ![x](w8.png) [y](https://z)";
        assert_eq!(without_links_up(card), expected);
        assert_eq!(without_links_up("no [end](../"), "no [end](../");
        for model in MODELS {
            let path = root().join(format!("models/{model}.md"));
            assert!(!without_links_up(&std::fs::read_to_string(path).unwrap()).contains("](../"));
        }
    }

    #[test]
    fn expressions_are_judged() {
        for good in [
            "MIT",
            "MIT/Apache-2.0",
            "Unlicense OR MIT",
            "Apache-2.0 WITH LLVM-exception OR Apache-2.0 OR MIT",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
            "MPL-2.0 OR MIT",
            "GPL-3.0 AND MIT OR ISC",
        ] {
            assert!(allowed(good), "{good}");
        }
        for bad in [
            "",
            "MPL-2.0",
            "MIT AND MPL-2.0",
            "MIT AND (MPL-2.0 OR GPL-3.0)",
            "Apache-2.0 WITH Other-exception",
            "MIT OR",
            "(MIT",
            "MIT)",
            "MIT Apache-2.0",
        ] {
            assert!(!allowed(bad), "{bad}");
        }
    }
}
