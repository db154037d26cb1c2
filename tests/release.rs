//! Checks of a release: the built-in model is the released one and has its card; links, versions and exports are right.

mod common;

use std::path::Path;

use parfocal::onnx::model_file;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_built_in_model_is_the_released_one() {
    let released = std::fs::read(root().join("models/parfocal-w16.onnx")).unwrap();
    assert!(released == model_file::DEFAULT, "models/parfocal-w16.onnx is not what is built in");
    let info = model_file::inspect(model_file::DEFAULT).unwrap();
    assert_eq!((info.name.as_str(), info.license.as_str(), info.assumed.len()), ("parfocal-w16", "CC-BY-4.0", 0));
    let card = std::fs::read_to_string(root().join("models/parfocal-w16.md")).unwrap();
    assert!(card.contains(&info.sha256), "the card describes another file");
}

/// The targets of a Markdown file's links, without web addresses and anchors.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
        .filter(|link| !link.starts_with("http") && !link.starts_with('#'))
}

#[test]
fn links_in_documents_lead_to_existing_files() {
    let mut count = 0;
    for document in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "training/README.md"] {
        let path = root().join(document);
        let text = std::fs::read_to_string(&path).unwrap();
        for link in links(&text) {
            let target = path.parent().unwrap().join(link.split('#').next().unwrap());
            assert!(target.exists(), "{document}: {link} does not exist");
            count += 1;
        }
    }
    assert!(count > 5, "only {count} links found");
}

#[test]
fn versions_agree() {
    let version = env!("CARGO_PKG_VERSION");
    for (file, line) in [
        ("CITATION.cff", format!("\nversion: {version}\n")),
        ("include/parfocal.hpp", format!(" header_version[] = \"{version}\";")),
        ("include/parfocal.hpp", format!(" header_abi_version = {};", parfocal::host::ABI_VERSION)),
    ] {
        let text = std::fs::read_to_string(root().join(file)).unwrap();
        assert!(text.contains(&line), "{file} has no '{}', which Cargo.toml asks for", line.trim());
    }
}

#[test]
fn the_list_of_exports_agrees_with_the_header() {
    let read = |file: &str| std::fs::read_to_string(root().join(file)).unwrap();
    let (header, list) = (read("include/parfocal.h"), read("tests/abi/exports.txt"));
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    // Comments name functions without a parenthesis.
    let mut declared: Vec<&str> = header
        .split('(')
        .filter_map(|before| before.rsplit(|c| !is_name(c)).next())
        .filter(|name| name.starts_with("parfocal_"))
        .collect();
    declared.sort();
    let listed: Vec<&str> = list.lines().collect();
    assert_eq!(listed, declared, "tests/abi/exports.txt");
}

#[test]
fn the_list_of_exports_for_java_agrees_with_the_native_methods() {
    let read = |file: &str| std::fs::read_to_string(root().join(file)).unwrap();
    let source = read("bindings/java/src/main/java/org/parfocal/Native.java");
    let mut declared: Vec<String> = source
        .lines()
        .filter_map(|line| line.trim().strip_prefix("static native ")?.split('(').next()?.split(' ').nth(1))
        .map(|name| format!("Java_org_parfocal_Native_{name}"))
        .collect();
    declared.sort();
    assert_eq!(source.matches(" native ").count(), declared.len(), "a native method is not declared as the others are");
    let list = read("tests/abi/exports_java.txt");
    assert_eq!(list.lines().collect::<Vec<_>>(), declared, "tests/abi/exports_java.txt");
}

/// Outside CI, tests that need ONNX Runtime are ignored without it.
#[test]
fn ci_has_a_runtime() {
    let in_ci = std::env::var_os("CI").is_some_and(|v| !v.is_empty() && v != "false");
    assert!(!(in_ci && cfg!(no_runtime)), "no ONNX Runtime at PARFOCAL_ONNXRUNTIME: `cargo xtask setup` installs it");
}

#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn models_open_by_name_and_say_which_they_are() {
    use parfocal::restore::{model::Model, options::OpenOptions};
    let options = OpenOptions { runtime: Some(common::runtime()), ..OpenOptions::parse("device=cpu").unwrap() };
    let name = |asked: Option<&str>| {
        let model = Model::open(asked.map(Path::new), &options).unwrap();
        model.describe()["model"].clone()
    };
    assert_eq!(name(None), "accurate");
    assert_eq!(name(Some("accurate")), "accurate");
    assert_eq!(name(Some("fast")), "fast");
    assert_eq!(name(Some("tests/models/tiny.onnx")), serde_json::Value::Null);
}
